//! Providers that mean harm or are broken, on every wire they speak and for
//! every client: the client is told the truth in its own words, the ledger says
//! what happened, and the next call is answered.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod faults;
mod floods;
mod matrix;
mod verdicts;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, events};

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Chat,
    Responses,
    Messages,
    Gemini,
}

const CLIENTS: [Speaks; 4] = [Speaks::Chat, Speaks::Responses, Speaks::Messages, Speaks::Gemini];

/// A model of each wire that providers speak. Azure's is called in Responses,
/// whatever the client speaks.
const MODELS: [&str; 6] = [
    "openai/gpt-5-mini",
    "anthropic/claude-haiku-4-5-20251001",
    "google/gemini-2.5-flash",
    "groq/gpt-5-mini",
    "azure/gpt-5-pro",
    "ollama/llama3.2:latest",
];

/// A part of the canary keys that must be seen nowhere.
const CANARY: &str = "CANARYaBcDeF";

/// Ann with a working key at every provider.
async fn ann_with_all_keys(house: &House) -> Person {
    let ann = house.user("ann").await;
    let origin = format!("http://{}", house.raw.as_ref().unwrap().address());
    for (provider, more) in [
        ("openai", json!({})),
        ("anthropic", json!({})),
        ("google", json!({})),
        ("groq", json!({})),
        ("azure", json!({"api_base": format!("{origin}/azure"), "settings": {"deployments": ["gpt-5-pro"]}})),
        ("ollama", json!({"api_base": origin, "api_key": null, "name": "Mine"})),
    ] {
        let mut body =
            json!({"provider": provider, "api_key": format!("sk-{provider}-{CANARY}gHiJkLmNoPqRsTuVwXyZ0123")});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
        assert_eq!(answer.json()["status"], "valid", "{provider}: {}", answer.text());
    }
    ann
}

impl Speaks {
    /// Asks `model` this, and gives the call this id.
    async fn ask(self, client: &Client, model: (&str, bool), prompt: &str, id: &str) -> Answer {
        self.send(client, model, prompt, ("x-request-id", id)).await
    }

    /// Asks `model` this, and has this key pay.
    async fn ask_with(self, client: &Client, model: (&str, bool), prompt: &str, key: &str) -> Answer {
        self.send(client, model, prompt, ("x-ownkey-credential", key)).await
    }

    async fn send(self, client: &Client, model: (&str, bool), prompt: &str, header: (&str, &str)) -> Answer {
        let (path, body) = self.request(model, prompt);
        let headers = [("content-type", "application/json"), header];
        client.send(Method::POST, &path, &headers, body.to_string().into_bytes()).await
    }

    /// Path and body of a call.
    fn request(self, (model, stream): (&str, bool), prompt: &str) -> (String, Value) {
        let messages = json!([{"role": "user", "content": prompt}]);
        match self {
            Self::Chat => {
                ("/v1/chat/completions".to_owned(), json!({"model": model, "stream": stream, "messages": messages}))
            }
            Self::Responses => ("/v1/responses".to_owned(), json!({"model": model, "stream": stream, "input": prompt})),
            Self::Messages => (
                "/v1/messages".to_owned(),
                json!({"model": model, "stream": stream, "max_tokens": 64, "messages": messages}),
            ),
            Self::Gemini => {
                let action = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let contents = json!([{"role": "user", "parts": [{"text": prompt}]}]);
                (format!("/v1beta/models/{model}:{action}"), json!({"contents": contents}))
            }
        }
    }

    /// What an answer comes to, in one word of status and one of what it is; an
    /// error has to be one of the client's own.
    fn told(self, answer: &Answer) -> String {
        // What a provider may send in a text is not for a strict reader.
        let text = answer.text().replace("\\ud83d", "\u{fffd}").replace('\0', "\u{fffd}");
        assert!(!text.contains(CANARY) && !format!("{:?}", answer.headers).contains(CANARY), "{text}");
        if answer.header("content-type") == "text/event-stream" {
            return self.told_stream(&text);
        }
        let status = answer.status.as_u16();
        let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"));
        match self.error_in(&body) {
            Some(kind) => {
                assert!(status >= 400, "an error with {status}: {text}");
                format!("{status} {kind}")
            }
            None => {
                assert_eq!(status, 200, "{text}");
                format!("whole {:?}", self.said(&body))
            }
        }
    }

    fn told_stream(self, text: &str) -> String {
        let all = events(text);
        let said: String = all.iter().map(|event| self.said_in_event(&event.json())).collect();
        let has_end = all.iter().any(|event| self.is_end(event));
        let errors: Vec<String> = all.iter().filter_map(|event| self.error_event(event)).collect();
        match (has_end, errors.as_slice()) {
            (true, []) => format!("stream {said:?}"),
            (false, [error]) => {
                assert!(self.error_event(all.last().unwrap()).is_some(), "the error is the last word: {text}");
                format!("stream {said:?} then {error}")
            }
            _ => format!("stream {said:?} ends {has_end} with errors {errors:?}"),
        }
    }

    /// The kind of error in a body of this client's form.
    fn error_in(self, body: &Value) -> Option<String> {
        let error = body.get("error").filter(|error| !error.is_null())?;
        let word = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned();
        assert!(!word("message").is_empty(), "{body}");
        Some(match self {
            Self::Chat | Self::Responses => {
                assert!(error.get("param").is_some() && body.get("type").is_none(), "{body}");
                format!("{} {}", word("type"), word("code"))
            }
            Self::Messages => {
                assert_eq!(body["type"], "error", "{body}");
                word("type")
            }
            Self::Gemini => {
                assert!(error["code"].is_u64(), "{body}");
                word("status")
            }
        })
    }

    fn error_event(self, event: &testkit::Event) -> Option<String> {
        let data = event.json();
        match self {
            Self::Responses if event.name == "error" || event.name == "response.failed" => {
                assert_eq!(data["type"], event.name.as_str(), "{data}");
                Some(data["code"].as_str().unwrap_or("response.failed").to_owned())
            }
            Self::Responses => None,
            Self::Messages if event.name != "error" => None,
            _ => self.error_in(&data),
        }
    }

    fn is_end(self, event: &testkit::Event) -> bool {
        match self {
            Self::Chat => event.data == "[DONE]",
            Self::Responses => event.name == "response.completed" || event.name == "response.incomplete",
            Self::Messages => event.name == "message_stop",
            Self::Gemini => event.json()["candidates"][0]["finishReason"].is_string(),
        }
    }

    /// The text of a whole answer.
    fn said(self, body: &Value) -> String {
        let texts = |list: &Value, name: &str| -> String {
            list.as_array().into_iter().flatten().filter_map(|part| part[name].as_str()).collect()
        };
        match self {
            Self::Chat => body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned(),
            Self::Responses => {
                let items = body["output"].as_array().into_iter().flatten();
                items.map(|item| texts(&item["content"], "text")).collect()
            }
            Self::Messages => texts(&body["content"], "text"),
            Self::Gemini => texts(&body["candidates"][0]["content"]["parts"], "text"),
        }
    }

    /// The text that one event adds.
    fn said_in_event(self, data: &Value) -> String {
        match self {
            Self::Chat => data["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned(),
            Self::Responses if data["type"] == "response.output_text.delta" => {
                data["delta"].as_str().unwrap_or_default().to_owned()
            }
            Self::Responses => String::new(),
            Self::Messages => data["delta"]["text"].as_str().unwrap_or_default().to_owned(),
            Self::Gemini => self.said(data),
        }
    }
}
