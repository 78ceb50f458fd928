//! `/tokens`: one's gateway tokens, by plain forms.

use app::error::Error;
use app::tokens::{self, Minted, NewToken};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::gateway_token::Params;
use domain::ids::TokenId;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use store::tokens::Token;

use super::forms::{SignedIn, is_for_the_form};
use super::view::{Icon, Place, complaint, copyable, empty, field, time, with_status};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/tokens", need, get(show_tokens)),
        quiet_door(Method::POST, "/tokens", need, post(make_token)),
        quiet_door(Method::POST, "/tokens/{id}/revoke", need, post(revoke_token)),
    ]
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    params: String,
}

async fn show_tokens(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    tokens_page(&shared, &signed_in, None, None).await
}

async fn make_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<TokenForm>,
) -> Result<Response, Failure> {
    let params = form.params.parse().ok();
    let new = NewToken { name: form.name, scopes: None, models: None, policy: None, params, expires_at: None };
    match tokens::create(&shared.app, &signed_in.caller, new).await {
        Ok(minted) => tokens_page(&shared, &signed_in, Some(&minted), None).await,
        Err(error) if is_for_the_form(&error) => tokens_page(&shared, &signed_in, None, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn revoke_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TokenId>,
) -> Result<Response, Failure> {
    tokens::revoke(&shared.app, &signed_in.caller, id).await?;
    Ok(Redirect::to("/tokens").into_response())
}

async fn tokens_page(
    shared: &Shared,
    signed_in: &SignedIn,
    minted: Option<&Minted>,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (tokens, _) = tokens::list(&shared.app, &signed_in.caller, 0, 500).await?;
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let content = html! {
        h1 { "Gateway tokens" }
        (complaint(error.map(|error| error.sentence.as_str())))
        @if let Some(minted) = minted { (fresh(minted, &shared.app.settings.public_url)) }
        section.card {
            h2 { "Make a token" }
            p { "A token lets a client call your models through Ownkey. It is shown once." }
            form.columns method="post" action="/tokens" {
                div { (field("Name", "name", "text", "", "off")) }
                div {
                    label {
                        input type="checkbox" name="params" value=(Params::Lenient.as_str());
                        " Leave out parameters that a model cannot take, instead of refusing the call"
                    }
                }
                button type="submit" { "Make token" }
            }
        }
        section.card {
            h2 { "Your tokens" }
            @if tokens.is_empty() {
                (empty(Icon::Token, "No token yet", &html! { p { "Make one above, and point any client at Ownkey with it." } }))
            } @else {
                table {
                    thead { tr { th { "Token" } th { "May" } th { "Last used" } th { "Actions" } } }
                    tbody { @for token in &tokens { (row(token)) } }
                }
            }
        }
    };
    Ok(with_status(status, "Gateway tokens", &signed_in.viewer, content).at(Place::Tokens).into_response())
}

fn fresh(minted: &Minted, url: &str) -> Markup {
    html! {
        section.card.fresh role="status" {
            h2 { "Your new token “" (minted.token.name) "”" }
            p { "Copy it now: it is not shown again." }
            (copyable(minted.text.as_str(), "the token"))
            p { "Any OpenAI client works with it:" }
            (copyable(
                &format!("export OPENAI_BASE_URL={url}/v1\nexport OPENAI_API_KEY={}", minted.text.as_str()),
                "the settings",
            ))
        }
    }
}

fn row(token: &Token) -> Markup {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    html! {
        tr {
            td { strong { (token.name) } br; code { (token.masked) } }
            td { (scopes.join(", ")) @if token.params == Params::Lenient { br; "lenient parameters" } }
            td { @match token.last_used_at { Some(at) => { (time(at)) } None => { "never" } } }
            td {
                @if token.revoked_at.is_some() { span.badge.grey { "Revoked" } } @else {
                    form.actions method="post" action={ "/tokens/" (token.id) "/revoke" } {
                        button.quiet.danger type="submit" { "Revoke" }
                    }
                }
            }
        }
    }
}
