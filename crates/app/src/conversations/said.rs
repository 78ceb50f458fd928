//! Saying something in a chat, asking again, stopping, and taking back.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::conversation::{
    self, Author, Conversation, Message, MessageState, Outline, Parameters, Part, bytes_of, check_parts, title_of,
};
use domain::ids::{ConversationId, MessageId, RequestId};
use domain::{Caller, Timestamp};
use store::conversations::Added;
use tokio::sync::oneshot;

use super::answer::{self, Question};
use super::live::Live;
use super::{check_model, check_parameters, context, get};
use crate::App;
use crate::error::{Code, Error, Result};

/// The most answers to one person at once.
const AT_ONCE: usize = 16;

/// The most messages of one chat.
const LONGEST: usize = 5_000;

/// The most bytes of one chat, attachments and all branches included: all of it
/// is read at once.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How a request to a model came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its id in the ledger.
    pub request: RequestId,
    /// What was known about callers when it was let in.
    pub callers_epoch: u64,
}

/// What is said.
#[derive(Clone, Debug)]
pub struct Sending {
    /// What it follows: `None`: the end of the branch that is read;
    /// `Some(None)`: nothing, it begins the chat anew.
    pub parent: Option<Option<MessageId>>,
    /// What is said.
    pub parts: Vec<Part>,
    /// Another model than the chat's, for this answer.
    pub model: Option<String>,
    /// Other parameters than the chat's, for this answer.
    pub parameters: Option<Parameters>,
}

/// An answer was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What was said.
    pub user_message: MessageId,
    /// The answer that is coming.
    pub answer: MessageId,
}

/// Says something: an answer is begun, which goes on when nobody looks.
///
/// # Errors
/// `not_found`, `invalid_request`, `conflict` while what it follows is coming,
/// `rate_limited` with too many answers under way. What stands in the way of the
/// call itself is kept with the answer.
pub async fn send(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    id: ConversationId,
    asked: Asked,
    sending: Sending,
) -> Result<Begun> {
    let known = get(app, caller, id).await?.conversation;
    check_parts(&sending.parts).map_err(|problem| Error::invalid("content", problem))?;
    let outline = store::conversations::outline_of(&app.store, id).await?;
    check_room(&outline, &sending.parts)?;
    let parent = match sending.parent {
        Some(parent) => parent,
        None => super::branch(&known, &outline).last().map(|message| message.id),
    };
    if let Some(parent) = parent {
        check_parent(&outline, parent)?;
    }
    let messages = on_the_way_to(app, id, &outline, parent).await?;
    let now = app.clock.now();
    let said = blank(app, &known, parent, Author::User, MessageState::Done, now, sending.parts);
    let settled = settled(&known, sending.model, sending.parameters)?;
    let mut path: Vec<&Message> = messages.iter().collect();
    path.push(&said);
    let title = known.title.is_empty().then(|| title_of(&said.text()));
    let answer =
        begin(app, caller, asked, Beginning { known: &known, settled, path, said: Some(&said), title }).await?;
    Ok(Begun { user_message: said.id, answer })
}

/// Asks again for an answer: a new one beside it. Of what a person said, the
/// answer to that.
///
/// # Errors
/// As [`send`].
pub async fn regenerate(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    (id, of): (ConversationId, MessageId),
    asked: Asked,
    model: Option<String>,
) -> Result<Begun> {
    let known = get(app, caller, id).await?.conversation;
    let outline = store::conversations::outline_of(&app.store, id).await?;
    check_room(&outline, &[])?;
    let find = |id| outline.iter().find(|message| message.id == id);
    let message = find(of).ok_or_else(|| Error::not_found("message"))?;
    let question = match message.author {
        Author::User => Some(message),
        Author::Assistant => message.parent.and_then(find),
    };
    let question = question.ok_or_else(|| Error::not_found("message"))?;
    let settled = settled(&known, model, None)?;
    let messages = on_the_way_to(app, id, &outline, Some(question.id)).await?;
    let path: Vec<&Message> = messages.iter().collect();
    let answer = begin(app, caller, asked, Beginning { known: &known, settled, path, said: None, title: None }).await?;
    Ok(Begun { user_message: question.id, answer })
}

