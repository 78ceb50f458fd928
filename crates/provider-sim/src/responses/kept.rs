//! Answers that are kept, and told again to the account that asked for them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::openai_chat::errors;
use crate::play::Outgoing;
use crate::sim::Shared;
use crate::strict::text;

/// A kept answer.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The key that paid, as error texts show it: each is an account of its own.
    pub(crate) account: String,
    /// The answer.
    pub(crate) object: String,
    /// What it answered to.
    pub(crate) input: Value,
}

/// What is asked of a kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    Answer,
    Cancel,
    InputItems,
}

impl Tail {
    /// `resp_1`, `resp_1/cancel`, `resp_1/input_items`.
    pub(crate) fn of(path: &str) -> Option<(&str, Self)> {
        match path.split_once('/') {
            None => Some((path, Self::Answer)),
            Some((id, "cancel")) => Some((id, Self::Cancel)),
            Some((id, "input_items")) => Some((id, Self::InputItems)),
            Some(_) => None,
        }
    }

    /// The method it is asked with; an answer also has one that forgets it.
    pub(crate) fn method(self, asked: &Method) -> Method {
        match self {
            Self::Answer if *asked == Method::DELETE => Method::DELETE,
            Self::Answer | Self::InputItems => Method::GET,
            Self::Cancel => Method::POST,
        }
    }
}

/// Whether this account has an answer of this id.
pub(super) fn is_there(shared: &Shared, id: &str, account: &str) -> bool {
    shared.state().kept.get(id).is_some_and(|kept| kept.account == account)
}

/// Answers a question about a kept answer.
pub(crate) fn answer(shared: &Shared, (id, tail): (&str, Tail), method: &Method, account: &str) -> Outgoing {
    let mut state = shared.state();
    let Some(kept) = state.kept.get(id).filter(|kept| kept.account == account).cloned() else {
        return errors::missing_response(id);
    };
    let body = match tail {
        Tail::Answer if *method == Method::DELETE => {
            state.kept.remove(id);
            json!({"id": id, "object": "response", "deleted": true}).to_string()
        }
        Tail::Answer => kept.object,
        Tail::Cancel => {
            return errors::complaint("Cannot cancel a synchronous response.", "response_id", None);
        }
        Tail::InputItems => items(&kept.input).to_string(),
    };
    Outgoing::json(StatusCode::OK, body)
}

fn items(input: &Value) -> Value {
    let texts: Vec<String> = match input {
        Value::String(text) => vec![text.clone()],
        items => {
            items.as_array().into_iter().flatten().filter_map(|item| text(item, "content")).map(str::to_owned).collect()
        }
    };
    let item = |(at, text): (usize, &String)| {
        json!({"id": format!("msg_in{at}"), "type": "message", "role": "user",
            "content": [{"type": "input_text", "text": text}]})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(item).collect();
    let id = |item: Option<&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    json!({"object": "list", "data": data, "first_id": id(data.first()), "last_id": id(data.last()), "has_more": false})
}
