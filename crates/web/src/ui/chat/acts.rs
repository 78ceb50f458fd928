//! What is done in a chat by plain forms: begin, say, ask again, edit, stop,
//! delete, set.

use std::sync::Arc;

use app::conversations::{self, Asked, Edit, Sending};
use app::error::Error;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::Caller;
use domain::access::Need;
use domain::conversation::{Parameters, Part};
use domain::ids::{ConversationId, CredentialId, MessageId};
use http::Method;
use serde::Deserialize;

use super::read;
use super::{Place, Told};
use crate::auth::LetInAt;
use crate::body::{Form, Id};
use crate::rim::{Failure, Passport};
use crate::router::{Door, Shared, quiet_door};
use crate::ui::forms::{SignedIn, is_for_the_form};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::POST, "/chat", need, post(begin)),
        quiet_door(Method::POST, "/chat/switch", need, post(choose_first)),
        quiet_door(Method::POST, "/chat/{id}", need, post(set)),
        quiet_door(Method::POST, "/chat/{id}/switch", need, post(choose)),
        quiet_door(Method::POST, "/chat/{id}/messages", need, post(say)),
        quiet_door(Method::POST, "/chat/{id}/messages/{message_id}", need, post(act)),
    ]
}

/// A first message.
#[derive(Deserialize)]
struct First {
    content: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    credential_id: String,
    #[serde(default)]
    is_temporary: bool,
}

/// A message.
#[derive(Deserialize)]
struct Next {
    content: String,
    #[serde(default)]
    parent_id: String,
}

/// Another key or model.
#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    model: String,
    #[serde(default)]
    credential_id: String,
}

/// What a conversation is set to.
#[derive(Deserialize)]
struct Settings {
    action: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    system_prompt: String,
    #[serde(default)]
    temperature: String,
    #[serde(default)]
    top_p: String,
    #[serde(default)]
    max_tokens: String,
    #[serde(default)]
    reasoning_effort: String,
}

/// Something to do with a message.
#[derive(Deserialize)]
struct Act {
    action: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    model: String,
    /// `thread`: a script wants only what is new.
    #[serde(default)]
    part: String,
}

