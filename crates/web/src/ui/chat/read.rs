//! From what is stored to what is shown: the list, one conversation, one branch
//! of it.

use std::collections::{BTreeMap, HashMap};

use app::conversations;
use app::credentials;
use app::error::{Code, Error};
use domain::Caller;
use domain::conversation::{self, Author, Conversation, Message, MessageState, Part, text_of};
use domain::credential::Scope;
use domain::ids::{ConversationId, CredentialId, MessageId};
use maud::{Markup, PreEscaped, html};
use store::conversations::{ConversationCursor, Shown};

use super::scene::{
    Answer, Chat, Entry, Failure, Figures, File, Parameters, Progress, Rail, Said, Siblings, Totals, Turn,
};
use crate::router::Shared;
use crate::ui::markdown::{Block, Rendering};

/// How many conversations are listed at once.
const LISTED: i64 = 60;

/// Codes that a key, or the choice of a model, has to do with.
const ABOUT_THE_KEY: [Code; 6] = [
    Code::ProviderKeyRequired,
    Code::UpstreamCredentialsExhausted,
    Code::Undecryptable,
    Code::ModelNotFound,
    Code::AmbiguousModel,
    Code::ModelNotAllowed,
];

/// Which part of a conversation is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The newest branch through this message.
    pub(super) at: Option<MessageId>,
    /// The branch that ends with this message.
    pub(super) to: Option<MessageId>,
    pub(super) part: Share,
}

/// How much of the page is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Share {
    #[default]
    All,
    /// Everything but the thread.
    Frame,
    /// The thread from `at` on.
    Thread,
}

/// The conversations at the left.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn rail(shared: &Shared, caller: &Caller, search: &str, after: &str) -> Result<Rail, Error> {
    let page = conversations::list(&shared.app, caller, Some(search), cursor(after), LISTED).await?;
    let entry = |shown: &Shown| Entry {
        id: shown.conversation.id.to_string(),
        title: conversations::title_shown(&shown.conversation).to_owned(),
        updated_at: shown.conversation.updated_at,
    };
    Ok(Rail {
        entries: page.rows.iter().map(entry).collect(),
        search: search.to_owned(),
        next: page.next.map(|next| format!("{}~{}", next.at.as_micros(), next.id)),
        now: shared.app.clock.now(),
    })
}

/// Where a page ended, as `rail` wrote it; the beginning for anything else.
fn cursor(text: &str) -> Option<ConversationCursor> {
    let (at, id) = text.split_once('~')?;
    Some(ConversationCursor { at: domain::Timestamp::from_micros(at.parse().ok()?), id: id.parse().ok()? })
}

/// A conversation as its page shows it.
///
/// # Errors
/// `not_found`.
pub(super) async fn chat(
    shared: &Shared,
    caller: &Caller,
    id: ConversationId,
    wanted: Wanted,
) -> Result<(Chat, Conversation), Error> {
    let (shown, messages) = conversations::read(&shared.app, caller, id).await?;
    let known = shown.conversation;
    let path = branch(&known, &messages, wanted);
    let from = match (wanted.part, wanted.at) {
        (Share::Frame, _) => path.len(),
        (Share::Thread, Some(at)) => path.iter().position(|message| message.id == at).unwrap_or(0),
        _ => 0,
    };
    let shown_path = path.get(from..).unwrap_or_default();
    let names = names(shared, caller, shown_path).await?;
    let tokens = messages.iter().filter_map(|message| message.tokens).map(|tokens| tokens.prompt + tokens.completion);
    let chat = Chat {
        id: Some(id.to_string()),
        title: conversations::title_shown(&known).to_owned(),
        is_temporary: known.is_temporary,
        parameters: parameters(&known),
        leaf: path.last().map(|message| message.id.to_string()),
        totals: Totals {
            tokens: tokens.sum(),
            cost: messages.iter().any(|message| message.cost.is_some()).then_some(shown.cost),
        },
        thread: shown_path.iter().map(|message| turn(message, &messages, &names)).collect(),
    };
    Ok((chat, known))
}

/// The messages to show, the first one first.
fn branch<'a>(known: &Conversation, messages: &'a [Message], wanted: Wanted) -> Vec<&'a Message> {
    let through = |at| conversation::newest_leaf(messages, Some(at));
    let leaf = wanted.to.or_else(|| wanted.at.and_then(through));
    let path = conversation::path(messages, leaf);
    if path.is_empty() { conversations::branch(known, messages) } else { path }
}

/// One message, by itself.
///
/// # Errors
/// `not_found`.
pub(super) async fn message(
    shared: &Shared,
    caller: &Caller,
    id: ConversationId,
    message: MessageId,
) -> Result<(Turn, Message), Error> {
    let (_, messages) = conversations::read(&shared.app, caller, id).await?;
    let found = messages.iter().find(|known| known.id == message).ok_or_else(|| Error::not_found("message"))?;
    let names = names(shared, caller, &[found]).await?;
    Ok((turn(found, &messages, &names), found.clone()))
}

