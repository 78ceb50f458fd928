//! A model call of any wire, from the request to its answer: read, counted
//! against its `Idempotency-Key`, answered as a whole or as a stream, and told
//! in the client's own words when it fails.

use std::io;
use std::sync::Arc;

use app::App;
use app::chat::{self, AnswerStream, Answered, Call, Content, Piece, UrlCall};
use app::counting::{self, Counted};
use app::error::{Code, Error};
use app::idempotency::Claim;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::Caller;
use domain::provider::WireName;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use llm::wire::gemini::AsArray;
use serde_json::{Value, json};
use store::ledger::CallSource;

use crate::auth::LetInAt;
use crate::body::{self, CALL_BODY_BYTES};
use crate::idempotent::{self, Turn};
use crate::problem::{self, Dialect};
use crate::rim::{Failure, Passport};
use crate::wishes;

/// Which door a call came through.
pub(crate) struct DoorOfCall {
    /// Its method and path, for `Idempotency-Key`.
    pub(crate) name: &'static str,
    /// What its clients speak.
    pub(crate) wire: WireName,
    /// What its address says in place of its body.
    pub(crate) url: Option<UrlCall>,
}

/// A call as it arrived, and how it is to be answered.
pub(crate) struct Arrived {
    /// What is asked.
    pub(crate) call: Call,
    /// How to write the answer.
    pub(crate) reply: Reply,
}

/// Answers a chat.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it.
pub(crate) async fn answer(
    app: &Arc<App>,
    caller: &Caller,
    door: DoorOfCall,
    request: Request,
) -> Result<Response, Failure> {
    let Arrived { call, reply } = arrived_as_json(app, caller, door, request).await?;
    reply.written(chat::complete(app, caller, call).await).await
}

/// Counts the tokens of a chat.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it.
pub(crate) async fn count(
    app: &Arc<App>,
    caller: &Caller,
    door: DoorOfCall,
    request: Request,
) -> Result<Response, Failure> {
    let Arrived { call, reply } = arrived_as_json(app, caller, door, request).await?;
    match counting::count(app, caller, call).await {
        Err(error) => reply.written(Err(error)).await,
        Ok(Counted::Told(answered)) => reply.written(Ok(answered)).await,
        Ok(Counted::Estimated { provider, model, body }) => {
            let mut response = reply.unpaid(body).await;
            wishes::say_estimated(response.headers_mut(), provider, &model);
            Ok(response)
        }
    }
}

/// Reads a call whose body is JSON.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn arrived_as_json(
    app: &Arc<App>,
    caller: &Caller,
    door: DoorOfCall,
    request: Request,
) -> Result<Arrived, Failure> {
    body::expect_json_or_nothing(request.headers())?;
    arrived(app, caller, door, request, CALL_BODY_BYTES).await
}

