//! The ollama-native wire: chat in lines of JSON, the models on the disk, pulls, embeddings.

mod answer;
mod embed;
pub(crate) mod errors;
mod library;
mod pull;
mod request;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::faults::Rendered;
use crate::gate::{Visitor, turned_away};
use crate::generation;
use crate::log::Watch;
use crate::models::{self, Maker};
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::sim::Shared;
use crate::wire::{Dialect, Manner};

/// One JSON object a line; the last says `done`.
pub(crate) const MANNER: Manner = Manner {
    content_type: "application/x-ndjson",
    error: || format!("{}\n", errors::in_stream()),
    comment: "\n",
    garbage: "{\"model\":\"garbage\",\"mess\n",
    texts: &["\"content\":\"", "\"thinking\":\""],
};

/// What an Ollama server answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Version,
    Tags,
    Running,
    Show,
    Chat,
    Embed,
    Pull,
    Delete,
}

impl Door {
    pub(crate) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/api/version" => Self::Version,
            "/api/tags" => Self::Tags,
            "/api/ps" => Self::Running,
            "/api/show" => Self::Show,
            "/api/chat" => Self::Chat,
            "/api/embed" => Self::Embed,
            "/api/pull" => Self::Pull,
            "/api/delete" => Self::Delete,
            _ => return None,
        })
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Version | Self::Tags | Self::Running => Method::GET,
            Self::Delete => Method::DELETE,
            Self::Show | Self::Chat | Self::Embed | Self::Pull => Method::POST,
        }
    }
}

/// Answers a call: a local server asks for no key, but one that is sent must be good (ollama.com).
pub(crate) fn open(
    shared: &Shared,
    dialect: Dialect,
    door: Door,
    body: &Bytes,
    (watch, visitor): (&Watch, &Visitor),
) -> Outgoing {
    let shown = match visitor {
        Visitor::Nobody => "",
        Visitor::Holder(state, shown) => {
            if let Some(refusal) = turned_away(state, shown, matches!(door, Door::Chat | Door::Embed)) {
                return dialect.refuse(&refusal);
            }
            shown
        }
    };
    match door {
        Door::Version => return Outgoing::json(StatusCode::OK, r#"{"version":"0.24.1"}"#),
        Door::Tags => return library::tags(shared),
        Door::Running => return library::running(shared),
        _ => {}
    }
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(_) => return dialect.refuse(&Refusal::BrokenJson),
    };
    match door {
        Door::Show => library::show(shared, &body),
        Door::Delete => library::delete(shared, &body),
        Door::Pull => pull::pull(shared, dialect, &body),
        Door::Embed => embed::embed(shared, dialect, &body, (watch, shown)).unwrap_or_else(|refused| *refused),
        _ => chat(shared, dialect, &body, (watch, shown)),
    }
}

fn chat(shared: &Shared, dialect: Dialect, body: &Value, (watch, shown): (&Watch, &str)) -> Outgoing {
    let mut conversation = match request::read(body) {
        Ok(conversation) => conversation,
        Err(sentence) => return errors::told(400, &sentence),
    };
    let asked = conversation.model.clone();
    watch.describe(Some(asked.clone()), conversation.streams);
    let Some(name) = library::found(shared, &asked) else { return dialect.refuse(&Refusal::NoSuchModel(&asked)) };
    if let Some(sentence) = request::beyond(&name, &conversation) {
        return errors::told(400, &sentence);
    }
    // What was pulled answers as the first model does.
    let stands_in = library::is_pulled(shared, &name).then(|| models::listed(&shared.models, Maker::Ollama));
    match stands_in.as_deref().and_then(<[&str]>::first) {
        Some(first) => conversation.model = (*first).to_owned(),
        None => conversation.model = name,
    }
    generation::answer(shared, dialect, &conversation, watch, shown, |scene| {
        if scene.streams {
            Rendered::Events(answer::lines(scene, &asked))
        } else {
            Rendered::Whole(answer::whole(scene, &asked))
        }
    })
}
