//! `POST /v2/llm/chat/completions`: chat in Ownkey's own words.

mod kept;

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use app::chat::{self, AnswerStream, Answered, Call, Content, Payment, Piece};
use app::conversations;
use app::error::{Code, Error};
use app::idempotency::Claim;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use domain::Nanos;
use domain::access::Need;
use domain::provider::WireName;
use futures_util::stream;
use http::{HeaderMap, Method, StatusCode};
use llm::neutral::{Answer, FinishReason, StreamEvent};
use llm::wire::{self, StreamDecoder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::{Authenticated, LetInAt};
use crate::body::{CALL_BODY_BYTES, Json, whole_number};
use crate::calls::{already_done, event_stream_headers};
use crate::idempotent::{self, Turn};
use crate::openapi::says;
use crate::problem::{self, Dialect};
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};
use crate::wishes;
use kept::Keeping;

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v2/llm/chat/completions",
        Need::CallModels,
        post(create_chat_completion),
        says("calls", "Chat; `stream: true` answers with the events delta, done and error")
            .takes::<ChatBody>()
            .example(json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello!"}]}))
            .calls_a_model()
            .gives::<ChatAnswer>(200, "The answer, and what it cost")
            .or_events(),
    )]
}

/// How hard a model can be told to think.
pub(crate) const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// A chat call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChatBody {
    /// A UUID, a model's id, or `provider/id`.
    #[schema(min_length = 1, pattern = "@text")]
    model_id: String,
    /// The conversation so far.
    #[schema(min_items = 1)]
    messages: Vec<ChatMessage>,
    /// The most tokens of the answer.
    #[schema(minimum = 1)]
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
    /// For answers that can be repeated, where the provider takes it.
    #[serde(default, deserialize_with = "whole_number")]
    seed: Option<i64>,
    /// How hard to think, where the model can be told.
    #[schema(pattern = "^(none|minimal|low|medium|high|xhigh|max)$")]
    reasoning_effort: Option<String>,
    /// Whether the answer is to come as events.
    stream: Option<bool>,
    /// A saved conversation of yours that is to keep the last message and the
    /// answer; nothing is kept without it.
    conversation_id: Option<String>,
}

/// One message. `content` is a text, or OpenAI's parts.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChatMessage {
    #[schema(pattern = "^(system|developer|user|assistant)$")]
    role: String,
    /// A text, or OpenAI's parts.
    #[schema(value_type = MessageContent)]
    content: Box<RawValue>,
}

/// A text, or OpenAI's parts; only its schema is used.
struct MessageContent;

impl ToSchema for MessageContent {}

impl PartialSchema for MessageContent {
    fn schema() -> RefOr<Schema> {
        let kinds = SchemaType::from_iter([Type::String, Type::Array]);
        let words = "A text, or a list of OpenAI's parts, such as `{\"type\": \"text\", \"text\": \"Hello!\"}`.";
        ObjectBuilder::new().schema_type(kinds).description(Some(words)).into()
    }
}

/// A whole answer; also what the `done` event of a stream holds.
#[derive(Serialize, ToSchema)]
struct ChatAnswer {
    /// The provider's id of the answer.
    #[schema(pattern = "@text")]
    id: String,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
    model: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// `null` when the provider did not say.
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    /// In dollars; `null`: unknown, or unpriced.
    #[schema(value_type = Option<f64>)]
    cost: Option<Nanos>,
    cost_nanos: Option<i64>,
    finish_reason: Option<&'static str>,
    credential_id: String,
    #[schema(pattern = "@scope")]
    credential_scope: &'static str,
    /// The saved conversation that keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
}

async fn create_chat_completion(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    axum::Extension(passport): axum::Extension<Passport>,
    axum::Extension(LetInAt(callers_epoch)): axum::Extension<LetInAt>,
    headers: HeaderMap,
    Json(body): Json<ChatBody, CALL_BODY_BYTES>,
) -> Result<Response, Failure> {
    let wire_body = wire_body(&body)?;
    let keeping = kept::of(&app, &caller, &body, passport.request).await?;
    let wishes = wishes::of(&app, &headers)?;
    let door = "POST /v2/llm/chat/completions";
    let claim = match idempotent::begin(&app, &caller, &headers, door, &wire_body).await? {
        Turn::Do(claim) => claim,
        Turn::Replay(_) => return Err(already_done().into()),
    };
    let call = Call {
        request: passport.request,
        client_request_id: passport.client_request_id(),
        wire: WireName::OpenAiChat,
        url: None,
        wire_headers: Vec::new(),
        body: wire_body,
        max_tokens: body.max_tokens,
        source: wishes::source(&caller, &headers),
        wishes,
        is_idempotent: claim.is_some(),
        callers_epoch,
    };
    let (claim, answered) = idempotent::unless_refused(claim, chat::complete(&app, &caller, call).await).await?;
    answer(answered, passport, claim, keeping).await
}

