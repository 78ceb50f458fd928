//! The openai-responses wire: responses, plain and streamed, as OpenAI writes them. Answers are kept for the account that
//! asked, unless it said `store: false`.

mod input;
pub(crate) mod kept;
mod object;
mod request;
mod stream;

use bytes::Bytes;

use crate::faults::Rendered;
use crate::generation;
use crate::log::Watch;
use crate::openai_chat::errors;
use crate::play::Outgoing;
use crate::seal::{fits, seal};
use crate::sim::Shared;
use crate::wire::{Dialect, Manner};

/// Named server-sent events that end with `response.completed` or a word like it.
pub(crate) const MANNER: Manner = Manner {
    content_type: "text/event-stream; charset=utf-8",
    error: || {
        let fields = r#""code":"rate_limit_exceeded","message":"Rate limit reached during generation.","param":null"#;
        format!("event: error\ndata: {{\"type\":\"error\",\"sequence_number\":99,{fields}}}\n\n")
    },
    comment: ": keep-alive\n\n",
    garbage: "event: response.output_text.delta\ndata: {\"type\":\"response.output_te\n\n",
    texts: &["\"delta\":\"", "\"text\":\""],
};

/// `POST /responses` with a key that may.
pub(crate) fn create(shared: &Shared, dialect: Dialect, body: &Bytes, watch: &Watch, shown: &str) -> Outgoing {
    let is_there = |id: &str| kept::is_there(shared, id, shown);
    let asked = match request::read(dialect, body, watch, is_there) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    generation::answer(shared, dialect, &asked.conversation, watch, shown, |scene| {
        if asked.echo.store {
            let object = object::finished(scene, &asked.echo);
            let kept = kept::Kept { account: shown.to_owned(), object, input: asked.input.clone() };
            shared.state().kept.insert(object::id(scene), kept);
        }
        if scene.streams {
            Rendered::Events(stream::render(scene, &asked.echo))
        } else {
            Rendered::Whole(Bytes::from(object::finished(scene, &asked.echo)))
        }
    })
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    param: String,
    message: String,
    code: Option<&'static str>,
}

impl Complaint {
    fn new(param: &str, message: impl Into<String>) -> Self {
        Self { param: param.to_owned(), message: message.into(), code: None }
    }

    fn coded(param: &str, message: impl Into<String>, code: &'static str) -> Self {
        Self { param: param.to_owned(), message: message.into(), code: Some(code) }
    }

    fn outgoing(&self) -> Outgoing {
        errors::complaint(&self.message, &self.param, self.code)
    }
}

/// The encrypted content of the reasoning item with this id.
fn encrypted(id: &str) -> String {
    seal("reasoning", id)
}

/// Whether the content belongs to the item.
fn is_ours(id: &str, content: &str) -> bool {
    fits("reasoning", id, content)
}