/// Stops an answer; what was said until then stays. At another node it takes up
/// to a second.
///
/// # Errors
/// `not_found`. One that is over stays as it is.
pub async fn stop(app: &App, caller: &Caller, id: ConversationId, message: MessageId) -> Result<()> {
    let message = find(app, caller, id, message).await?;
    match app.talks.find(message.id) {
        Some(live) => live.stop.cancel(),
        None => {
            store::conversations::ask_to_stop(&app.store, message.id).await?;
        }
    }
    Ok(())
}

/// Takes a message out, with everything that follows it.
///
/// # Errors
/// `not_found`.
pub async fn delete_message(app: &App, caller: &Caller, id: ConversationId, message: MessageId) -> Result<()> {
    let known = get(app, caller, id).await?.conversation;
    let gone = store::conversations::delete_message(&app.store, id, message).await?;
    if gone.is_empty() {
        return Err(Error::not_found("message"));
    }
    for id in gone {
        if let Some(live) = app.talks.find(id) {
            live.stop.cancel();
        }
    }
    super::changed(app, &known);
    Ok(())
}

/// A picture of a message: its kind and its bytes.
///
/// # Errors
/// `not_found`.
pub async fn picture(
    app: &App,
    caller: &Caller,
    (id, message): (ConversationId, MessageId),
    place: usize,
) -> Result<(String, Vec<u8>)> {
    let message = find(app, caller, id, message).await?;
    let Some(Part::Image { media_type, data, .. }) = message.parts.get(place) else {
        return Err(Error::not_found("picture"));
    };
    let bytes = STANDARD.decode(data).map_err(|_| Error::not_found("picture"))?;
    Ok((media_type.clone(), bytes))
}

/// A message of one of the caller's chats.
pub(super) async fn find(app: &App, caller: &Caller, id: ConversationId, message: MessageId) -> Result<Message> {
    get(app, caller, id).await?;
    store::conversations::message(&app.store, id, message).await?.ok_or_else(|| Error::not_found("message"))
}

/// What was said up to `leaf`, from the first message on: other branches are not read.
async fn on_the_way_to(
    app: &App,
    id: ConversationId,
    outline: &[Outline],
    leaf: Option<MessageId>,
) -> Result<Vec<Message>> {
    let path: Vec<MessageId> = conversation::path(outline, leaf).into_iter().map(|message| message.id).collect();
    Ok(store::conversations::messages_at(&app.store, id, &path).await?)
}

/// Passes while the chat has room for one thing more.
pub(super) fn check_room(messages: &[Outline], more: &[Part]) -> Result<()> {
    let held: u64 = messages.iter().map(|message| message.bytes).sum();
    if messages.len() < LONGEST && held + bytes_of(more) as u64 <= LARGEST {
        return Ok(());
    }
    Err(Error::invalid("content", format!("does not fit: a chat keeps {LONGEST} messages and 64 MB. Begin a new one")))
}

/// Passes for what something may follow.
fn check_parent(messages: &[Outline], parent: MessageId) -> Result<()> {
    let parent = messages
        .iter()
        .find(|message| message.id == parent)
        .ok_or_else(|| Error::invalid("parent_id", "names no message of this conversation"))?;
    if parent.state == MessageState::Running {
        return Err(Error::new(
            Code::Conflict,
            "The answer before it is still coming. Wait for its end, or stop it first.",
        ));
    }
    Ok(())
}

/// What a model is asked, and which.
struct Settled {
    model: String,
    parameters: Parameters,
}

/// The chat's own model and parameters, or those of this answer.
fn settled(known: &Conversation, model: Option<String>, parameters: Option<Parameters>) -> Result<Settled> {
    let model = model.or_else(|| known.model.clone());
    let model = model.ok_or_else(|| Error::invalid("model", "is missing: the conversation has none. Choose one"))?;
    check_model(&model)?;
    if let Some(parameters) = &parameters {
        check_parameters(parameters)?;
    }
    Ok(Settled { model, parameters: parameters.unwrap_or_else(|| known.parameters.clone()) })
}

