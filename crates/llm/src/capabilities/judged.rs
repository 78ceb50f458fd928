//! What an answer shows about an ability.

use bytes::Bytes;
use domain::ProviderId;
use domain::attempt::ErrorClass;
use domain::usage::TokenCounts;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::{Ability, Outcome, Spent};
use crate::neutral::{Answer, FinishReason, StreamEvent};
use crate::wire::openai_chat::{errors, response, stream};
use crate::wire::{AnswerFacts, StreamDecoder as _};

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The outcome and a sentence for it.
pub(super) fn judge(provider: ProviderId, ability: Ability, reply: &Reply) -> (Outcome, String) {
    if !(200..300).contains(&reply.status) {
        return refused(provider, ability, reply);
    }
    match ability {
        Ability::Stream => streamed(provider, reply),
        Ability::Embeddings => vectors(&reply.body),
        Ability::Tools | Ability::JsonSchema | Ability::Vision => match response::decode(provider, &reply.body) {
            Ok(answer) => answered(ability, &answer),
            Err(_) => unclear("The answer was not a chat answer. Check that the base URL is right."),
        },
    }
}

/// What an answer says that it used up.
pub(super) fn spent(provider: ProviderId, ability: Ability, reply: &Reply) -> Spent {
    if !(200..300).contains(&reply.status) {
        let error = errors::read(provider, reply.status, &reply.headers, &reply.body);
        return Spent::Failed { error, may_cost: false };
    }
    match ability {
        Ability::Embeddings => {
            let document: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let prompt = document.pointer("/usage/prompt_tokens").and_then(Value::as_u64);
            let usage = prompt.map(|prompt| TokenCounts { prompt, ..TokenCounts::default() });
            Spent::Answered(AnswerFacts { usage, ..AnswerFacts::default() })
        }
        _ => match response::decode(provider, &reply.body) {
            Ok(answer) => Spent::Answered(AnswerFacts::of(&answer)),
            Err(_) if ability == Ability::Stream => Spent::Answered(of_stream(provider, reply)),
            Err(error) => Spent::Failed { error, may_cost: true },
        },
    }
}

fn of_stream(provider: ProviderId, reply: &Reply) -> AnswerFacts {
    let mut decoder = stream::Decoder::new(provider);
    let mut events = decoder.push(&reply.body);
    events.extend(decoder.finish());
    let mut facts = AnswerFacts::default();
    for event in &events {
        match event {
            StreamEvent::Delta { text } | StreamEvent::Reasoning { text } => {
                facts.output_characters += text.chars().count() as u64;
            }
            StreamEvent::Usage { tokens, cost, is_absurd } => {
                (facts.usage, facts.cost, facts.absurd) = (*tokens, *cost, *is_absurd);
            }
            _ => {}
        }
    }
    facts
}

fn works(sentence: &str) -> (Outcome, String) {
    (Outcome::Works, sentence.to_owned())
}

fn unclear(sentence: &str) -> (Outcome, String) {
    (Outcome::Unclear, sentence.to_owned())
}

fn no(sentence: &str) -> (Outcome, String) {
    (Outcome::Refused, sentence.to_owned())
}

/// A refusal of the request says something about the ability, one of the key or
/// the moment does not.
fn refused(provider: ProviderId, ability: Ability, reply: &Reply) -> (Outcome, String) {
    let error = errors::read(provider, reply.status, &reply.headers, &reply.body);
    let status = reply.status;
    let has_no_path = matches!(status, 404 | 405 | 501) && ability == Ability::Embeddings;
    match error.class {
        _ if has_no_path => no("It makes no vectors at this base URL, or not with this model."),
        ErrorClass::BadRequest if matches!(status, 400 | 415 | 422) => {
            (Outcome::Refused, format!("It refused the request (HTTP {status})."))
        }
        ErrorClass::InvalidKey => unclear("The key was refused, so nothing was tried. Enter the key again."),
        ErrorClass::NoCredit => unclear("The account has no credit, so nothing was tried."),
        ErrorClass::KeyLimited | ErrorClass::Forbidden => unclear("The key may not do this, so nothing was tried."),
        ErrorClass::RateLimited | ErrorClass::QuotaExhausted => {
            unclear("It was asked too often just now. Try again in a while.")
        }
        ErrorClass::Overloaded => unclear("It is overloaded just now. Try again in a while."),
        ErrorClass::NotFound => unclear("It does not know this model. Name one that it lists."),
        _ if status >= 500 => (Outcome::Unclear, format!("It failed at the request (HTTP {status}). Try again.")),
        _ => (Outcome::Unclear, format!("It answered in an unexpected way (HTTP {status}).")),
    }
}

fn streamed(provider: ProviderId, reply: &Reply) -> (Outcome, String) {
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if response::decode(provider, &reply.body).is_ok() {
        return no("It answered as a whole although a stream was asked for.");
    }
    let mut decoder = stream::Decoder::new(provider);
    let mut events = decoder.push(&reply.body);
    events.extend(decoder.finish());
    let is_event_stream = kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream");
    match events.last() {
        Some(StreamEvent::Finish(_)) if is_event_stream => works("It answered in pieces."),
        Some(StreamEvent::Finish(_)) => works("It answered in pieces, under a content type that some clients refuse."),
        Some(StreamEvent::Error(error)) if error.class == ErrorClass::StreamTruncated && events.len() > 1 => {
            unclear("It began a stream that has no proper end.")
        }
        _ => unclear("What came was not a stream of chat pieces."),
    }
}

fn answered(ability: Ability, answer: &Answer) -> (Outcome, String) {
    match ability {
        Ability::Tools if answer.tool_calls.iter().any(|call| call.name == "ping") => {
            works("It called the function it was offered.")
        }
        Ability::Tools => unclear("It took the function, but did not call it. The model may not be made for it."),
        Ability::JsonSchema => {
            let value: Option<Value> = serde_json::from_str(answer.text.trim()).ok();
            let fits = value.as_ref().and_then(|value| value.get("ok")).is_some_and(Value::is_boolean);
            match (fits, answer.finish) {
                (true, _) => works("It answered by the schema."),
                (false, Some(FinishReason::Length)) => unclear("It did not come to the end of its answer."),
                (false, _) => no("It took the schema, but did not answer by it."),
            }
        }
        _ if answer.text.to_lowercase().contains("red") => works("It saw the picture."),
        _ => unclear("It took the picture, but did not say what is on it."),
    }
}

fn vectors(body: &[u8]) -> (Outcome, String) {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let vector = document.pointer("/data/0/embedding");
    let has_some = |vector: &Value| vector.as_array().is_some_and(|list| !list.is_empty()) || vector.is_string();
    if vector.is_some_and(has_some) {
        return works("It made a vector.");
    }
    unclear("What came was not a vector.")
}