async fn begin(
    State(shared): State<Shared>,
    Extension(passport): Extension<Passport>,
    Extension(let_in): Extension<LetInAt>,
    signed_in: SignedIn,
    Form(form): Form<First>,
) -> Result<Response, Failure> {
    let new = Edit {
        model: Some(filled(&form.model)),
        credential: Some(form.credential_id.parse::<CredentialId>().ok()),
        is_temporary: Some(form.is_temporary),
        ..Edit::default()
    };
    let made = async {
        domain::conversation::check_parts(&text(&form.content))
            .map_err(|problem| Error::invalid("content", problem))?;
        let id = conversations::create(&shared.app, &signed_in.caller, new).await?.conversation.id;
        let sending = Sending { parent: None, parts: text(&form.content), model: None, parameters: None };
        match conversations::send(&shared.app, &signed_in.caller, id, asked(&passport, let_in), sending).await {
            Ok(_) => Ok(id),
            Err(error) => {
                conversations::delete(&shared.app, &signed_in.caller, id).await?;
                Err(error)
            }
        }
    };
    match made.await {
        Ok(id) => Ok(to(id)),
        Err(error) if is_for_the_form(&error) => {
            super::empty_page(&shared, &signed_in, Told { problem: Some(&error), pasted: None }).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn say(
    State(shared): State<Shared>,
    Extension(passport): Extension<Passport>,
    Extension(let_in): Extension<LetInAt>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
    Form(form): Form<Next>,
) -> Result<Response, Failure> {
    let parent = form.parent_id.parse::<MessageId>().ok().map(Some);
    let sending = Sending { parent, parts: text(&form.content), model: None, parameters: None };
    conversations::send(&shared.app, &signed_in.caller, id, asked(&passport, let_in), sending).await?;
    Ok(to(id))
}

async fn act(
    State(shared): State<Shared>,
    Extension(passport): Extension<Passport>,
    Extension(let_in): Extension<LetInAt>,
    place: Place,
    signed_in: SignedIn,
    Form(form): Form<Act>,
) -> Result<Response, Failure> {
    let Place { conversation: id, message } = place;
    let (app, caller) = (&shared.app, &signed_in.caller);
    let asked = asked(&passport, let_in);
    let shown = match form.action.as_str() {
        "edit" => edit(&shared, caller, place, asked, &form.content).await?,
        "regenerate" => conversations::regenerate(app, caller, (id, message), asked, filled(&form.model)).await?.answer,
        "stop" => {
            conversations::stop(app, caller, id, message).await?;
            message
        }
        "delete" => {
            conversations::delete_message(app, caller, id, message).await?;
            return Ok(to(id));
        }
        _ => return Err(Error::invalid("action", "is unknown").into()),
    };
    let part = if form.part == "thread" { "&part=thread" } else { "" };
    Ok(Redirect::to(&format!("/chat/{id}?at={shown}{part}#m-{shown}")).into_response())
}

/// Says something else in place of a message: beside it, with what was attached.
async fn edit(
    shared: &Shared,
    caller: &Arc<Caller>,
    place: Place,
    asked: Asked,
    said: &str,
) -> Result<MessageId, Error> {
    let (_, before) = read::message(shared, caller, place.conversation, place.message).await?;
    let attached = before.parts.into_iter().filter(|part| !matches!(part, Part::Text { .. }));
    let parts = text(said).into_iter().chain(attached).collect();
    let sending = Sending { parent: Some(before.parent), parts, model: None, parameters: None };
    let begun = conversations::send(&shared.app, caller, place.conversation, asked, sending).await?;
    Ok(begun.user_message)
}

async fn set(
    State(shared): State<Shared>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
    Form(form): Form<Settings>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let done = match form.action.as_str() {
        "rename" => conversations::edit(app, caller, id, Edit { title: Some(form.title), ..Edit::default() }).await,
        "settings" => match settings(form) {
            Ok(edit) => conversations::edit(app, caller, id, edit).await,
            Err(error) => Err(error),
        },
        "delete" => {
            conversations::delete(app, caller, id).await?;
            return Ok(Redirect::to("/chat").into_response());
        }
        _ => Err(Error::invalid("action", "is unknown")),
    };
    match done {
        Ok(_) => Ok(to(id)),
        Err(error) if is_for_the_form(&error) => super::about_page(&shared, &signed_in, id, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// The parameters as typed: an empty field is none.
fn settings(form: Settings) -> Result<Edit, Error> {
    let parameters = Parameters {
        temperature: number("temperature", &form.temperature)?,
        top_p: number("top_p", &form.top_p)?,
        max_tokens: number("max_tokens", &form.max_tokens)?,
        reasoning_effort: filled(&form.reasoning_effort),
    };
    Ok(Edit { system_prompt: Some(form.system_prompt), parameters: Some(parameters), ..Edit::default() })
}

fn number<T: std::str::FromStr>(name: &str, typed: &str) -> Result<Option<T>, Error> {
    filled(typed).map(|typed| typed.parse()).transpose().map_err(|_| Error::invalid(name, "is no such number"))
}

async fn choose_first(State(_): State<Shared>, _: SignedIn, Form(form): Form<Choice>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("model", &form.model), ("credential_id", &form.credential_id)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    Redirect::to(&format!("/chat?{}", query.finish())).into_response()
}

async fn choose(
    State(shared): State<Shared>,
    Id(id): Id<ConversationId>,
    signed_in: SignedIn,
    Form(form): Form<Choice>,
) -> Result<Response, Failure> {
    let edit = Edit {
        model: filled(&form.model).map(Some),
        credential: Some(form.credential_id.parse::<CredentialId>().ok()),
        ..Edit::default()
    };
    conversations::edit(&shared.app, &signed_in.caller, id, edit).await?;
    Ok(to(id))
}

fn to(id: ConversationId) -> Response {
    Redirect::to(&format!("/chat/{id}")).into_response()
}

fn asked(passport: &Passport, let_in: LetInAt) -> Asked {
    Asked { request: passport.request, callers_epoch: let_in.0 }
}

/// A field that somebody filled in.
fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// What a form sends has its line ends in two characters.
fn text(typed: &str) -> Vec<Part> {
    let text = typed.replace("\r\n", "\n");
    if text.trim().is_empty() { Vec::new() } else { vec![Part::Text { text }] }
}
