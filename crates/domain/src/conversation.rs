//! A saved chat: what it is set to, and what was said in it. What was said is a
//! tree: whoever asks again, or asks something else, begins another branch, and
//! nothing that was said is written over.

mod parts;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::attempt::ErrorClass;
use crate::credential::Scope;
use crate::ids::{ConversationId, CredentialId, MessageId, RequestId, UserId};
use crate::money::Nanos;
use crate::provider::ProviderId;
use crate::time::Timestamp;
use crate::usage::TokenCounts;

pub use parts::{
    IMAGE_BYTES, IMAGE_KINDS, MOST_ATTACHMENTS, MOST_PARTS, Part, PartProblem, TEXT_BYTES, bytes_of, check_parts,
    text_of,
};

/// The most characters of a title.
pub const LONGEST_TITLE: usize = 200;

/// The most characters of a title that is made of what was said.
const MADE_TITLE: usize = 60;

/// The deepest tree that is walked.
const DEEPEST: usize = 10_000;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The person.
    User,
    /// A model.
    Assistant,
}

crate::text_enum!(Author, "role" { User => "user", Assistant => "assistant" });

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// The answer is coming.
    Running,
    /// All of it is there.
    Done,
    /// Its reader stopped it.
    Stopped,
    /// It came to nothing, or broke off.
    Failed,
}

crate::text_enum!(MessageState, "state of a message" {
    Running => "running",
    Done => "done",
    Stopped => "stopped",
    Failed => "failed",
});

/// What a chat asks of its model, beside the messages. `None`: the model's own.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The longest answer, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How much it thinks, in OpenAI's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// A saved chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is; nobody else's to know of.
    pub user: UserId,
    /// What it is about; empty until something was said.
    pub title: String,
    /// The model, by any name a call may use; `None`: not chosen yet.
    pub model: Option<String>,
    /// The key that pays, and no other; `None`: whichever a call would use.
    pub credential: Option<CredentialId>,
    /// What the model is told first.
    pub system_prompt: String,
    /// What is asked of the model.
    pub parameters: Parameters,
    /// It is forgotten soon, and stands in no list.
    pub is_temporary: bool,
    /// The end of the branch that was read last.
    pub leaf: Option<MessageId>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last said.
    pub updated_at: Timestamp,
}

/// What went wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// To branch on: a code of an error, or `interrupted`.
    pub code: String,
    /// To read.
    pub sentence: String,
    /// What kind of failure, where a provider was called.
    pub class: Option<ErrorClass>,
}

/// The code of an answer that ended with the process that fetched it.
pub const INTERRUPTED: &str = "interrupted";

/// What it is told as.
pub const INTERRUPTED_SENTENCE: &str =
    "The server stopped while this answer came, so the rest of it is lost. Ask for it again.";

/// What somebody said, or an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The chat.
    pub conversation: ConversationId,
    /// What it follows; `None`: it is the first.
    pub parent: Option<MessageId>,
    /// Who says it.
    pub author: Author,
    /// What is said.
    pub parts: Vec<Part>,
    /// What the model thought, where it shows that.
    pub reasoning: String,
    /// For how long it thought.
    pub reasoning_ms: Option<i64>,
    /// How far it is; what a person says is done at once.
    pub state: MessageState,
    /// The model: as it was asked for, then as the provider names it.
    pub model: Option<String>,
    /// The provider that answered, or failed.
    pub provider: Option<ProviderId>,
    /// The key that paid, or failed.
    pub credential: Option<CredentialId>,
    /// Whose key.
    pub scope: Option<Scope>,
    /// The request in the ledger.
    pub request: Option<RequestId>,
    /// What it used; `None`: nobody knows.
    pub tokens: Option<TokenCounts>,
    /// What it cost; `None`: nobody knows.
    pub cost: Option<Nanos>,
    /// Until the first word.
    pub first_token_ms: Option<i64>,
    /// Until the last one.
    pub latency_ms: Option<i64>,
    /// Why it ended, in OpenAI's words.
    pub finish: Option<String>,
    /// Parameters that the model does not take and that were left out.
    pub dropped: Vec<String>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// Something that stands in a tree of messages.
