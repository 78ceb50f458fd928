//! Saved chats. A chat is its owner's alone: to everybody else, admins too, it is
//! not there. Whoever runs the server can read the database, and the page says so.

mod answer;
mod context;
mod export;
mod follow;
mod keep;
mod live;
mod said;

use domain::conversation::{self, Conversation, LONGEST_TITLE, Message, Parameters};
use domain::ids::ConversationId;
use domain::text::{self, is_invisible};
use domain::{Caller, Timestamp};
use store::audit::Page;
use store::conversations::{Changes, ConversationCursor, Shown};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::{credentials, naming};

/// What a new chat is to be, or what is to change in one.
pub use store::conversations::Changes as Edit;

pub use export::{Export, Exported, export};
pub use follow::{Following, Heard, follow};
pub use keep::{Exchange, keep};
pub use said::{Asked, Begun, Sending, delete_message, picture, regenerate, send, stop};

pub(crate) use live::Talks;

/// The most characters of a system prompt.
const LONGEST_PROMPT: usize = 100_000;

/// The most characters of a model's name.
const LONGEST_MODEL: usize = 512;

/// The most characters that are searched for.
const LONGEST_SEARCH: usize = 200;

/// The most bytes that are kept of one answer, words and thoughts together.
pub const MOST_SAID: usize = 4 * 1024 * 1024;

/// Why an answer that goes on beyond that is stopped.
#[must_use]
pub fn too_long() -> Error {
    Error::new(
        Code::ProviderError,
        "The answer is longer than 4 MB, the most that is kept of one, so it was stopped there. Ask for less at a time.",
    )
}

/// How long a temporary chat is kept after the last word.
pub(crate) const TEMPORARY: std::time::Duration = std::time::Duration::from_hours(24);

/// The caller's chats, those in which something was said last first.
///
/// # Errors
/// `invalid_request` for a search that is too long, or when the store cannot be
/// read.
pub async fn list(
    app: &App,
    caller: &Caller,
    search: Option<&str>,
    after: Option<ConversationCursor>,
    limit: i64,
) -> Result<Page<Shown, ConversationCursor>> {
    let search = search.map(str::trim).filter(|search| !search.is_empty());
    if search.is_some_and(|search| search.chars().count() > LONGEST_SEARCH) {
        return Err(Error::invalid("search", format!("is longer than {LONGEST_SEARCH} characters; shorten it")));
    }
    Ok(store::conversations::list(&app.store, caller.user, search, after, limit).await?)
}

/// One of the caller's chats.
///
/// # Errors
/// `not_found`, also when it is somebody else's.
pub async fn get(app: &App, caller: &Caller, id: ConversationId) -> Result<Shown> {
    let shown = store::conversations::by_id(&app.store, id).await?;
    shown.filter(|shown| shown.conversation.user == caller.user).ok_or_else(|| Error::not_found("conversation"))
}

/// One of the caller's chats with everything said in it, oldest first.
///
/// # Errors
/// `not_found`.
pub async fn read(app: &App, caller: &Caller, id: ConversationId) -> Result<(Shown, Vec<Message>)> {
    let shown = get(app, caller, id).await?;
    let messages = store::conversations::messages_of(&app.store, id).await?;
    Ok((shown, messages))
}

/// Begins a chat.
///
/// # Errors
/// `invalid_request`, or `not_found` for a key that the caller does not have.
pub async fn create(app: &App, caller: &Caller, new: Edit) -> Result<Shown> {
    let now = app.clock.now();
    let empty = Conversation {
        id: ConversationId::generate(now, &app.entropy),
        user: caller.user,
        title: String::new(),
        model: None,
        credential: None,
        system_prompt: String::new(),
        parameters: Parameters::default(),
        is_temporary: false,
        leaf: None,
        created_at: now,
        updated_at: now,
    };
    if new.leaf.is_some() {
        return Err(Error::invalid("leaf_id", "names no message: nothing was said yet"));
    }
    let changes = checked(app, caller, new).await?;
    let conversation = Conversation {
        title: changes.title.unwrap_or_default(),
        system_prompt: changes.system_prompt.unwrap_or_default(),
        model: changes.model.flatten(),
        credential: changes.credential.flatten(),
        parameters: changes.parameters.unwrap_or_default(),
        is_temporary: changes.is_temporary.unwrap_or(false),
        ..empty
    };
    if !store::conversations::insert(&app.store, &conversation).await? {
        return Err(Error::not_found("user"));
    }
    changed(app, &conversation);
    get(app, caller, conversation.id).await
}