/// An answer to be begun.
struct Beginning<'a> {
    known: &'a Conversation,
    settled: Settled,
    /// What was said, up to what is answered.
    path: Vec<&'a Message>,
    /// The last of them, where it is new.
    said: Option<&'a Message>,
    title: Option<String>,
}

/// Writes the answer down as running, and sets about fetching it.
async fn begin(app: &Arc<App>, caller: &Arc<Caller>, asked: Asked, beginning: Beginning<'_>) -> Result<MessageId> {
    let Beginning { known, settled, path, said, title } = beginning;
    // Before anything is written: what does not fit is refused, and nothing is lost.
    let body = context::body(known, &path, &settled.model, &settled.parameters)?;
    let too_many = || {
        Error::new(
            Code::RateLimited,
            format!("{AT_ONCE} answers to you are coming, the most there may be. Wait for one, or stop one."),
        )
    };
    let running = store::conversations::running_of_user(&app.store, caller.user).await?;
    if usize::try_from(running).unwrap_or(0) >= AT_ONCE {
        return Err(too_many());
    }
    let now = app.clock.now();
    let parent = path.last().map(|message| message.id);
    let mut answer = blank(app, known, parent, Author::Assistant, MessageState::Running, now, Vec::new());
    answer.model = Some(settled.model);
    answer.credential = known.credential;
    answer.request = Some(asked.request);
    let live = Live::new(caller.user, known.id, answer.id);
    // Before it is written, so that whoever reads of it finds it.
    if !app.talks.enter(&live, AT_ONCE) {
        return Err(too_many());
    }
    let id = answer.id;
    let question = Question {
        caller: Arc::clone(caller),
        asked,
        body,
        max_tokens: settled.parameters.max_tokens,
        pinned: known.credential,
    };
    let start = Start { conversation: known.id, said: said.cloned(), answer, title };
    let (told, hears) = oneshot::channel();
    // Beside the request: it is written and fetched also when the asker leaves
    // in between.
    app.spawn({
        let app = Arc::clone(app);
        async move {
            let written = start.write(&app, now).await;
            if written.is_err() {
                app.talks.leave(id);
            }
            let is_written = written.is_ok();
            let _left = told.send(written);
            if is_written {
                answer::fetch(app, live, start.answer, question).await;
            }
        }
    });
    let gone = |_| Error::new(Code::Internal, "The answer could not be begun. Try again; the log says more.");
    hears.await.map_err(gone)??;
    super::changed(app, known);
    Ok(id)
}

/// What is written down when an answer is begun.
struct Start {
    conversation: ConversationId,
    said: Option<Message>,
    answer: Message,
    title: Option<String>,
}

impl Start {
    async fn write(&self, app: &App, now: Timestamp) -> Result<()> {
        let messages: Vec<&Message> = self.said.iter().chain([&self.answer]).collect();
        let added =
            store::conversations::add(&app.store, self.conversation, &messages, self.title.as_deref(), now).await?;
        match added {
            Added::Yes => Ok(()),
            Added::Gone => Err(Error::new(
                Code::Conflict,
                "The conversation, or the message before it, was deleted meanwhile. Read it again.",
            )),
        }
    }
}

/// A message of which nothing is known but what is said.
pub(super) fn blank(
    app: &App,
    known: &Conversation,
    parent: Option<MessageId>,
    author: Author,
    state: MessageState,
    now: Timestamp,
    parts: Vec<Part>,
) -> Message {
    Message {
        id: MessageId::generate(now, &app.entropy),
        conversation: known.id,
        parent,
        author,
        parts,
        reasoning: String::new(),
        reasoning_ms: None,
        state,
        model: None,
        provider: None,
        credential: None,
        scope: None,
        request: None,
        tokens: None,
        cost: None,
        first_token_ms: None,
        latency_ms: None,
        finish: None,
        dropped: Vec::new(),
        failure: None,
        created_at: now,
    }
}
