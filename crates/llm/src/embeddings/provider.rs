//! What providers are asked, and what they answer.

mod decode;
mod encode;

use domain::ProviderId;
use domain::attempt::ErrorClass;
use domain::provider::WireName;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::{EmbeddingAnswer, EmbeddingRequest};
use crate::UpstreamError;
use crate::wire::{self, AnswerFacts, Target, gemini};

pub use decode::decode;
pub use encode::encode;

/// How a provider wants to be asked for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As OpenAI.
    OpenAi,
    /// As OpenAI, with a name of its own for dimensions and nothing unknown.
    Mistral,
    /// Google's `:batchEmbedContents`.
    Gemini,
    /// Ollama's own `/api/embed`, which lies beside its `/v1`.
    Ollama,
}

/// The provider's dialect; `None`: it makes no vectors.
#[must_use]
pub const fn dialect(provider: ProviderId) -> Option<Dialect> {
    match provider {
        ProviderId::Anthropic => None,
        ProviderId::Google => Some(Dialect::Gemini),
        ProviderId::Mistral => Some(Dialect::Mistral),
        ProviderId::Ollama => Some(Dialect::Ollama),
        ProviderId::OpenAi
        | ProviderId::XAi
        | ProviderId::Azure
        | ProviderId::HuggingFace
        | ProviderId::OpenRouter
        | ProviderId::Groq
        | ProviderId::Fireworks
        | ProviderId::LmStudio
        | ProviderId::Custom => Some(Dialect::OpenAi),
    }
}

/// The dialect at this place: of an Ollama behind a proxy that shows its OpenAI
/// layer alone it is OpenAI's.
#[must_use]
pub fn dialect_at(target: &Target<'_>) -> Option<Dialect> {
    let dialect = dialect(target.provider)?;
    let is_layer = dialect == Dialect::Ollama && wire::spoken_to(target, WireName::OpenAiChat) == WireName::OpenAiChat;
    Some(if is_layer { Dialect::OpenAi } else { dialect })
}

/// The path below the provider's endpoint.
#[must_use]
pub fn path(dialect: Dialect, model: &str) -> String {
    match dialect {
        Dialect::OpenAi | Dialect::Mistral => "/embeddings".to_owned(),
        Dialect::Ollama => "/api/embed".to_owned(),
        Dialect::Gemini => gemini::embedding_path(model, true),
    }
}

/// Checks vectors against what was asked: as many as texts, and as long.
///
/// # Errors
/// The provider made others, as older servers do that do not know the field.
pub fn checked(
    provider: ProviderId,
    request: &EmbeddingRequest,
    answer: EmbeddingAnswer,
) -> Result<EmbeddingAnswer, UpstreamError> {
    let name = provider.display_name();
    if answer.vectors.len() != request.input.len() {
        let (asked, made) = (request.input.len(), answer.vectors.len());
        let message = format!("{name} made {made} vectors of {asked} texts. Send the request again.");
        return Err(UpstreamError::ours(ErrorClass::ServerError, message));
    }
    let other = |asked: u64| answer.vectors.iter().map(Vec::len).find(|length| *length as u64 != asked);
    if let Some((asked, made)) = request.dimensions.and_then(|asked| Some((asked, other(asked)?))) {
        let message = format!(
            "{name} makes vectors of {made} numbers with this model, where {asked} were asked for. Leave `dimensions` \
             out, or use another model."
        );
        let mut error = UpstreamError::ours(ErrorClass::BadRequest, message);
        error.param = Some("dimensions".to_owned());
        return Err(error);
    }
    Ok(answer)
}

/// What is known of a passed answer.
///
/// # Errors
/// The failure that it holds in place of vectors.
pub fn inspect(provider: ProviderId, body: &[u8]) -> Result<AnswerFacts, UpstreamError> {
    let answer = decode(provider, body)?;
    Ok(AnswerFacts {
        usage: answer.usage,
        absurd: answer.usage_is_absurd,
        cost: answer.cost,
        response_model: Some(answer.model).filter(|model| !model.is_empty()),
        ..AnswerFacts::default()
    })
}

/// Reads an answer that is a failure, in the words of the provider's wire.
#[must_use]
pub fn read_error(provider: ProviderId, status: u16, headers: &HeaderMap, body: &[u8]) -> UpstreamError {
    match wire::of(provider.facts().wire).or_else(|| wire::of(WireName::OpenAiChat)) {
        Some(wire) => wire.read_error(provider, status, headers, body),
        None => instead(provider, body),
    }
}

/// A body of success without vectors: the failure it tells of, where it does.
fn instead(provider: ProviderId, body: &[u8]) -> UpstreamError {
    let tells = serde_json::from_slice::<Map<String, Value>>(body).is_ok_and(|body| body.contains_key("error"));
    if tells {
        return read_error(provider, 200, &HeaderMap::new(), body);
    }
    let name = provider.display_name();
    UpstreamError::ours(
        ErrorClass::ServerError,
        format!("{name} sent something that holds no vectors. Check that the endpoint makes embeddings."),
    )
}
