//! A call that names a saved chat: what was asked last and the answer are kept
//! there. Nothing is kept of other calls.

use std::sync::Arc;

use app::App;
use app::chat::Payment;
use app::conversations::{self, Exchange};
use app::error::{Code, Error};
use domain::Caller;
use domain::conversation::{Part, check_parts};
use domain::ids::{ConversationId, RequestId};
use llm::neutral::Answer;
use serde::Deserialize;

use super::ChatBody;

/// What is kept, as far as it is known before the answer.
pub(super) struct Keeping {
    app: Arc<App>,
    caller: Arc<Caller>,
    pub(super) conversation: ConversationId,
    request: RequestId,
    parts: Vec<Part>,
}

/// What the call wants kept; `None`: nothing.
///
/// # Errors
/// `not_found` when the chat is not the caller's, `invalid_request` when the last
/// message is not a person's, or cannot be kept.
pub(super) async fn of(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    body: &ChatBody,
    request: RequestId,
) -> Result<Option<Keeping>, Error> {
    let Some(id) = &body.conversation_id else { return Ok(None) };
    let missing = || Error::not_found("conversation").of_field("conversation_id");
    if caller.team().is_some() {
        let sentence = "A team's token opens no saved chat: chats are their owner's alone. Leave conversation_id out.";
        return Err(Error::new(Code::Forbidden, sentence).of_field("conversation_id"));
    }
    let conversation: ConversationId = id.parse().map_err(|_| missing())?;
    conversations::get(app, caller, conversation).await.map_err(|error| error.of_field("conversation_id"))?;
    let last = body.messages.last().filter(|message| message.role == "user");
    let last = last.ok_or_else(|| {
        Error::invalid("messages", "must end with a user's message, which is kept in the conversation")
    })?;
    let parts = parts_of(last.content.get())?;
    check_parts(&parts).map_err(|problem| Error::invalid("messages", problem))?;
    Ok(Some(Keeping { app: Arc::clone(app), caller: Arc::clone(caller), conversation, request, parts }))
}

impl Keeping {
    /// Keeps the exchange. The answer was paid, so that it is given to its reader
    /// also when it cannot be kept.
    pub(super) async fn keep(self, payment: &Payment, answer: &Answer) {
        let Self { app, caller, conversation, request, parts } = self;
        let exchange = Exchange { request, parts, payment: payment.clone(), answer: answer.clone() };
        if let Err(error) = conversations::keep(&app, &caller, conversation, exchange).await {
            tracing::warn!(%error, cause = error.cause_chain(), "an answer could not be kept in its conversation");
        }
    }
}

/// One of OpenAI's parts, as far as a chat keeps it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OpenAiPart {
    Text {
        text: String,
    },
    ImageUrl {
        image_url: ImageUrl,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OpenAiContent {
    Text(String),
    Parts(Vec<OpenAiPart>),
}

/// What a content says: texts, and pictures that came along. What is named by its
/// address is kept as that.
fn parts_of(content: &str) -> Result<Vec<Part>, Error> {
    let content: OpenAiContent = serde_json::from_str(content)
        .map_err(|_| Error::invalid("messages.content", "must be a text or a list of parts"))?;
    let parts = match content {
        OpenAiContent::Text(text) => return Ok(vec![Part::Text { text }]),
        OpenAiContent::Parts(parts) => parts,
    };
    let kept = |part| match part {
        OpenAiPart::Text { text } => Some(Part::Text { text }),
        OpenAiPart::ImageUrl { image_url } => Some(picture(image_url.url)),
        OpenAiPart::Other => None,
    };
    Ok(parts.into_iter().filter_map(kept).collect())
}

fn picture(url: String) -> Part {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((kind, data)) => Part::Image { media_type: kind.to_owned(), name: None, data: data.to_owned() },
        None => Part::Text { text: url },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_pictures_of_a_call_are_kept() {
        let text = |text: &str| Part::Text { text: text.to_owned() };
        assert_eq!(parts_of("\"Hi\"").unwrap(), [text("Hi")]);
        let parts = r#"[{"type":"text","text":"Look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
            {"type":"image_url","image_url":{"url":"https://example.org/a.png"}},{"type":"input_audio","input_audio":{}}]"#;
        let image = Part::Image { media_type: "image/png".to_owned(), name: None, data: "AAAA".to_owned() };
        assert_eq!(parts_of(parts).unwrap(), [text("Look"), image, text("https://example.org/a.png")]);
        assert!(parts_of("7").is_err());
    }
}
