//! `/chat`: conversations at the left, the thread, the composer; and the pages
//! that a script shows in a dialog. The thread is written here as a whole; from
//! then on a script adds to it.

mod about;
mod acts;
mod compose;
mod desk;
pub(super) mod figures;
mod head;
mod message;
mod paste;
mod rail;
mod raw;
mod read;
mod scene;
mod switch;
mod thread;

use app::conversations;
use app::error::Error;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::ids::{ConversationId, CredentialId, MessageId};
use http::request::Parts;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use self::read::{Share, Wanted};
use self::scene::{Chat, Desk, Parameters, Rail, Totals};
use super::forms::SignedIn;
use super::view::{self, Icon, Page, Shape, complaint, icon, page, with_status};
use crate::body::{Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    let mut doors = vec![
        quiet_door(Method::GET, "/chat", need, get(show_new)),
        quiet_door(Method::GET, "/chat/switch", need, get(show_first_choice)),
        quiet_door(Method::GET, "/chat/{id}", need, get(show_chat)),
        quiet_door(Method::GET, "/chat/{id}/about", need, get(show_about)),
        quiet_door(Method::GET, "/chat/{id}/switch", need, get(show_choice)),
        quiet_door(Method::GET, "/chat/{id}/messages/{message_id}", need, get(show_message)),
    ];
    doors.extend(acts::doors());
    doors.extend(paste::doors());
    doors
}

/// A message in a conversation, as an address names it.
#[derive(Clone, Copy)]
struct Place {
    conversation: ConversationId,
    message: MessageId,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        // What is no id is not there.
        let missing = || Failure::from(Error::not_found("message"));
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((conversation, message)) = path.map_err(|_| missing())?;
        match (conversation.parse(), message.parse()) {
            (Ok(conversation), Ok(message)) => Ok(Self { conversation, message }),
            _ => Err(missing()),
        }
    }
}

/// What a page of the chat is asked for. What is not understood changes nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asking {
    q: String,
    after: String,
    model: Option<String>,
    credential_id: String,
    say: String,
    at: String,
    to: String,
    part: String,
    again: String,
}

impl Asking {
    fn wanted(&self) -> Wanted {
        let share = match self.part.as_str() {
            "frame" => Share::Frame,
            "thread" => Share::Thread,
            _ => Share::All,
        };
        Wanted { at: self.at.parse().ok(), to: self.to.parse().ok(), part: share }
    }
}

async fn show_new(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(asking): Query<Asking>,
) -> Result<Response, Failure> {
    new_page(&shared, &signed_in, &asking, Told::default()).await
}

/// What is told in an empty chat.
#[derive(Clone, Copy, Default)]
struct Told<'a> {
    /// Why something was not done.
    problem: Option<&'a Error>,
    /// What became of pasted keys.
    pasted: Option<&'a Markup>,
}

/// The empty chat, with what happened.
async fn empty_page(shared: &Shared, signed_in: &SignedIn, told: Told<'_>) -> Result<Response, Failure> {
    new_page(shared, signed_in, &Asking::default(), told).await
}

async fn new_page(shared: &Shared, signed_in: &SignedIn, asking: &Asking, told: Told<'_>) -> Result<Response, Failure> {
    let chat = Chat {
        id: None,
        title: "New chat".to_owned(),
        is_temporary: false,
        parameters: Parameters::default(),
        leaf: None,
        totals: Totals::default(),
        thread: Vec::new(),
    };
    let model = asking.model.as_deref().filter(|model| !model.is_empty());
    let desk = desk::desk(shared, &signed_in.caller, model, asking.credential_id.parse().ok()).await?;
    let rail = read::rail(shared, &signed_in.caller, &asking.q, &asking.after).await?;
    let content = room(&Room {
        rail: &rail,
        chat: &chat,
        desk: &desk,
        say: &asking.say,
        told,
        is_admin: signed_in.caller.is_admin(),
    });
    let status = told.problem.map_or(StatusCode::OK, problem::status_of);
    Ok(whole(with_status(status, "New chat", &signed_in.viewer, content), &desk).into_response())
}

async fn show_chat(
    State(shared): State<Shared>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
    Query(asking): Query<Asking>,
) -> Result<Response, Failure> {
    let (chat, known) = read::chat(&shared, &signed_in.caller, id, asking.wanted()).await?;
    let desk = desk::desk(&shared, &signed_in.caller, known.model.as_deref(), known.credential).await?;
    let rail = read::rail(&shared, &signed_in.caller, &asking.q, &asking.after).await?;
    let content =
        room(&Room { rail: &rail, chat: &chat, desk: &desk, say: "", told: Told::default(), is_admin: false });
    Ok(whole(page(&chat.title, &signed_in.viewer, content), &desk).into_response())
}

