//! `POST /v1/chat/completions`.

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use app::chat::{self, AnswerStream, Answered, Call, Content, Piece};
use app::error::{Code, Error};
use app::idempotency::Claim;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use domain::access::Need;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::json;
use store::ledger::CallSource;

use super::{schema, whole_as_stream};
use crate::auth::{Authenticated, LetInAt};
use crate::body::{self, CALL_BODY_BYTES};
use crate::idempotent::{self, Turn};
use crate::openapi::says;
use crate::problem::{self, Dialect};
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};
use crate::wishes;

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v1/chat/completions",
        Need::CallModels,
        post(create_chat_completion),
        says("openai", "Chat, in OpenAI's format; `stream: true` answers with server-sent events")
            .at_length(
                "The body goes to the provider as it is, but for the model's name; so any field that the provider takes may \
                 be sent, also one that is not listed here. The `x-ownkey-*` headers of the answer say whose key paid.",
            )
            .takes::<schema::ChatCompletionRequest>()
            .example(json!({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello!"}]}))
            .calls_a_model()
            .gives::<schema::ChatCompletion>(200, "The provider's answer, unchanged")
            .or_events(),
    )]
}

async fn create_chat_completion(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let passport = passport(&parts.extensions)?;
    body::expect_json_or_nothing(&parts.headers)?;
    let body = body::read(body, body::declared_length(&parts.headers), CALL_BODY_BYTES).await?;
    let wishes = wishes::of(&app, &parts.headers)?;
    let LetInAt(callers_epoch) = let_in_at(&parts.extensions);
    let door = "POST /v1/chat/completions";
    let claim = match idempotent::begin(&app, &caller, &parts.headers, door, &body).await? {
        Turn::Do(claim) => claim,
        Turn::Replay(_) => return Err(already_done().into()),
    };
    let call = Call {
        request: passport.request,
        client_request_id: passport.client_request_id(),
        body,
        max_tokens: None,
        source: CallSource::Api,
        wishes,
        is_idempotent: claim.is_some(),
        callers_epoch,
    };
    let answered = chat::complete(&app, &caller, call).await?;
    answer(answered, &passport, claim).await
}

/// A model call under an `Idempotency-Key` that was used: answers are not kept,
/// so that the same call is neither paid twice nor shown again.
pub(crate) fn already_done() -> Error {
    Error::new(
        Code::AlreadyDone,
        "A call with this Idempotency-Key was answered before, and answers are not kept. Use a new key for a new call.",
    )
}

/// The passport that the rim gave to every request.
pub(crate) fn passport(extensions: &http::Extensions) -> Result<Passport, Failure> {
    extensions
        .get::<Passport>()
        .cloned()
        .ok_or_else(|| Failure::from(Error::new(Code::Internal, "The request came past the rim. Report it.")))
}

/// The epoch of callers at which a request was let in.
pub(crate) fn let_in_at(extensions: &http::Extensions) -> LetInAt {
    extensions.get::<LetInAt>().copied().unwrap_or(LetInAt(0))
}

async fn answer(answered: Answered, passport: &Passport, claim: Option<Claim>) -> Result<Response, Failure> {
    let Answered { payment, content } = answered;
    let mut claim = claim;
    let mut response = match content {
        Content::Whole { status, body, asked_stream: Some(asked), .. } => {
            let events = whole_as_stream::events(&body, asked).ok_or_else(|| {
                Failure::from(Error::new(
                    Code::ProviderError,
                    "The provider answered a stream request with something that is no answer. Try again.",
                ))
            })?;
            (status, event_stream_headers(), events).into_response()
        }
        Content::Whole { status, body, .. } => {
            (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
        }
        Content::Stream(stream) => {
            let body = stream_body(stream, passport.clone(), claim.take());
            (StatusCode::OK, event_stream_headers(), body).into_response()
        }
    };
    if let Some(claim) = claim {
        claim.finish(response.status().as_u16(), None).await;
    }
    wishes::say_who_paid(response.headers_mut(), &payment);
    Ok(response)
}

/// Headers that keep a stream a stream on its way through proxies.
pub(crate) fn event_stream_headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ]
}

/// The provider's events as they come; a failure is one last event in the
/// client's words, without an end mark. An idempotent call is done with its last
/// event, and may be sent again when it broke before.
fn stream_body(stream: Box<AnswerStream>, passport: Passport, claim: Option<Claim>) -> Body {
    Body::from_stream(stream::unfold((stream, passport, claim), |(mut stream, passport, mut claim)| async move {
        let bytes = match stream.next().await {
            Some(Piece::Data(bytes)) => bytes,
            Some(Piece::Failed(error)) => {
                claim = None;
                error_event(&error, &passport)
            }
            None => {
                if let Some(claim) = claim {
                    claim.finish(StatusCode::OK.as_u16(), None).await;
                }
                return None;
            }
        };
        Some((Ok::<Bytes, Infallible>(bytes), (stream, passport, claim)))
    }))
}

fn error_event(error: &Error, passport: &Passport) -> Bytes {
    tracing::warn!(request_id = %passport.shown, code = %error.code, sentence = %error.sentence, "a stream failed");
    let envelope = problem::envelope(error, Dialect::OpenAi, &passport.shown, None);
    Bytes::from(format!("data: {envelope}\n\n"))
}