/// How each key that paid is called, as far as the caller may know.
async fn names(
    shared: &Shared,
    caller: &Caller,
    messages: &[&Message],
) -> Result<HashMap<CredentialId, String>, Error> {
    let mut names = HashMap::new();
    for id in messages.iter().filter_map(|message| message.credential) {
        if names.contains_key(&id) {
            continue;
        }
        match credentials::get(&shared.app, caller, id).await {
            Ok(key) => drop(names.insert(id, key.name)),
            Err(error) if error.code == Code::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

fn turn(message: &Message, all: &[Message], names: &HashMap<CredentialId, String>) -> Turn {
    Turn {
        id: message.id.to_string(),
        at: message.created_at,
        siblings: siblings(message, all),
        said: match message.author {
            Author::User => Said::Question { text: text_of(&message.parts), files: files(message) },
            Author::Assistant => Said::Answer(Box::new(answer(message, names))),
        },
    }
}

/// The versions of a message: what follows the same one, by the same author.
fn siblings(message: &Message, all: &[Message]) -> Siblings {
    let is_version = |other: &&Message| other.parent == message.parent && other.author == message.author;
    let mut versions: Vec<MessageId> = all.iter().filter(is_version).map(|other| other.id).collect();
    versions.sort_unstable();
    let at = versions.iter().position(|id| *id == message.id).unwrap_or(0);
    let there = |at: Option<usize>| at.and_then(|at| versions.get(at)).map(ToString::to_string);
    Siblings { place: at + 1, count: versions.len(), before: there(at.checked_sub(1)), after: there(Some(at + 1)) }
}

fn files(message: &Message) -> Vec<File> {
    let address = |place: usize| {
        format!("/v2/conversations/{}/messages/{}/picture?part={place}", message.conversation, message.id)
    };
    let file = |(place, part): (usize, &Part)| match part {
        Part::Text { .. } => None,
        Part::Image { name, .. } => {
            Some(File::Picture { name: name.clone().unwrap_or_else(|| "picture".to_owned()), address: address(place) })
        }
        Part::File { name, text } => Some(File::Text { name: name.clone(), bytes: text.len() }),
    };
    message.parts.iter().enumerate().filter_map(file).collect()
}

fn answer(message: &Message, names: &HashMap<CredentialId, String>) -> Answer {
    let tokens = message.tokens;
    Answer {
        progress: match message.state {
            MessageState::Running => Progress::Running,
            MessageState::Done => Progress::Done,
            MessageState::Stopped => Progress::Stopped,
            MessageState::Failed => Progress::Failed,
        },
        html: blocks(&message.text()),
        thoughts: message.reasoning.clone(),
        thought_ms: millis(message.reasoning_ms),
        model: message.model.clone().unwrap_or_else(|| "The model".to_owned()),
        provider: message.provider,
        figures: Figures {
            payer: message.scope.map(|scope| payer(scope, message.credential.and_then(|id| names.get(&id)))),
            input: tokens.map(|tokens| tokens.prompt),
            output: tokens.map(|tokens| tokens.completion),
            cached: tokens.map(|tokens| tokens.cached),
            reasoning: tokens.map(|tokens| tokens.reasoning),
            first_token_ms: millis(message.first_token_ms),
            duration_ms: millis(message.latency_ms),
            cost: message.cost,
            is_cut: message.finish.as_deref() == Some("length"),
            left_out: message.dropped.clone(),
        },
        failure: message.failure.as_ref().map(|failure| Failure {
            sentence: failure.sentence.clone(),
            is_about_the_key: ABOUT_THE_KEY.iter().any(|code| code.as_str() == failure.code),
            request: message.request.map(|request| request.to_string()),
        }),
    }
}

fn millis(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

/// Whose key paid.
fn payer(scope: Scope, name: Option<&String>) -> String {
    let whose = match scope {
        Scope::Personal => "your key",
        Scope::Organization => "your organization's key",
        Scope::System => "this server's key",
    };
    name.map_or_else(|| whose.to_owned(), |name| format!("{whose} “{name}”"))
}

fn parameters(known: &Conversation) -> Parameters {
    let set = &known.parameters;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    Parameters {
        system_prompt: known.system_prompt.clone(),
        temperature: number(set.temperature),
        top_p: number(set.top_p),
        max_tokens: set.max_tokens.map(|value| value.to_string()).unwrap_or_default(),
        reasoning_effort: set.reasoning_effort.clone().unwrap_or_default(),
    }
}

/// What a model wrote, block by block: as the events of a running answer tell it.
fn blocks(text: &str) -> Markup {
    let mut rendering = Rendering::default();
    let told = rendering.push(text).into_iter().chain(rendering.finish());
    // An open block is told again when it is whole.
    let blocks: BTreeMap<usize, Block> = told.map(|block| (block.index, block)).collect();
    html! {
        @for block in blocks.into_values() { div.block { (PreEscaped(block.html)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_the_beginning() {
        let id = "0193a0c4-0000-7000-8000-000000000000";
        let read = cursor(&format!("1700000000000000~{id}")).unwrap();
        assert_eq!((read.at.as_micros(), read.id.to_string().as_str()), (1_700_000_000_000_000, id));
        assert!(["", "x", "1~x", &format!("x~{id}")].into_iter().all(|text| cursor(text).is_none()));
    }

    #[test]
    fn a_payer_is_named_as_far_as_one_may_know() {
        assert_eq!(payer(Scope::Personal, Some(&"work".to_owned())), "your key “work”");
        assert_eq!(payer(Scope::System, None), "this server's key");
    }
}