pub trait Link {
    /// Its id.
    fn id(&self) -> MessageId;
    /// What it follows.
    fn parent(&self) -> Option<MessageId>;
}

impl Link for Message {
    fn id(&self) -> MessageId {
        self.id
    }

    fn parent(&self) -> Option<MessageId> {
        self.parent
    }
}

/// A message without what it says, as a list of many has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its id.
    pub id: MessageId,
    /// What it follows.
    pub parent: Option<MessageId>,
    /// Whose it is.
    pub author: Author,
    /// How far it is.
    pub state: MessageState,
    /// How much is kept of it, in bytes.
    pub bytes: u64,
}

impl Link for Outline {
    fn id(&self) -> MessageId {
        self.id
    }

    fn parent(&self) -> Option<MessageId> {
        self.parent
    }
}

impl Link for (MessageId, Option<MessageId>) {
    fn id(&self) -> MessageId {
        self.0
    }

    fn parent(&self) -> Option<MessageId> {
        self.1
    }
}

impl Message {
    /// Its text without what is attached.
    #[must_use]
    pub fn text(&self) -> String {
        text_of(&self.parts)
    }
}

/// The messages from the first one to `leaf`, in order; empty where `leaf` is
/// not among them.
#[must_use]
pub fn path<L: Link>(messages: &[L], leaf: Option<MessageId>) -> Vec<&L> {
    let known: HashMap<MessageId, &L> = messages.iter().map(|message| (message.id(), message)).collect();
    let mut path = Vec::new();
    let mut next = leaf;
    while let Some(message) = next.and_then(|id| known.get(&id)) {
        if path.len() == DEEPEST {
            break;
        }
        path.push(*message);
        next = message.parent();
    }
    path.reverse();
    path
}

/// `root` and everything that follows it, however far.
#[must_use]
pub fn subtree(messages: &[impl Link], root: MessageId) -> Vec<MessageId> {
    let mut children: HashMap<MessageId, Vec<MessageId>> = HashMap::new();
    for message in messages {
        if let Some(parent) = message.parent() {
            children.entry(parent).or_default().push(message.id());
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        found.push(id);
        // Taken out, so that a ring ends.
        open.extend(children.remove(&id).unwrap_or_default());
    }
    found
}

/// The end of the newest branch below `from`, or of the whole tree.
#[must_use]
pub fn newest_leaf(messages: &[impl Link], from: Option<MessageId>) -> Option<MessageId> {
    let mut leaf = from;
    for _ in 0..DEEPEST {
        let children = messages.iter().filter(|message| message.parent() == leaf);
        match children.map(Link::id).max() {
            Some(child) => leaf = Some(child),
            None => break,
        }
    }
    leaf
}

/// The title of a chat that begins with `text`: its first line that says
/// something, without marks of markdown before it.
#[must_use]
pub fn title_of(text: &str) -> String {
    let words = |line: &str| {
        let bare = line.trim_start_matches(['#', '>', '*', '-', '`', ' ', '\t']);
        let words: Vec<String> = bare
            .split_whitespace()
            .map(|word| word.chars().filter(|c| !crate::text::is_invisible(*c)).collect())
            .collect();
        words.join(" ").trim().to_owned()
    };
    let line = text.lines().map(words).find(|line| !line.is_empty()).unwrap_or_else(|| "Untitled".to_owned());
    if line.chars().count() <= MADE_TITLE {
        return line;
    }
    let short: String = line.chars().take(MADE_TITLE).collect();
    // Between words, where there is a place.
    let whole = short.rsplit_once(' ').map_or(short.as_str(), |(whole, _)| whole);
    let kept = if whole.chars().count() * 2 >= MADE_TITLE { whole } else { short.as_str() };
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests;
