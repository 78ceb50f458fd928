//! What the pages of the chat show, as plain values: made in `read` and `desk`,
//! drawn by everything else here.

use app::models::ModelLine;
use domain::credential::{KeyStatus, Scope};
use domain::ids::CredentialId;
use domain::{Nanos, ProviderId, Timestamp};
use maud::Markup;

/// One conversation in the list at the left.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) updated_at: Timestamp,
}

/// The list at the left.
pub(super) struct Rail {
    pub(super) entries: Vec<Entry>,
    /// What is searched for.
    pub(super) search: String,
    /// Where the next page begins.
    pub(super) next: Option<String>,
    pub(super) now: Timestamp,
}

/// A conversation, or one that has not begun.
pub(super) struct Chat {
    /// `None`: not begun.
    pub(super) id: Option<String>,
    pub(super) title: String,
    pub(super) is_temporary: bool,
    pub(super) parameters: Parameters,
    /// The message that the next one answers; `None`: the first one.
    pub(super) leaf: Option<String>,
    pub(super) totals: Totals,
    pub(super) thread: Vec<Turn>,
}

impl Chat {
    /// The page's path.
    pub(super) fn path(&self) -> String {
        self.id.as_ref().map_or_else(|| "/chat".to_owned(), |id| format!("/chat/{id}"))
    }
}

/// What is sent along with every message, as it stands in a form; empty: nothing.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) system_prompt: String,
    pub(super) temperature: String,
    pub(super) max_tokens: String,
    pub(super) top_p: String,
    pub(super) reasoning_effort: String,
}

impl Parameters {
    /// How many are set.
    pub(super) fn count(&self) -> usize {
        let all = [&self.system_prompt, &self.temperature, &self.max_tokens, &self.top_p, &self.reasoning_effort];
        all.into_iter().filter(|value| !value.is_empty()).count()
    }
}

/// What a conversation took so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) tokens: u64,
    /// `None`: no answer has a price.
    pub(super) cost: Option<Nanos>,
}

/// One message in the thread.
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) siblings: Siblings,
    pub(super) said: Said,
}

/// The other versions of a message.
#[derive(Clone, Default)]
pub(super) struct Siblings {
    /// Which one this is, from 1.
    pub(super) place: usize,
    pub(super) count: usize,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// Who said what.
pub(super) enum Said {
    /// The reader of the page.
    Question {
        text: String,
        files: Vec<File>,
    },
    Answer(Box<Answer>),
}

/// Something attached.
pub(super) enum File {
    /// A picture, and where it is.
    Picture {
        name: String,
        address: String,
    },
    Text {
        name: String,
        bytes: usize,
    },
}

/// How far an answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Running,
    Done,
    Stopped,
    Failed,
}

impl Progress {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// An answer of a model.
pub(super) struct Answer {
    pub(super) progress: Progress,
    /// What it says: blocks of HTML made from its Markdown.
    pub(super) html: Markup,
    /// What it thought before, and for how long.
    pub(super) thoughts: String,
    pub(super) thought_ms: Option<u64>,
    pub(super) model: String,
    pub(super) provider: Option<ProviderId>,
    pub(super) figures: Figures,
    /// Why it failed.
    pub(super) failure: Option<Failure>,
}

/// Why an answer failed.
pub(super) struct Failure {
    pub(super) sentence: String,
    /// Whether another key, or another model, is what helps.
    pub(super) is_about_the_key: bool,
    pub(super) request: Option<String>,
}

/// What stands under an answer.
#[derive(Clone, Default)]
pub(super) struct Figures {
    /// Whose key paid: `your key “work”`.
    pub(super) payer: Option<String>,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) reasoning: Option<u64>,
    pub(super) first_token_ms: Option<u64>,
    pub(super) duration_ms: Option<u64>,
    pub(super) cost: Option<Nanos>,
    /// It reached the longest an answer may be.
    pub(super) is_cut: bool,
    /// Parameters that the model does not take.
    pub(super) left_out: Vec<String>,
}

/// Who answers, and whether they can.
pub(super) struct Desk {
    /// The model that is chosen; `None`: no key opens any.
    pub(super) model: Option<ModelLine>,
    /// The name it was chosen by.
    pub(super) model_name: String,
    /// The key that somebody chose for this conversation.
    pub(super) pinned: Option<CredentialId>,
    /// The key that would pay.
    pub(super) payer: Option<Payer>,
    /// What stands in the way.
    pub(super) lock: Option<Lock>,
    /// Whether any model can be chatted with now.
    pub(super) has_models: bool,
    /// Only models of this machine or network are there.
    pub(super) is_only_local: bool,
}

impl Desk {
    /// Whether nobody would answer before a key is saved: no model is chosen, and
    /// none could be.
    pub(super) fn awaits_first_key(&self) -> bool {
        self.model.is_none() && !self.has_models
    }
}

/// The key that pays, as its user may know it.
pub(super) struct Payer {
    pub(super) provider: ProviderId,
    /// Its name; of a key that is not theirs to see, whose it is.
    pub(super) name: String,
    /// `••••b123`, where the key may be seen and has a secret.
    pub(super) mask: Option<String>,
    pub(super) scope: Scope,
    /// What the organization is called whose key it is.
    pub(super) organization: Option<String>,
    /// Its state, where the key may be seen.
    pub(super) state: Option<(KeyStatus, bool)>,
}

/// Why nothing can be sent.
pub(super) enum Lock {
    /// There is no model at all: the titles of their keys, none of which opens one.
    NoModel { keys: Vec<String> },
    /// The key does not work.
    Key {
        sentence: String,
        /// The key that could be replaced.
        replaceable: Option<CredentialId>,
        /// A limit that ends by itself does not lock.
        is_hard: bool,
    },
    /// The model is not to be had.
    Model { sentence: String },
}

impl Lock {
    /// Whether nothing can be sent until something is done.
    pub(super) const fn is_hard(&self) -> bool {
        !matches!(self, Self::Key { is_hard: false, .. })
    }
}