async fn answer(
    answered: Answered,
    passport: Passport,
    claim: Option<Claim>,
    keeping: Option<Keeping>,
) -> Result<Response, Failure> {
    let Answered { payment, content } = answered;
    let mut claim = claim;
    let mut response = match content {
        Content::Whole { body, is_stream: true, .. } => {
            let view = kept_view(&payment, collected(&payment, &body)?, keeping).await;
            (event_stream_headers(), whole_as_events(&view)).into_response()
        }
        Content::Whole { body, .. } => {
            axum::Json(kept_view(&payment, decode(&payment, &body)?, keeping).await).into_response()
        }
        Content::Stream(stream) => {
            let body = stream_body(*stream, payment.clone(), passport, (claim.take(), keeping))?;
            (StatusCode::OK, event_stream_headers(), body).into_response()
        }
    };
    if let Some(claim) = claim {
        claim.finish(response.status().as_u16(), None).await;
    }
    wishes::say_who_paid(response.headers_mut(), &payment);
    if let Some(limits) = &payment.limits {
        wishes::say_limits(response.headers_mut(), limits, false);
    }
    Ok(response)
}

/// The call in OpenAI's words, as every call goes through `app::chat`.
fn wire_body(body: &ChatBody) -> Result<Bytes, Error> {
    if body.max_tokens == Some(0) {
        return Err(Error::invalid("max_tokens", "must be at least 1"));
    }
    if body.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        return Err(Error::invalid("temperature", "must be between 0 and 2"));
    }
    if body.top_p.is_some_and(|top_p| !(0.0..=1.0).contains(&top_p)) {
        return Err(Error::invalid("top_p", "must be between 0 and 1"));
    }
    if body.reasoning_effort.as_deref().is_some_and(|effort| !EFFORTS.contains(&effort)) {
        return Err(Error::invalid("reasoning_effort", format!("must be one of: {}", EFFORTS.join(", "))));
    }
    for message in &body.messages {
        if !matches!(message.role.as_str(), "system" | "developer" | "user" | "assistant") {
            return Err(Error::invalid("messages.role", "must be system, user or assistant"));
        }
        let content = message.content.get();
        if !(content.starts_with('"') || content.starts_with('[')) {
            return Err(Error::invalid("messages.content", "must be a text or a list of parts"));
        }
    }
    let is_stream = body.stream == Some(true);
    let mut whole = json!({"model": body.model_id, "stream": is_stream});
    if let Some(temperature) = body.temperature {
        whole["temperature"] = json!(temperature);
    }
    if let Some(top_p) = body.top_p {
        whole["top_p"] = json!(top_p);
    }
    if let Some(seed) = body.seed {
        whole["seed"] = json!(seed);
    }
    if let Some(effort) = &body.reasoning_effort {
        whole["reasoning_effort"] = json!(effort);
    }
    if is_stream {
        whole["stream_options"] = json!({"include_usage": true});
    }
    let messages = serde_json::to_string(&body.messages)
        .map_err(|error| Error::new(Code::InvalidJson, "The messages are not JSON. Check them.").because(error))?;
    // Spliced as text, so that the contents reach the provider as they were typed.
    let head = whole.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    Ok(Bytes::from(format!("{head},\"messages\":{messages}}}")))
}

/// A whole answer in OpenAI's words, read.
///
/// # Errors
/// `provider_error` when it cannot be read.
pub(crate) fn decode(payment: &Payment, answer: &[u8]) -> Result<Answer, Error> {
    let wire = wire::of(WireName::OpenAiChat).ok_or_else(unreadable)?;
    wire.decode_answer(payment.provider, answer).map_err(|_| unreadable())
}

/// The answer that a stream's events make, all of them there.
fn collected(payment: &Payment, events: &[u8]) -> Result<Answer, Error> {
    let mut decoder = wire::of(WireName::OpenAiChat).ok_or_else(unreadable)?.decode_stream(payment.provider);
    let mut answer = Answer::default();
    let mut happenings = decoder.push(events);
    happenings.extend(decoder.finish());
    for happening in happenings {
        note(&mut answer, happening);
    }
    answer.id = decoder.names().0.unwrap_or_default().to_owned();
    Ok(answer)
}

/// Adds what happened to the answer. Returns what is told of it at once.
fn note(answer: &mut Answer, happening: StreamEvent) -> Option<Value> {
    match happening {
        StreamEvent::Delta { text } | StreamEvent::Refusal { text } => {
            answer.text.push_str(&text);
            return Some(json!({"content": text}));
        }
        StreamEvent::Reasoning { text } => {
            answer.reasoning.push_str(&text);
            return Some(json!({"reasoning": text}));
        }
        StreamEvent::Finish(finish) => answer.finish = Some(finish),
        StreamEvent::Usage { tokens, .. } => answer.usage = tokens,
        StreamEvent::ToolCallStart { .. }
        | StreamEvent::ToolCallArguments { .. }
        | StreamEvent::Replay(_)
        | StreamEvent::Error(_) => {}
    }
    None
}

