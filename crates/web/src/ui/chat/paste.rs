//! `/chat/keys`: a key pasted where it is missed. A first one in the empty chat,
//! a new secret for one that was refused.

use std::time::Duration;

use app::credentials::{self, NewKey, Rotation};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::ids::{ConversationId, CredentialId};
use domain::{ProviderId, key_shape};
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::ui::forms::{SignedIn, is_for_the_form};
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
    api_key: String,
    #[serde(default)]
    provider: String,
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

async fn save_first(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<FirstKey>,
) -> Result<Response, Failure> {
    match save(&shared, &signed_in, form).await {
        Ok(()) => Ok(Redirect::to("/chat").into_response()),
        Err(error) if is_for_the_form(&error) => super::empty_page(&shared, &signed_in, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn save(shared: &Shared, signed_in: &SignedIn, form: FirstKey) -> Result<(), Error> {
    let key = bare(&form.api_key);
    let provider: ProviderId = if form.provider.is_empty() {
        key_shape::recognise(key).ok_or_else(|| {
            let sentence = "The key does not say by its look whose it is. Choose its provider and paste it again.";
            Error::new(Code::InvalidRequest, sentence).of_field("api_key")
        })?
    } else {
        form.provider.parse().map_err(|problem: String| Error::invalid("provider", problem))?
    };
    let new = NewKey { api_key: Some(key.to_owned()), wait_for_check: true, ..NewKey::of(provider) };
    credentials::create(&shared.app, &signed_in.caller, new).await.map(drop)
}

/// The key in `export X="key"` or `Bearer key`.
fn bare(pasted: &str) -> &str {
    let text = pasted.trim();
    let text = text.strip_prefix("export ").unwrap_or(text);
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let text = text.split_once('=').filter(|(name, _)| is_name(name.trim())).map_or(text, |(_, value)| value);
    let text = text.trim().trim_matches(['"', '\'']);
    text.strip_prefix("Bearer ").unwrap_or(text).trim()
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
    let rotation = Rotation { api_key: bare(&form.api_key).to_owned(), grace: Duration::ZERO, force: false };
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
                    input #api_key name="api_key" type="password" autocomplete="off" spellcheck="false" required autofocus;
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
    fn a_key_is_found_in_what_came_along() {
        for pasted in [
            "sk-abc",
            "  sk-abc\n",
            "\"sk-abc\"",
            "export OPENAI_API_KEY=sk-abc",
            "OPENAI_API_KEY='sk-abc'",
            "Bearer sk-abc",
        ] {
            assert_eq!(bare(pasted), "sk-abc", "{pasted:?}");
        }
        assert_eq!(bare("sk-a=b"), "sk-a=b", "a key may have an equals sign");
    }

    #[test]
    fn one_is_led_back_to_a_conversation_and_nowhere_else() {
        let id = "0193a0c4-0000-7000-8000-000000000000";
        assert_eq!(led_back(id), format!("/chat/{id}"));
        assert_eq!(led_back("//evil.example"), "/chat");
        assert_eq!(led_back(""), "/chat");
    }
}
