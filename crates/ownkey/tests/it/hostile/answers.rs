//! A right answer on every wire, in its parts, for a fault to spoil. Texts and
//! counts are written as they stand, so that they may be no JSON.

use testkit::RawRequest;

/// What a provider speaks, told by the path it was called at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Chat,
    Responses,
    Messages,
    Gemini,
    Ollama,
}

/// One right answer.
pub(super) struct Right {
    pub(super) wire: Wire,
    /// Counts of what was read and written, as JSON.
    pub(super) counts: (&'static str, &'static str),
}

impl Wire {
    pub(super) fn of(request: &RawRequest) -> Self {
        let path = request.path();
        match path {
            _ if path.contains("enerateContent") => Self::Gemini,
            _ if path.contains("/messages") => Self::Messages,
            _ if path.contains("/responses") => Self::Responses,
            _ if path.contains("/api/chat") => Self::Ollama,
            _ => Self::Chat,
        }
    }

    pub(super) const fn stream_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            _ => "text/event-stream",
        }
    }

    /// A piece of a stream from its JSON.
    pub(super) fn event(self, name: &str, data: &str) -> String {
        match self {
            Self::Ollama => format!("{data}\n"),
            Self::Chat | Self::Gemini => format!("data: {data}\n\n"),
            Self::Responses | Self::Messages => format!("event: {name}\ndata: {data}\n\n"),
        }
    }

    /// The provider's own error, in the middle of a stream.
    pub(super) fn error(self) -> String {
        match self {
            Self::Chat => self.event("", r#"{"error":{"message":"The engine failed.","type":"server_error","param":null,"code":null}}"#),
            Self::Responses => self.event("error", r#"{"type":"error","code":"server_error","message":"The engine failed.","param":null,"sequence_number":3}"#),
            Self::Messages => self.event("error", r#"{"type":"error","error":{"type":"api_error","message":"The engine failed."}}"#),
            Self::Gemini => self.event("", r#"{"error":{"code":500,"message":"The engine failed.","status":"INTERNAL"}}"#),
            Self::Ollama => self.event("", r#"{"error":"The engine failed."}"#),
        }
    }

    /// A call of tool number `index`.
    pub(super) fn tool_call(self, index: u64) -> String {
        match self {
            Self::Chat => self.event(
                "",
                &format!(
                    r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},"id":"call_{index}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},"finish_reason":null}}]}}"#
                ),
            ),
            Self::Responses => self.event(
                "response.output_item.added",
                &format!(
                    r#"{{"type":"response.output_item.added","sequence_number":9,"output_index":{index},"item":{{"type":"function_call","id":"fc_{index}","call_id":"call_{index}","name":"f","arguments":"","status":"in_progress"}}}}"#
                ),
            ),
            Self::Messages => {
                let start = format!(
                    r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"toolu_{index}","name":"f","input":{{}}}}}}"#
                );
                let stop = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
                self.event("content_block_start", &start) + &self.event("content_block_stop", &stop)
            }
            Self::Gemini => self.event(
                "",
                r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}],"role":"model"},"index":0}]}"#,
            ),
            Self::Ollama => self.event(
                "",
                r#"{"model":"m","created_at":"2026-11-20T09:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}"#,
            ),
        }
    }
}

impl Right {
    pub(super) const fn of(wire: Wire) -> Self {
        Self { wire, counts: ("7", "5") }
    }

    /// What comes before the first text.
    pub(super) fn start(&self) -> String {
        let (wire, (read, _)) = (self.wire, self.counts);
        match wire {
            Wire::Chat => wire.event(
                "",
                r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            ),
            Wire::Responses => [
                ("response.created", r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1,"status":"in_progress","model":"m","output":[]}}"#),
                ("response.output_item.added", r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","status":"in_progress","role":"assistant","content":[]}}"#),
                ("response.content_part.added", r#"{"type":"response.content_part.added","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#),
            ]
            .map(|(name, data)| wire.event(name, data))
            .concat(),
            Wire::Messages => {
                let start = format!(
                    r#"{{"type":"message_start","message":{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{read},"output_tokens":1}}}}}}"#
                );
                wire.event("message_start", &start)
                    + &wire.event("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
            }
            Wire::Gemini | Wire::Ollama => String::new(),
        }
    }

    /// One piece of text; `text` is the inside of a JSON string.
    pub(super) fn text(&self, text: &str) -> String {
        let wire = self.wire;
        match wire {
            Wire::Chat => wire.event("", &format!(
                r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#
            )),
            Wire::Responses => wire.event("response.output_text.delta", &format!(
                r#"{{"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{text}"}}"#
            )),
            Wire::Messages => wire.event("content_block_delta", &format!(
                r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
            )),
            Wire::Gemini => wire.event("", &format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"index":0}}],"modelVersion":"m","responseId":"r"}}"#
            )),
            Wire::Ollama => wire.event("", &format!(
                r#"{{"model":"m","created_at":"2026-11-20T09:00:00Z","message":{{"role":"assistant","content":"{text}"}},"done":false}}"#
            )),
        }
    }

    /// What comes after the last text: finish, usage, end mark.
    pub(super) fn end(&self) -> String {
        let (wire, (read, written)) = (self.wire, self.counts);
        match wire {
            Wire::Chat => {
                let finish = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
                let usage = format!(
                    r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{"prompt_tokens":{read},"completion_tokens":{written},"total_tokens":12}}}}"#
                );
                wire.event("", finish) + &wire.event("", &usage) + &wire.event("", "[DONE]")
            }
            Wire::Responses => wire.event(
                "response.completed",
                &format!(
                    r#"{{"type":"response.completed","sequence_number":9,"response":{}}}"#,
                    self.whole("Hello there")
                ),
            ),
            Wire::Messages => {
                let delta = format!(
                    r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{written}}}}}"#
                );
                wire.event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#)
                    + &wire.event("message_delta", &delta)
                    + &wire.event("message_stop", r#"{"type":"message_stop"}"#)
            }
            Wire::Gemini => wire.event("", &self.whole("")),
            Wire::Ollama => wire.event("", &self.whole("")),
        }
    }

    /// The answer as one body.
    pub(super) fn whole(&self, text: &str) -> String {
        let (read, written) = self.counts;
        match self.wire {
            Wire::Chat => format!(
                r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{read},"completion_tokens":{written},"total_tokens":12}}}}"#
            ),
            Wire::Responses => format!(
                r#"{{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{text}","annotations":[]}}]}}],"usage":{{"input_tokens":{read},"output_tokens":{written},"total_tokens":12}}}}"#
            ),
            Wire::Messages => format!(
                r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{read},"output_tokens":{written}}}}}"#
            ),
            Wire::Gemini => format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":{read},"candidatesTokenCount":{written},"totalTokenCount":12}},"modelVersion":"m","responseId":"r"}}"#
            ),
            Wire::Ollama => format!(
                r#"{{"model":"m","created_at":"2026-11-20T09:00:00Z","message":{{"role":"assistant","content":"{text}"}},"done":true,"done_reason":"stop","prompt_eval_count":{read},"eval_count":{written}}}"#
            ),
        }
    }
}
