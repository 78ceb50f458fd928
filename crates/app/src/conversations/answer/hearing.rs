//! Hearing a model: what it says goes to whoever listens, what it tells of
//! itself is kept for the end.

use domain::conversation::Message;
use domain::provider::WireName;
use domain::usage::TokenCounts;
use domain::{Nanos, ProviderId};
use llm::neutral::{Answer, StreamEvent};
use llm::wire::{self, StreamDecoder};
use tokio::time::Instant;

use super::super::live::{Live, Said};
use super::super::{MOST_SAID, too_long};
use super::elapsed_ms;
use crate::call::{Answered, Content, Payment};
use crate::chat::{AnswerStream, Piece};
use crate::error::{Code, Error, Result};

/// What a call of ours says that nobody asked for, and nobody misses.
const OUR_OWN: [&str; 2] = ["prompt_cache_key", "stream_options"];

/// What is known of an answer beside its words.
#[derive(Default)]
pub(super) struct Facts {
    payment: Option<Payment>,
    tokens: Option<TokenCounts>,
    pub(super) cost: Option<Nanos>,
    finish: Option<&'static str>,
    first_token_ms: Option<i64>,
}

impl Facts {
    /// Puts it into the message.
    pub(super) fn put_in(self, answer: &mut Message) {
        answer.tokens = self.tokens;
        answer.cost = self.cost;
        answer.finish = self.finish.map(str::to_owned);
        answer.first_token_ms = self.first_token_ms;
        if let Some(payment) = self.payment {
            answer.model = Some(payment.model);
            answer.provider = Some(payment.provider);
            answer.credential = Some(payment.credential);
            answer.scope = Some(payment.scope);
            answer.dropped = payment.dropped;
            answer.dropped.retain(|field| !OUR_OWN.contains(&field.as_str()));
        }
    }
}

/// Hears an answer to its end.
///
/// # Errors
/// Why it broke off.
pub(super) async fn hear(
    live: &Live,
    answered: Answered,
    facts: &mut Facts,
    slot: &mut Option<Box<AnswerStream>>,
    begun: Instant,
) -> Result<()> {
    let Answered { payment, content } = answered;
    let provider = payment.provider;
    facts.cost = payment.cost;
    facts.payment = Some(payment);
    let mut hearing = Hearing { live, facts, begun, is_thinking: None };
    match content {
        Content::Whole { body, is_stream: true, .. } => {
            let mut decoder = decoder(provider)?;
            let mut events = decoder.push(&body);
            events.extend(decoder.finish());
            hearing.take(events)
        }
        Content::Whole { body, .. } => {
            let wire = wire::of(WireName::OpenAiChat).ok_or_else(unreadable)?;
            hearing.take_whole(wire.decode_answer(provider, &body).map_err(|_| unreadable())?);
            hearing.check_length()
        }
        Content::Stream(stream) => {
            let mut decoder = decoder(provider)?;
            let stream = slot.insert(stream);
            while let Some(piece) = stream.next().await {
                match piece {
                    Piece::Data(bytes) => hearing.take(decoder.push(&bytes))?,
                    Piece::Silence => {}
                    Piece::Failed(error) => return Err(error),
                }
            }
            hearing.take(decoder.finish())
        }
    }
}

fn decoder(provider: ProviderId) -> Result<Box<dyn StreamDecoder>> {
    Ok(wire::of(WireName::OpenAiChat).ok_or_else(unreadable)?.decode_stream(provider))
}

struct Hearing<'a> {
    live: &'a Live,
    facts: &'a mut Facts,
    begun: Instant,
    /// Since when it thinks.
    is_thinking: Option<Instant>,
}

impl Hearing<'_> {
    fn take(&mut self, events: Vec<StreamEvent>) -> Result<()> {
        for event in events {
            match event {
                StreamEvent::Delta { text } | StreamEvent::Refusal { text } => self.says(&text),
                StreamEvent::Reasoning { text } => self.thinks(&text),
                StreamEvent::Finish(finish) => self.facts.finish = Some(finish.as_str()),
                StreamEvent::Usage { tokens, .. } => self.facts.tokens = tokens,
                // Whatever breaks a stream off comes as a piece that failed.
                StreamEvent::Error(_)
                | StreamEvent::ToolCallStart { .. }
                | StreamEvent::ToolCallArguments { .. }
                | StreamEvent::Replay(_) => {}
            }
        }
        self.check_length()
    }

    fn check_length(&self) -> Result<()> {
        if self.live.look(Said::bytes) <= MOST_SAID { Ok(()) } else { Err(too_long()) }
    }

    fn take_whole(&mut self, answer: Answer) {
        if !answer.reasoning.is_empty() {
            self.thinks(&answer.reasoning);
        }
        let text = if answer.text.is_empty() { answer.refusal.unwrap_or_default() } else { answer.text };
        self.says(&text);
        self.facts.finish = answer.finish.map(llm::neutral::FinishReason::as_str);
        self.facts.tokens = answer.usage;
    }

    fn says(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.note_first();
        let thought_ms = self.is_thinking.take().map(elapsed_ms);
        self.live.say(|said| {
            said.text.push_str(&kept(text));
            if let Some(thought_ms) = thought_ms {
                said.reasoning_ms = Some(said.reasoning_ms.unwrap_or(0) + thought_ms);
            }
        });
    }

    fn thinks(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.note_first();
        self.is_thinking.get_or_insert_with(Instant::now);
        self.live.say(|said| said.reasoning.push_str(&kept(text)));
    }

    fn note_first(&mut self) {
        let begun = self.begun;
        self.facts.first_token_ms.get_or_insert_with(|| elapsed_ms(begun));
    }
}

/// No database keeps NUL in a text.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn unreadable() -> Error {
    Error::new(Code::ProviderError, "The provider's answer cannot be read. Ask again, or choose another model.")
}
