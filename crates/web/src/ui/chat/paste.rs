//! `/chat/keys`: a key pasted where it is missed. A first one in the empty chat,
//! a new secret for one that was refused.

use std::time::Duration;

use app::credentials::{self, Paste, Rotation};
use app::error::Error;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::credential::Scope;
use domain::ids::{ConversationId, CredentialId};
use domain::{ProviderId, key_paste};
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::Told;
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::keys;
use crate::ui::view::{Place, Shape, complaint, with_status};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::POST, "/chat/keys", need, post(save_first)),
        quiet_door(Method::GET, "/chat/keys/{id}", need, get(show_replace)),
        quiet_door(Method::POST, "/chat/keys/{id}", need, post(replace)),
    ]
}

#[derive(Deserialize)]
struct FirstKey {
    #[serde(default)]
    text: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct NewSecret {
    api_key: String,
    #[serde(default)]
    back: String,
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

/// Saves what was pasted, by the rule of `/keys`. One key is waited for, so that
/// the page that comes can be written in.
async fn save_first(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<FirstKey>,
) -> Result<Response, Failure> {
    let provider = Some(form.provider.as_str()).filter(|text| !text.is_empty()).map(str::parse::<ProviderId>);
    let provider = provider.transpose().map_err(|problem| Error::invalid("provider", problem))?;
    let scope = Some(form.scope.as_str()).filter(|text| !text.is_empty()).map(str::parse::<Scope>);
    let scope = scope.transpose().map_err(|problem| Error::invalid("scope", problem))?.unwrap_or(Scope::Personal);
    let paste = Paste { text: form.text, provider, scope, wait_for_check: true };
    match credentials::paste(&shared.app, &signed_in.caller, paste).await {
        Ok(pasted) => {
            let results = keys::results(&pasted, shared.app.clock.now());
            super::empty_page(&shared, &signed_in, Told { problem: None, pasted: Some(&results) }).await
        }
        Err(error) if is_for_the_form(&error) => {
            super::empty_page(&shared, &signed_in, Told { problem: Some(&error), pasted: None }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The first key in what was pasted; all of it, where no key can be told.
fn secret_in(pasted: &str) -> String {
    let first = key_paste::read(pasted).into_iter().next();
    first.map_or_else(|| pasted.trim().to_owned(), |found| found.key)
}

async fn show_replace(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    Query(query): Query<Back>,
) -> Result<Response, Failure> {
    replace_page(&shared, &signed_in, id, &query.back, None).await
}

async fn replace(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<CredentialId>,
    Form(form): Form<NewSecret>,
) -> Result<Response, Failure> {
    let rotation = Rotation { api_key: secret_in(&form.api_key), grace: Duration::ZERO, force: false };
    match credentials::rotate(&shared.app, &signed_in.caller, id, rotation).await {
        Ok(_) => Ok(Redirect::to(&led_back(&form.back)).into_response()),
        Err(error) if is_for_the_form(&error) => replace_page(&shared, &signed_in, id, &form.back, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// The conversation one came from; never another address.
fn led_back(back: &str) -> String {
    back.parse::<ConversationId>().map_or_else(|_| "/chat".to_owned(), |id| format!("/chat/{id}"))
}

async fn replace_page(
    shared: &Shared,
    signed_in: &SignedIn,
    id: CredentialId,
    back: &str,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let key = credentials::get(&shared.app, &signed_in.caller, id).await?;
    let title = format!("{} key {}", key.provider.display_name(), key.title());
    let content = form(id, &title, key.provider, back, error.map(|error| error.sentence.as_str()));
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(with_status(status, "Replace key", &signed_in.viewer, content)
        .at(Place::Chat)
        .shaped(Shape::Narrow)
        .into_response())
}

fn form(id: CredentialId, title: &str, provider: ProviderId, back: &str, problem: Option<&str>) -> Markup {
    html! {
        div.sheet-page data-sheet-content {
            h1 { "Replace key" }
            p { "A new secret for your " (title) ". It is checked by one free call, and takes the place of the one before." }
            (complaint(problem))
            form.form method="post" action={ "/chat/keys/" (id) } data-says="The key works again" {
                input type="hidden" name="back" value=(back);
                div.field {
                    label for="api_key" { "New key" }
                    input.secret #api_key name="api_key" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" required autofocus placeholder="Paste it here";
                }
                div.row {
                    button type="submit" { "Check and replace" }
                    a href=(provider.facts().key_url) rel="noopener noreferrer" target="_blank" { "Get your " (provider.display_name()) " key here" }
                }
            }
            p.only-plain { a href=(led_back(back)) { "Back to the chat" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_found_in_what_came_along() {
        let key = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
        for pasted in [format!(" {key}\n"), format!("export OPENAI_API_KEY=\"{key}\""), format!("Bearer {key}")] {
            assert_eq!(secret_in(&pasted), key, "{pasted:?}");
        }
        assert_eq!(secret_in(" # what this is, the server says "), "# what this is, the server says");
    }

    #[test]
    fn one_is_led_back_to_a_conversation_and_nowhere_else() {
        let id = "0193a0c4-0000-7000-8000-000000000000";
        assert_eq!(led_back(id), format!("/chat/{id}"));
        assert_eq!(led_back("//evil.example"), "/chat");
        assert_eq!(led_back(""), "/chat");
    }
}
