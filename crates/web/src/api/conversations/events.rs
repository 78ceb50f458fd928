//! `…/messages/{message_id}/events`: an answer while it comes, as server-sent
//! events. Whoever comes back is told everything again, and misses nothing.

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use app::conversations::{self, Following, Heard};
use app::error::Code;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use domain::access::Need;
use domain::conversation::MessageState;
use futures_util::{StreamExt, stream};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::view::MessageView;
use super::{Ids, TAG};
use crate::auth::Authenticated;
use crate::body::Query;
use crate::calls::event_stream_headers;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use crate::ui::markdown::{Block, Rendering};

pub(super) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/conversations/{id}/messages/{message_id}/events",
        Need::OwnAccount,
        get(follow_answer),
        says(TAG, "An answer while it comes, as server-sent events")
            .at_length(
                "`snapshot` first, with everything so far (`text`, `reasoning`), then `text` and `reasoning` with what is \
                 added, then `done`, or `error` for one that failed, with the whole message. Whoever comes back gets a \
                 snapshot again. With `as=html` the words come as blocks of HTML: `snapshot` has `blocks`, and `block` \
                 has an `index`, its `html`, and `is_final`; a block that is not final is sent again.",
            )
            .query::<FollowQuery>()
            .gives_events(200, "The events, each with its name and its data in JSON")
            .refuses(&[Code::RateLimited]),
    )]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FollowQuery {
    /// `text` unless said.
    #[serde(rename = "as")]
    #[param(pattern = "^(text|html)$")]
    shape: Option<String>,
}

/// How the words come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Html,
}

domain::text_enum!(Shape, "shape" { Text => "text", Html => "html" });

async fn follow_answer(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, message): Ids,
    Query(query): Query<FollowQuery>,
) -> Result<Response, Failure> {
    let shape = crate::api::word("as", query.shape.as_deref())?.unwrap_or(Shape::Text);
    let following = conversations::follow(&app, &caller, id, message).await?;
    let rendering = (shape == Shape::Html).then(Rendering::default);
    let telling = Telling { following, words: Words { rendering } };
    let pieces = stream::unfold(telling, |mut telling| async { Some((telling.next().await?, telling)) });
    let body = pieces.map(Ok::<Bytes, Infallible>);
    Ok((event_stream_headers(), Body::from_stream(body)).into_response())
}

struct Telling {
    following: Following,
    words: Words,
}

impl Telling {
    async fn next(&mut self) -> Option<Bytes> {
        match self.following.next().await {
            Ok(Some(heard)) => Some(Bytes::from(self.words.of(heard))),
            Ok(None) => None,
            // The connection ends; whoever comes back is told why.
            Err(error) => {
                tracing::debug!(%error, "an answer can be followed no further");
                None
            }
        }
    }
}

/// In whose words it is told.
struct Words {
    /// `None`: as plain text.
    rendering: Option<Rendering>,
}

impl Words {
    fn of(&mut self, heard: Heard) -> String {
        match heard {
            Heard::Snapshot { text, reasoning } => self.snapshot(&text, &reasoning),
            Heard::Text(text) => match &mut self.rendering {
                None => event("text", &json!({"text": text})),
                Some(rendering) => blocks(&rendering.push(&text)),
            },
            Heard::Reasoning(text) => event("reasoning", &json!({"text": text})),
            Heard::End(message) => {
                let mut told = self.rendering.take().map_or_else(String::new, |rendering| blocks(&rendering.finish()));
                let name = if message.state == MessageState::Failed { "error" } else { "done" };
                told.push_str(&event(name, &json!(MessageView::from(&*message))));
                told
            }
            Heard::Silence => ": keep-alive\n\n".to_owned(),
        }
    }

    fn snapshot(&mut self, text: &str, reasoning: &str) -> String {
        let Some(rendering) = &mut self.rendering else {
            return event("snapshot", &json!({"text": text, "reasoning": reasoning}));
        };
        *rendering = Rendering::default();
        let blocks: Vec<Value> = rendering.push(text).iter().map(block_view).collect();
        event("snapshot", &json!({"blocks": blocks, "reasoning": reasoning}))
    }
}

fn blocks(blocks: &[Block]) -> String {
    blocks.iter().map(|block| event("block", &block_view(block))).collect()
}

fn block_view(block: &Block) -> Value {
    json!({"index": block.index, "html": block.html, "is_final": block.is_final})
}

/// JSON has no line ends outside of strings, and escapes those within.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