fn unreadable() -> Error {
    Error::new(Code::ProviderError, "The provider's answer cannot be read. Try again, or use /v1/chat/completions.")
}

/// The answer as it is told, after it was kept where the call wants that.
async fn kept_view(payment: &Payment, answer: Answer, keeping: Option<Keeping>) -> ChatAnswer {
    let conversation_id = keeping.as_ref().map(|keeping| keeping.conversation.to_string());
    if let Some(keeping) = keeping {
        keeping.keep(payment, &answer).await;
    }
    ChatAnswer { conversation_id, ..view(payment, answer) }
}

fn view(payment: &Payment, answer: Answer) -> ChatAnswer {
    let text = if answer.text.is_empty() { answer.refusal.unwrap_or_default() } else { answer.text };
    ChatAnswer {
        id: answer.id,
        content: text,
        reasoning: (!answer.reasoning.is_empty()).then_some(answer.reasoning),
        model: payment.model.clone(),
        provider: payment.provider.as_str(),
        input_tokens: answer.usage.map(|usage| usage.prompt),
        output_tokens: answer.usage.map(|usage| usage.completion),
        cost: payment.cost,
        cost_nanos: payment.cost.map(|cost| cost.0),
        finish_reason: answer.finish.map(FinishReason::as_str),
        credential_id: payment.credential.to_string(),
        credential_scope: payment.scope.as_str(),
        conversation_id: None,
    }
}

fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn done_event(view: &ChatAnswer) -> Bytes {
    let data = serde_json::to_string(view).unwrap_or_else(|_| "{}".to_owned());
    Bytes::from(format!("event: done\ndata: {data}\n\n"))
}

/// A whole answer for a client that asked for a stream.
fn whole_as_events(view: &ChatAnswer) -> Vec<u8> {
    let mut told = Vec::new();
    if let Some(reasoning) = &view.reasoning {
        told.extend_from_slice(&event("delta", &json!({"reasoning": reasoning})));
    }
    if !view.content.is_empty() {
        told.extend_from_slice(&event("delta", &json!({"content": view.content})));
    }
    told.extend_from_slice(&done_event(view));
    told
}

/// A stream being retold in Ownkey's own events.
struct Retelling {
    stream: AnswerStream,
    decoder: Box<dyn StreamDecoder>,
    payment: Payment,
    passport: Passport,
    answer: Answer,
    claim: Option<Claim>,
    keeping: Option<Keeping>,
    is_over: bool,
}

fn stream_body(
    stream: AnswerStream,
    payment: Payment,
    passport: Passport,
    (claim, keeping): (Option<Claim>, Option<Keeping>),
) -> Result<Body, Error> {
    let wire = wire::of(WireName::OpenAiChat).ok_or_else(unreadable)?;
    let decoder = wire.decode_stream(payment.provider);
    let answer = Answer::default();
    let retelling = Retelling { stream, decoder, payment, passport, answer, claim, keeping, is_over: false };
    Ok(Body::from_stream(stream::unfold(retelling, |mut retelling| async move {
        let bytes = retelling.next().await?;
        Some((Ok::<Bytes, Infallible>(bytes), retelling))
    })))
}

impl Retelling {
    /// The next events, joined; `None` after the last one.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.is_over {
            let told = match self.stream.next().await {
                Some(Piece::Data(bytes)) => {
                    let events = self.decoder.push(&bytes);
                    let told = self.tell(events);
                    if self.answer.text.len() + self.answer.reasoning.len() > conversations::MOST_SAID {
                        self.stream.stop();
                        return Some(self.broke_off(&conversations::too_long()).await);
                    }
                    told
                }
                Some(Piece::Silence) => b": ping\n\n".to_vec(),
                Some(Piece::Failed(error)) => return Some(self.broke_off(&error).await),
                None => {
                    self.is_over = true;
                    if let Some(claim) = self.claim.take() {
                        claim.finish(StatusCode::OK.as_u16(), None).await;
                    }
                    let events = self.decoder.finish();
                    let mut told = self.tell(events);
                    self.payment.cost = self.stream.client_cost();
                    self.answer.id = self.stream.id();
                    let answer = std::mem::take(&mut self.answer);
                    let view = kept_view(&self.payment, answer, self.keeping.take()).await;
                    told.extend_from_slice(&done_event(&view));
                    told
                }
            };
            if !told.is_empty() {
                return Some(Bytes::from(told));
            }
        }
        None
    }

    /// The last event of an answer that does not come to its end.
    async fn broke_off(&mut self, error: &Error) -> Bytes {
        self.is_over = true;
        if let Some(claim) = self.claim.take() {
            claim.give_back().await;
        }
        event("error", &problem::envelope(error, Dialect::Problem, &self.passport.shown, None))
    }

    fn tell(&mut self, events: Vec<StreamEvent>) -> Vec<u8> {
        let deltas = events.into_iter().filter_map(|happening| note(&mut self.answer, happening));
        deltas.flat_map(|delta| event("delta", &delta)).collect()
    }
}
