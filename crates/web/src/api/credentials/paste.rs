//! `POST /v2/credentials/paste`: keys as people paste them; and
//! `POST /v2/credentials/{id}/arrange`: the order in which they step in.

use std::sync::Arc;

use app::App;
use app::credentials::{self, Outcome, Paste, Pasted, Place};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::access::Need;
use domain::credential::Scope;
use domain::ids::CredentialId;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::view::CredentialView;
use super::{TAG, shown};
use crate::api::paging::List;
use crate::auth::Authenticated;
use crate::body::{Id, Json};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::POST,
            "/v2/credentials/paste",
            Need::ManageCredentials,
            post(paste_credentials),
            says(TAG, "Save every key in a pasted text")
                .at_length(
                    "Takes what people have at hand: keys on lines of their own, `export NAME=…`, headers, a whole `.env` \
                     file. Whose key each is, its shape or its variable says; what remains open is told, and not saved.",
                )
                .takes::<PasteBody>()
                .example(json!({"text": "export OPENAI_API_KEY=sk-proj-EXAMPLE0123456789abcdefghij"}))
                .gives_list::<List<PastedView>, PastedView>(200, "What became of each key")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/arrange",
            Need::ManageCredentials,
            post(arrange_credential),
            says(TAG, "Move a key among those that step in after the primary one")
                .takes::<ArrangeBody>()
                .example(json!({"place": "up"}))
                .gives::<CredentialView>(200, "The key now"),
        ),
    ]
}

/// Keys as they were pasted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasteBody {
    /// The text, with 50 keys at most.
    #[schema(max_length = 100_000)]
    text: String,
    /// The provider of keys of which nothing says whose they are, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: Option<String>,
    /// Whose they are to be: `personal` unless said.
    #[schema(pattern = "^(personal|system)$")]
    scope: Option<String>,
}

/// What became of one pasted key.
#[derive(Serialize, ToSchema)]
struct PastedView {
    /// The line it stands in, counted from 1.
    line: usize,
    /// The variable it was assigned to.
    variable: Option<String>,
    /// Whose key it is, as far as that is known.
    #[schema(pattern = "@provider")]
    provider: Option<&'static str>,
    /// `sk-ant-…b123`.
    masked: String,
    /// Saved, of an unknown provider, or refused.
    #[schema(pattern = "^(saved|whose_key|refused)$")]
    outcome: &'static str,
    /// The saved key.
    credential: Option<CredentialView>,
    /// Why it was not saved, and what to do.
    problem: Option<String>,
}

impl PastedView {
    fn new(app: &App, pasted: Pasted) -> Self {
        let (outcome, credential, problem) = match pasted.outcome {
            Outcome::Saved(saved) => {
                let view = CredentialView::new(app, &saved.credential).with_warning(saved.warning);
                ("saved", Some(view), None)
            }
            Outcome::WhoseKey => {
                let sentence = "Nothing says whose key this is. Send it again with its provider.";
                ("whose_key", None, Some(sentence.to_owned()))
            }
            Outcome::Refused(error) => ("refused", None, Some(error.sentence)),
        };
        Self {
            line: pasted.line,
            variable: pasted.variable,
            provider: pasted.provider.map(domain::ProviderId::as_str),
            masked: pasted.masked,
            outcome,
            credential,
            problem,
        }
    }
}

/// Where a key is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArrangeBody {
    /// `up`, `down`, `last`, or `before` another key.
    #[schema(pattern = "^(up|down|last|before)$")]
    place: String,
    /// The other key, with `before`.
    #[schema(format = "uuid")]
    other_id: Option<String>,
}

async fn paste_credentials(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<PasteBody>,
) -> Result<Response, Failure> {
    let paste = Paste {
        text: body.text,
        provider: crate::api::word("provider", body.provider.as_deref())?,
        scope: crate::api::word("scope", body.scope.as_deref())?.unwrap_or(Scope::Personal),
        wait_for_check: false,
    };
    let pasted = credentials::paste(&app, &caller, paste).await?;
    let data: Vec<PastedView> = pasted.into_iter().map(|pasted| PastedView::new(&app, pasted)).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn arrange_credential(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Json(body): Json<ArrangeBody>,
) -> Result<Response, Failure> {
    credentials::arrange(&app, &caller, id, place(&body.place, body.other_id.as_deref())?).await?;
    Ok(shown(&app, &credentials::get(&app, &caller, id).await?))
}

/// A place in the words of a body or a form.
///
/// # Errors
/// `invalid_request` for any other word, `not_found` for what is no key's id.
pub(crate) fn place(word: &str, other: Option<&str>) -> Result<Place, Error> {
    match (word, other) {
        ("up", None) => Ok(Place::Up),
        ("down", None) => Ok(Place::Down),
        ("last", None) => Ok(Place::Last),
        ("before", Some(other)) => Ok(Place::Before(other.parse().map_err(|_| Error::not_found("provider key"))?)),
        ("before", None) => Err(Error::invalid("other_id", "is missing; say before which key")),
        ("up" | "down" | "last", Some(_)) => Err(Error::invalid("other_id", "goes with before only; leave it out")),
        _ => Err(Error::invalid("place", "is not taken; send up, down, last or before")),
    }
}
