//! `/v2/conversations`: saved chats. They are their owner's alone, so that a
//! gateway token, which may be in any script, opens none of them.

mod events;
mod messages;
mod settings;
mod view;

use std::sync::Arc;

use app::App;
use app::conversations::{self, Edit, Export};
use app::error::{Code, Error};
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::Timestamp;
use domain::access::Need;
use domain::ids::{ConversationId, MessageId};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use store::conversations::ConversationCursor;
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, CursorPage};
use crate::auth::Authenticated;
use crate::body::{Id, Json, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use settings::{ConversationBody, ConversationPatch};
use view::{ConversationView, WholeView};

/// The group of all these doors.
const TAG: &str = "chats";

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![
        door(
            Method::GET,
            "/v2/conversations",
            Need::OwnAccount,
            get(list_conversations),
            says(TAG, "Your saved chats, those in which something was said last first")
                .at_length("Temporary chats are not in the list.")
                .query::<ListQuery>()
                .gives_list::<CursorPage<ConversationView>, ConversationView>(200, "The chats"),
        ),
        door(
            Method::POST,
            "/v2/conversations",
            Need::OwnAccount,
            post(create_conversation),
            says(TAG, "Begin a chat")
                .at_length(
                    "Chats are stored readable by whoever runs the server. A temporary one is in no list and is deleted \
                     a day after the last word.",
                )
                .takes::<ConversationBody>()
                .example(json!({"model": "gpt-5-mini", "system_prompt": "Answer in one sentence."}))
                .gives::<ConversationView>(201, "The chat")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/conversations/{id}",
            Need::OwnAccount,
            get(get_conversation),
            says(TAG, "One chat with everything said in it")
                .at_length(
                    "What was said is a tree: each message names the one it follows. Whoever asks again, or asks \
                     something else, makes a sibling. `leaf_id` is the end of the branch that was read last.",
                )
                .gives::<WholeView>(200, "The chat and its messages, oldest first"),
        ),
        door(
            Method::PATCH,
            "/v2/conversations/{id}",
            Need::OwnAccount,
            patch(edit_conversation),
            says(TAG, "Rename a chat, or change its model, key, prompt or parameters; what is absent stays")
                .takes::<ConversationPatch>()
                .example(json!({"title": "The sky", "parameters": {"temperature": 0.2}}))
                .gives::<ConversationView>(200, "The chat now"),
        ),
        door(
            Method::DELETE,
            "/v2/conversations/{id}",
            Need::OwnAccount,
            delete(delete_conversation),
            says(TAG, "Delete a chat; answers that are coming are stopped").gives_other(204, "Deleted"),
        ),
        door(
            Method::GET,
            "/v2/conversations/{id}/export",
            Need::OwnAccount,
            get(export_conversation),
            says(TAG, "A chat as a file: the branch that was read last as Markdown, or all of it as JSON")
                .query::<ExportQuery>()
                .gives_text(200, "The file", "text/markdown")
                .or_json::<ExportedChat>(),
        ),
    ];
    doors.extend(messages::doors());
    doors.extend(events::doors());
    doors
}

/// The ids of a chat and of a message in it. Anything that is none is simply not
/// there.
struct Ids(ConversationId, MessageId);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let missing = || Failure::from(Error::not_found("message"));
        let Path((chat, message)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| missing())?;
        match (chat.parse(), message.parse()) {
            (Ok(chat), Ok(message)) => Ok(Self(chat, message)),
            _ => Err(missing()),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Looked for in titles and texts, whatever the case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// The `next` of the page before.
    #[param(pattern = "@usage-cursor")]
    after: Option<String>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// `markdown` unless said.
    #[param(pattern = "^(markdown|json)$")]
    format: Option<String>,
}

async fn list_conversations(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let after = query.after.as_deref().map(read_cursor).transpose()?;
    let limit = paging::limit_of(query.limit)?;
    let page = conversations::list(&app, &caller, query.search.as_deref(), after, limit).await?;
    let body = CursorPage {
        data: page.rows.iter().map(ConversationView::from).collect(),
        count: page.count,
        count_is_exact: page.count_is_exact,
        next: page.next.map(|cursor| format!("{}.{}", cursor.at.as_micros(), cursor.id)),
    };
    Ok(axum::Json(body).into_response())
}

fn read_cursor(text: &str) -> Result<ConversationCursor, Error> {
    let wrong = || Error::invalid("after", "is not a cursor; send the `next` of the page before, unchanged");
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    Ok(ConversationCursor {
        at: Timestamp::from_micros(at.parse().map_err(|_| wrong())?),
        id: id.parse().map_err(|_| wrong())?,
    })
}

async fn create_conversation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<ConversationBody>,
) -> Result<Response, Failure> {
    let shown = conversations::create(&app, &caller, body.edit()?).await?;
    Ok((StatusCode::CREATED, axum::Json(ConversationView::from(&shown))).into_response())
}

async fn get_conversation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<ConversationId>,
) -> Result<Response, Failure> {
    let (shown, messages) = conversations::read(&app, &caller, id).await?;
    Ok(axum::Json(WholeView::of(&shown, &messages)).into_response())
}

async fn edit_conversation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<ConversationId>,
    Json(body): Json<ConversationPatch>,
) -> Result<Response, Failure> {
    let edit: Edit = body.edit()?;
    Ok(axum::Json(ConversationView::from(&conversations::edit(&app, &caller, id, edit).await?)).into_response())
}

async fn delete_conversation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<ConversationId>,
) -> Result<Response, Failure> {
    conversations::delete(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A chat as a file: its settings, and everything said in it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the file is written where the chat is read; this describes it")]
struct ExportedChat {
    id: String,
    title: String,
    #[schema(value_type = Vec<Object>)]
    messages: Vec<Value>,
}

async fn export_conversation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<ConversationId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let kind = super::word("format", query.format.as_deref())?.unwrap_or(Export::Markdown);
    let file = conversations::export(&app, &caller, id, kind).await?;
    // The name is of letters, digits, `-` and `.` only.
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let headers = [(CONTENT_TYPE, file.media_type.to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, file.text).into_response())
}