/// Reads a call, whatever its body is, and claims its `Idempotency-Key`.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn arrived(
    app: &Arc<App>,
    caller: &Caller,
    door: DoorOfCall,
    request: Request,
    limit: usize,
) -> Result<Arrived, Failure> {
    let (parts, body) = request.into_parts();
    let passport = passport(&parts.extensions)?;
    let body = body::read(body, body::declared_length(&parts.headers), limit).await?;
    let wishes = wishes::of(app, &parts.headers)?;
    let LetInAt(callers_epoch) = let_in_at(&parts.extensions);
    let claim = match idempotent::begin(app, caller, &parts.headers, door.name, &body).await? {
        Turn::Do(claim) => claim,
        Turn::Replay(_) => return Err(already_done().into()),
    };
    let wire = door.wire;
    let is_array = door.url.as_ref().is_some_and(UrlCall::wants_array);
    let call = Call {
        request: passport.request,
        client_request_id: passport.client_request_id(),
        wire,
        url: door.url,
        wire_headers: wire_headers(wire, &parts.headers),
        body,
        max_tokens: None,
        source: CallSource::Api,
        wishes,
        is_idempotent: claim.is_some(),
        callers_epoch,
    };
    Ok(Arrived { call, reply: Reply { words: Words { wire, is_array, passport }, claim } })
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

/// In whose words an answer is written.
struct Words {
    wire: WireName,
    /// A stream is one JSON array.
    is_array: bool,
    passport: Passport,
}

/// How a call is to be answered.
pub(crate) struct Reply {
    words: Words,
    claim: Option<Claim>,
}

impl Reply {
    /// The answer, with who paid for it. A refusal gives the `Idempotency-Key`
    /// back before it is told.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn written(self, answered: Result<Answered, Error>) -> Result<Response, Failure> {
        let Self { words, claim } = self;
        let (mut claim, Answered { payment, content }) = idempotent::unless_refused(claim, answered).await?;
        let is_anthropic = words.wire == WireName::AnthropicMessages;
        let mut response = match content {
            Content::Whole { status, body, is_stream: true } => {
                (status, stream_headers(words.is_array), body).into_response()
            }
            Content::Whole { status, body, is_stream: false } => (status, [(CONTENT_TYPE, JSON)], body).into_response(),
            Content::Stream(stream) => {
                let headers = match stream.kind() {
                    Some(kind) => [(CONTENT_TYPE, kind.clone()), UNCACHED, UNBUFFERED],
                    None => stream_headers(words.is_array),
                };
                (StatusCode::OK, headers, stream_body(*stream, words, claim.take())).into_response()
            }
        };
        if let Some(claim) = claim {
            claim.finish(response.status().as_u16(), None).await;
        }
        wishes::say_who_paid(response.headers_mut(), &payment);
        if let Some(limits) = &payment.limits {
            wishes::say_limits(response.headers_mut(), limits, is_anthropic);
        }
        Ok(response)
    }

    /// An answer that nobody was called for.
    pub(crate) async fn unpaid(self, body: Bytes) -> Response {
        if let Some(claim) = self.claim {
            claim.finish(StatusCode::OK.as_u16(), None).await;
        }
        ([(CONTENT_TYPE, JSON)], body).into_response()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const UNCACHED: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// Headers that keep a stream a stream on its way through proxies.
pub(crate) fn event_stream_headers() -> [(HeaderName, HeaderValue); 3] {
    [(CONTENT_TYPE, HeaderValue::from_static("text/event-stream")), UNCACHED, UNBUFFERED]
}

fn stream_headers(is_array: bool) -> [(HeaderName, HeaderValue); 3] {
    let [(name, events), cached, buffered] = event_stream_headers();
    let kind = if is_array { JSON } else { events };
    [(name, kind), cached, buffered]
}

/// The pieces as they come; a failure is one last event in the client's words,
/// without an end mark, and where the answer is no events it breaks off: nothing
/// else would tell the client that it is not whole. An idempotent call is done with its last event, and may
/// be sent again when it broke before.
fn stream_body(stream: AnswerStream, words: Words, claim: Option<Claim>) -> Body {
    let state = (stream, words, claim, false);
    Body::from_stream(stream::unfold(state, |(mut stream, words, mut claim, mut has_begun)| async move {
        let bytes = match stream.next().await {
            Some(Piece::Data(bytes)) => {
                has_begun = true;
                bytes
            }
            Some(Piece::Silence) => still_there(words.wire),
            Some(Piece::Failed(error)) => {
                if let Some(claim) = claim.take() {
                    claim.give_back().await;
                }
                let event = error_event(&error, &words, has_begun);
                if stream.kind().is_some_and(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
                    let broken = io::Error::other(error.sentence);
                    return Some((Err(broken), (stream, words, claim, has_begun)));
                }
                event
            }
            None => {
                if let Some(claim) = claim {
                    claim.finish(StatusCode::OK.as_u16(), None).await;
                }
                return None;
            }
        };
        Some((Ok(bytes), (stream, words, claim, has_begun)))
    }))
}

/// What is said while nothing happens, so that nobody on the way gives up.
fn still_there(wire: WireName) -> Bytes {
    Bytes::from_static(match wire {
        WireName::AnthropicMessages => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
        _ => b": ping\n\n",
    })
}

fn error_event(error: &Error, words: &Words, has_begun: bool) -> Bytes {
    let id = &*words.passport.shown;
    tracing::warn!(request_id = %id, code = %error.code, sentence = %error.sentence, "a stream failed");
    if words.is_array {
        return AsArray::failure(&problem::envelope(error, Dialect::Google, id, None).to_string(), has_begun);
    }
    let (name, data) = match words.wire {
        WireName::OpenAiChat | WireName::OllamaNative => (None, problem::envelope(error, Dialect::OpenAi, id, None)),
        WireName::OpenAiResponses => (Some("error"), flat(&problem::envelope(error, Dialect::OpenAi, id, None))),
        WireName::AnthropicMessages => (Some("error"), problem::envelope(error, Dialect::Anthropic, id, None)),
        WireName::Gemini => (None, problem::envelope(error, Dialect::Google, id, None)),
    };
    Bytes::from(match name {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    })
}

/// OpenAI's envelope as its Responses stream has it: at the top level.
fn flat(envelope: &Value) -> Value {
    let error = &envelope["error"];
    json!({
        "type": "error",
        "code": error["code"],
        "message": error["message"],
        "param": error["param"],
        // Nobody counts on it, and the stream's own numbers are passed through.
        "sequence_number": 0,
    })
}

/// The client's headers that go on to a provider of the same wire: what switches
/// features of the wire itself, and nothing that says who anybody is.
fn wire_headers(wire: WireName, headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let passed: &[HeaderName] = match wire {
        WireName::AnthropicMessages => &[HeaderName::from_static("anthropic-beta")],
        WireName::OpenAiChat | WireName::OpenAiResponses | WireName::Gemini | WireName::OllamaNative => &[],
    };
    let all =
        passed.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name.clone(), value.clone())));
    all.collect()
}
