//! `/v2/conversations/{id}/messages`: saying something, asking again, stopping,
//! taking back.

use std::sync::Arc;

use app::App;
use app::conversations::{self, Asked, Begun, Sending};
use app::error::{Code, Error};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use domain::access::Need;
use domain::conversation::{Parameters, Part};
use domain::ids::ConversationId;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::settings::ChatParameters;
use super::{Ids, TAG};
use crate::api::present;
use crate::auth::{Authenticated, LetInAt};
use crate::body::{CALL_BODY_BYTES, Id, Json, Query, object};
use crate::openapi::says;
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::POST,
            "/v2/conversations/{id}/messages",
            Need::OwnAccount,
            post(send_message),
            says(TAG, "Say something; the answer comes by itself, also when nobody waits for it")
                .at_length(
                    "Follow it at `…/messages/{answer_id}/events`. To edit what was said, say it again with the same \
                     `parent_id`: that makes a sibling. Whatever stands in the way of the call is kept with the answer, \
                     whose state is `failed` then.",
                )
                .takes::<MessageBody>()
                .example(json!({"content": [{"type": "text", "text": "Why is the sky blue?"}]}))
                .gives::<BegunView>(202, "The ids of what was said and of the answer that is coming")
                .refuses(&[Code::Conflict, Code::RateLimited]),
        ),
        door(
            Method::POST,
            "/v2/conversations/{id}/messages/{message_id}/regenerate",
            Need::OwnAccount,
            post(regenerate_answer),
            says(TAG, "Ask again: a sibling of an answer, or another answer to what was said")
                .takes::<RegenerateBody>()
                .example(json!({"model": "claude-haiku-4-5"}))
                .gives::<BegunView>(202, "The ids of what is answered and of the answer that is coming")
                .refuses(&[Code::Conflict, Code::RateLimited, Code::PayloadTooLarge]),
        ),
        door(
            Method::POST,
            "/v2/conversations/{id}/messages/{message_id}/stop",
            Need::OwnAccount,
            post(stop_answer),
            says(TAG, "Stop an answer; what came until then stays, and is paid").gives_other(204, "Stopped"),
        ),
        door(
            Method::DELETE,
            "/v2/conversations/{id}/messages/{message_id}",
            Need::OwnAccount,
            delete(delete_message),
            says(TAG, "Take a message out, with everything that follows it").gives_other(204, "Deleted"),
        ),
        door(
            Method::GET,
            "/v2/conversations/{id}/messages/{message_id}/picture",
            Need::OwnAccount,
            get(get_picture),
            says(TAG, "A picture of a message").query::<PictureQuery>().gives_text(200, "Its bytes", "image/*"),
        ),
    ]
}

/// What is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessageBody {
    /// What it follows. Absent: the end of the branch that was read last; `null`:
    /// nothing, it begins the chat anew.
    #[schema(format = "uuid")]
    #[serde(default, deserialize_with = "present")]
    parent_id: Option<Option<String>>,
    /// Texts, up to 10 pictures and files; what is attached is sent along.
    #[schema(min_items = 1, max_items = 20)]
    content: Vec<PartBody>,
    /// Another model than the conversation's, for this answer.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    model: Option<String>,
    /// Others than the conversation's, for this answer.
    #[serde(default, deserialize_with = "object")]
    parameters: Option<ChatParameters>,
}

/// A part of what is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartBody {
    /// `text` has a `text`; `image` a `media_type`, its `data` and perhaps a
    /// `name`; `file`, a file of text, a `name` and its `text`.
    #[serde(rename = "type")]
    #[schema(pattern = "^(text|image|file)$")]
    kind: String,
    /// At most 512 KB.
    #[schema(pattern = "@text")]
    text: Option<String>,
    #[schema(max_length = 200, pattern = "@line")]
    name: Option<String>,
    #[schema(pattern = "^(image/png|image/jpeg|image/gif|image/webp)$")]
    media_type: Option<String>,
    /// Base64 of at most 5 MB.
    #[schema(pattern = "^[A-Za-z0-9+/]*={0,2}$")]
    data: Option<String>,
}

/// Asking again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegenerateBody {
    /// Another model than the conversation's, for this answer.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    model: Option<String>,
}

/// An answer is coming.
#[derive(Serialize, ToSchema)]
struct BegunView {
    /// What is answered.
    user_message_id: String,
    /// The answer.
    answer_id: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PictureQuery {
    /// Which part of the message it is, from 0.
    #[param(minimum = 0, maximum = 100)]
    part: usize,
}

impl PartBody {
    fn read(self) -> Result<Part, Error> {
        let missing = |field: &str| Error::invalid(&format!("content.{field}"), "is missing");
        Ok(match self.kind.as_str() {
            "text" => Part::Text { text: self.text.ok_or_else(|| missing("text"))? },
            "file" => Part::File {
                name: self.name.ok_or_else(|| missing("name"))?,
                text: self.text.ok_or_else(|| missing("text"))?,
            },
            "image" => Part::Image {
                media_type: self.media_type.ok_or_else(|| missing("media_type"))?,
                name: self.name,
                data: self.data.ok_or_else(|| missing("data"))?,
            },
            _ => return Err(Error::invalid("content.type", "must be text, image or file")),
        })
    }
}

async fn send_message(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Extension(passport): Extension<Passport>,
    Extension(let_in): Extension<LetInAt>,
    Id(id): Id<ConversationId>,
    Json(body): Json<MessageBody, CALL_BODY_BYTES>,
) -> Result<Response, Failure> {
    let parent = |id: String| id.parse().map_err(|_| Error::invalid("parent_id", "is no id"));
    let sending = Sending {
        parent: body.parent_id.map(|id| id.map(parent).transpose()).transpose()?,
        parts: body.content.into_iter().map(PartBody::read).collect::<Result<_, _>>()?,
        model: body.model,
        parameters: body.parameters.map(Parameters::from),
    };
    let begun = conversations::send(&app, &caller, id, asked(&passport, let_in), sending).await?;
    Ok(accepted(begun))
}

async fn regenerate_answer(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Extension(passport): Extension<Passport>,
    Extension(let_in): Extension<LetInAt>,
    Ids(id, message): Ids,
    Json(body): Json<RegenerateBody>,
) -> Result<Response, Failure> {
    let asked = asked(&passport, let_in);
    Ok(accepted(conversations::regenerate(&app, &caller, (id, message), asked, body.model).await?))
}

fn asked(passport: &Passport, LetInAt(callers_epoch): LetInAt) -> Asked {
    Asked { request: passport.request, callers_epoch }
}

fn accepted(begun: Begun) -> Response {
    let view = BegunView { user_message_id: begun.user_message.to_string(), answer_id: begun.answer.to_string() };
    (StatusCode::ACCEPTED, axum::Json(view)).into_response()
}

async fn stop_answer(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, message): Ids,
) -> Result<Response, Failure> {
    conversations::stop(&app, &caller, id, message).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn delete_message(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, message): Ids,
) -> Result<Response, Failure> {
    conversations::delete_message(&app, &caller, id, message).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn get_picture(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, message): Ids,
    headers: HeaderMap,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Failure> {
    let (kind, bytes) = conversations::picture(&app, &caller, (id, message), query.part).await?;
    // What a message holds never changes; whether one may still see it does.
    let tag = format!("\"{message}-{}\"", query.part);
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let about = [(CACHE_CONTROL, "private, no-cache".to_owned()), (ETAG, tag)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let body = [(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())];
    Ok((about, body, bytes).into_response())
}