/// Changes what a chat is set to.
///
/// # Errors
/// `not_found`, `invalid_request`.
pub async fn edit(app: &App, caller: &Caller, id: ConversationId, edit: Edit) -> Result<Shown> {
    let known = get(app, caller, id).await?.conversation;
    if let Some(leaf) = edit.leaf {
        let message = store::conversations::message(&app.store, id, leaf).await?;
        message.ok_or_else(|| Error::invalid("leaf_id", "names no message of this conversation"))?;
    }
    let changes = checked(app, caller, edit).await?;
    if !store::conversations::update(&app.store, id, &changes).await? {
        return Err(Error::not_found("conversation"));
    }
    changed(app, &known);
    get(app, caller, id).await
}

/// Deletes a chat. Answers that are coming are stopped.
///
/// # Errors
/// `not_found`.
pub async fn delete(app: &App, caller: &Caller, id: ConversationId) -> Result<()> {
    let known = get(app, caller, id).await?.conversation;
    app.talks.stop_conversation(id);
    store::conversations::delete(&app.store, id).await?;
    changed(app, &known);
    Ok(())
}

/// Forgets old chats, as the operator settled it.
pub(crate) async fn prune(app: &App) -> std::result::Result<u64, store::StoreError> {
    let now = app.clock.now();
    let before = app.settings.chat_retention.map(|kept| now.minus(kept));
    store::conversations::prune(&app.store, before, now.minus(TEMPORARY)).await
}

/// The edit, when all of it may be.
async fn checked(app: &App, caller: &Caller, edit: Edit) -> Result<Changes> {
    let title = edit.title.map(|title| text::line(&title, LONGEST_TITLE)).transpose();
    let system_prompt = edit.system_prompt.map(|prompt| text::note(&prompt, LONGEST_PROMPT)).transpose();
    let changes = Changes {
        title: title.map_err(|problem| Error::invalid("title", problem))?,
        system_prompt: system_prompt.map_err(|problem| Error::invalid("system_prompt", problem))?,
        ..edit
    };
    if let Some(Some(model)) = &changes.model {
        check_model(model)?;
    }
    if let Some(Some(credential)) = changes.credential {
        credentials::get(app, caller, credential).await?;
    }
    if let Some(parameters) = &changes.parameters {
        check_parameters(parameters)?;
    }
    Ok(changes)
}

/// Passes for what may be the name of a model.
fn check_model(model: &str) -> Result<()> {
    let fits = !model.trim().is_empty() && model.chars().count() <= LONGEST_MODEL && !model.contains(is_invisible);
    if fits && !naming::holds_a_key(model) {
        return Ok(());
    }
    Err(Error::invalid("model", "is no name of a model; choose one of GET /v2/llm-models"))
}

/// Passes for what a model may be asked.
fn check_parameters(parameters: &Parameters) -> Result<()> {
    let is_outside = |value: Option<f64>, most: f64| value.is_some_and(|value| !(0.0..=most).contains(&value));
    if is_outside(parameters.temperature, 2.0) {
        return Err(Error::invalid("parameters.temperature", "must be between 0 and 2"));
    }
    if is_outside(parameters.top_p, 1.0) {
        return Err(Error::invalid("parameters.top_p", "must be between 0 and 1"));
    }
    if parameters.max_tokens == Some(0) {
        return Err(Error::invalid("parameters.max_tokens", "must be at least 1"));
    }
    let is_word =
        |word: &str| !word.is_empty() && word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if parameters.reasoning_effort.as_deref().is_some_and(|effort| !is_word(effort)) {
        return Err(Error::invalid("parameters.reasoning_effort", "must be a word such as low, medium or high"));
    }
    Ok(())
}

/// Tells the owner's open pages.
fn changed(app: &App, conversation: &Conversation) {
    app.events.conversation_changed(app, conversation.user, conversation.id);
}

/// How a chat is named where it has no title.
#[must_use]
pub fn title_shown(conversation: &Conversation) -> &str {
    if conversation.title.is_empty() { "New chat" } else { &conversation.title }
}

/// The branch that is read: up to the chat's leaf, or the newest one.
#[must_use]
pub fn branch<'a, L: conversation::Link>(conversation: &Conversation, messages: &'a [L]) -> Vec<&'a L> {
    let path = conversation::path(messages, conversation.leaf);
    if path.is_empty() { conversation::path(messages, conversation::newest_leaf(messages, None)) } else { path }
}

/// The day on which something was last said, in UTC: `2026-11-21`.
#[must_use]
pub fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