/// The page of a chat: it fills the window, and has the scripts of what is on it.
fn whole(page: Page, desk: &Desk) -> Page {
    let page = page.at(view::Place::Chat).shaped(Shape::Whole);
    let page = page.with_script("chat.js").with_script("answer.js").with_script("files.js").with_script("sheet.js");
    if desk.awaits_first_key() { page.with_script("paste.js") } else { page }
}

/// All that the page of a chat is made of.
struct Room<'a> {
    rail: &'a Rail,
    chat: &'a Chat,
    desk: &'a Desk,
    /// What is written in the composer already.
    say: &'a str,
    told: Told<'a>,
    is_admin: bool,
}

fn room(room: &Room<'_>) -> Markup {
    let (chat, desk) = (room.chat, room.desk);
    let id = chat.id.as_deref();
    html! {
        div #chat data-chat=[id] {
            (rail::rail(room.rail, id))
            section.talk aria-label="Conversation" {
                (head::head(chat, desk))
                div #scroller tabindex="0" role="region" aria-label="Messages" {
                    div #thread {
                        @if let Some(id) = id { (thread::thread(id, &chat.thread)) }
                        @else { (start(room)) }
                    }
                }
                div.below {
                    button.quiet.little #latest type="button" hidden { (icon(Icon::Down)) "Jump to latest" }
                    (compose::lock(chat, desk))
                    (compose::composer(chat, desk, room.say))
                }
            }
            p #said.sr role="status" aria-live="polite" {}
            (thread::thinking())
            (compose::editing())
            (compose::shortcuts())
            dialog #sheet.wide aria-labelledby="sheet-title" {
                button.bare.icon-only.little.sheet-close type="button" data-close aria-label="Close" { (icon(Icon::Cross)) }
                div.sheet-body {}
            }
        }
    }
}

/// What a conversation begins with.
fn start(room: &Room<'_>) -> Markup {
    let Told { problem, pasted } = room.told;
    let problem = problem.map(|error| error.sentence.as_str());
    let nothing = html! {};
    html! {
        @if !room.desk.awaits_first_key() {
            (complaint(problem))
            div #start data-live="" { (compose::hello(room.desk)) }
            @if let Some(pasted) = pasted { div #pasted.card { (pasted) } }
        } @else {
            div #start data-live="" { (compose::first_key(room.is_admin, problem, pasted.unwrap_or(&nothing))) }
        }
    }
}

async fn show_about(
    State(shared): State<Shared>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
) -> Result<Response, Failure> {
    about_page(&shared, &signed_in, id, None).await
}

async fn about_page(
    shared: &Shared,
    signed_in: &SignedIn,
    id: ConversationId,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let wanted = Wanted { part: Share::Frame, ..Wanted::default() };
    let (chat, known) = read::chat(shared, &signed_in.caller, id, wanted).await?;
    let desk = desk::desk(shared, &signed_in.caller, known.model.as_deref(), known.credential).await?;
    let content = about::sheet(&chat, &desk, error.map(|error| error.sentence.as_str()));
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(with_status(status, &chat.title, &signed_in.viewer, content).at(view::Place::Chat).into_response())
}

async fn show_first_choice(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(asking): Query<Asking>,
) -> Result<Response, Failure> {
    let choices = switch::choices(&shared, &signed_in.caller).await?;
    let chosen = switch::Chosen {
        action: "/chat/switch".to_owned(),
        back: "/chat".to_owned(),
        model: asking.model.as_deref().unwrap_or_default(),
        pinned: asking.credential_id.parse::<CredentialId>().ok(),
        is_for_one_answer: false,
    };
    Ok(choice_page(&signed_in, switch::sheet(&choices, &chosen)))
}

async fn show_choice(
    State(shared): State<Shared>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
    Query(asking): Query<Asking>,
) -> Result<Response, Failure> {
    let known = conversations::get(&shared.app, &signed_in.caller, id).await?.conversation;
    let choices = switch::choices(&shared, &signed_in.caller).await?;
    let again = asking.again.parse::<MessageId>().ok();
    let chosen = switch::Chosen {
        action: again.map_or_else(|| format!("/chat/{id}/switch"), |again| format!("/chat/{id}/messages/{again}")),
        back: format!("/chat/{id}"),
        model: known.model.as_deref().unwrap_or_default(),
        pinned: known.credential,
        is_for_one_answer: again.is_some(),
    };
    Ok(choice_page(&signed_in, switch::sheet(&choices, &chosen)))
}

fn choice_page(signed_in: &SignedIn, content: Markup) -> Response {
    page("Key and model", &signed_in.viewer, content).at(view::Place::Chat).into_response()
}

async fn show_message(State(shared): State<Shared>, place: Place, signed_in: SignedIn) -> Result<Response, Failure> {
    let (turn, message) = read::message(&shared, &signed_in.caller, place.conversation, place.message).await?;
    let json = raw::raw(&message)?;
    let content = message::sheet(&place.conversation.to_string(), &turn, &message.text(), &json);
    Ok(page("One message", &signed_in.viewer, content).at(view::Place::Chat).into_response())
}
