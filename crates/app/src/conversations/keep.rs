//! Keeping what somebody asked and heard through `/v2`, in a chat of theirs.

use domain::Caller;
use domain::conversation::{Author, MessageState, Part, title_of};
use domain::ids::{ConversationId, RequestId};
use llm::neutral::{Answer, FinishReason};
use store::conversations::Added;

use super::said::{blank, check_room};
use super::{branch, changed, get};
use crate::App;
use crate::call::Payment;
use crate::error::{Error, Result};

/// What was asked, and the answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request in the ledger.
    pub request: RequestId,
    /// What was asked.
    pub parts: Vec<Part>,
    /// Who paid.
    pub payment: Payment,
    /// What was answered.
    pub answer: Answer,
}

/// Keeps an exchange at the end of the branch that is read.
///
/// # Errors
/// `not_found`, or when the store cannot be written.
pub async fn keep(app: &App, caller: &Caller, id: ConversationId, exchange: Exchange) -> Result<()> {
    let known = get(app, caller, id).await?.conversation;
    let outline = store::conversations::outline_of(&app.store, id).await?;
    let Exchange { request, parts, payment, answer } = exchange;
    let now = app.clock.now();
    check_room(&outline, &parts)?;
    let parent = branch(&known, &outline).last().map(|message| message.id);
    let asked = blank(app, &known, parent, Author::User, MessageState::Done, now, parts);
    let mut heard = blank(app, &known, Some(asked.id), Author::Assistant, MessageState::Done, now, Vec::new());
    heard.model = Some(payment.model);
    heard.credential = Some(payment.credential);
    heard.request = Some(request);
    let text = if answer.text.is_empty() { answer.refusal.unwrap_or_default() } else { answer.text };
    heard.parts = vec![Part::Text { text: text.replace('\0', "\u{fffd}") }];
    heard.reasoning = answer.reasoning.replace('\0', "\u{fffd}");
    heard.provider = Some(payment.provider);
    heard.scope = Some(payment.scope);
    heard.tokens = answer.usage;
    heard.cost = payment.cost;
    heard.finish = answer.finish.map(FinishReason::as_str).map(str::to_owned);
    heard.dropped = payment.dropped;
    let title = known.title.is_empty().then(|| title_of(&asked.text()));
    // Both at once: whoever leaves in between leaves no answer that never ends.
    let added = store::conversations::add(&app.store, id, &[&asked, &heard], title.as_deref(), now).await?;
    if added == Added::Gone {
        return Err(Error::not_found("conversation"));
    }
    changed(app, &known);
    Ok(())
}
