//! `/tokens`: one's gateway tokens: made, edited, rotated, revoked; and the code
//! that uses a fresh one, with the first call waited for.

mod form;
mod fresh;
mod list;

use std::time::Duration;

use app::budgets::{self, Standard};
use app::error::{Code, Error};
use app::tokens::{self, NewToken, Whose};
use app::{models, users};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::budget::Authority;
use domain::ids::TokenId;
use domain::model::ModelKind;
use domain::provider::ProviderId;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use store::tokens::Token;

pub(super) use self::form::expiry;
use self::form::{Choices, Filled};
pub(super) use self::fresh::{Callable, Fresh, Made, card as fresh_card};
pub(super) use self::list::of_team as token_list;
use super::admin::reads_audit;
use super::budgets::{Words, card};
use super::forms::{SignedIn, is_for_the_form};
use super::view::{Icon, Page, Place, complaint, icon, with_status};
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

/// How many tokens a page shows.
const PAGE: i64 = 100;

/// About the budgets of a token.
const OF_TOKEN: Words<'static> = Words {
    title: "Budgets",
    none: "None of its own.",
    not_yours: "Whoever looks after the organization of its team sets them.",
};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/tokens", need, get(show_tokens)),
        quiet_door(Method::POST, "/tokens", need, post(make_token)),
        quiet_door(Method::GET, "/tokens/{id}", need, get(show_token)),
        quiet_door(Method::POST, "/tokens/{id}", need, post(edit_token)),
        quiet_door(Method::POST, "/tokens/{id}/rotate", need, post(rotate_token)),
        quiet_door(Method::POST, "/tokens/{id}/revoke", need, post(revoke_token)),
    ]
}

/// The query of `/tokens`. What is not understood is as if it was not there.
#[derive(Default, Deserialize)]
struct TokensQuery {
    /// A token made just now, whose first call is waited for.
    #[serde(default)]
    made: String,
    /// Tokens to pass over.
    #[serde(default)]
    skip: String,
}

async fn show_tokens(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<TokensQuery>,
) -> Result<Response, Failure> {
    let fresh = match query.made.parse() {
        Ok(id) => tokens_before(&shared, &signed_in, id).await?,
        Err(_) => None,
    };
    let skip = query.skip.parse().unwrap_or(0).clamp(0, 10_000);
    tokens_page(&shared, &signed_in, Said { fresh, skip, ..Said::default() }).await
}

/// A token whose text was shown already, while it works.
pub(super) async fn tokens_before(
    shared: &Shared,
    signed_in: &SignedIn,
    id: TokenId,
) -> Result<Option<Fresh>, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let token = match tokens::get(app, caller, id).await {
        Ok(token) => token,
        Err(error) if error.code == Code::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if token.revoked_at.is_some() {
        return Ok(None);
    }
    let is_used = tokens::is_used(app, caller, id).await?;
    Ok(Some(Fresh { made: Made::Before(token), former_until: None, is_used }))
}

async fn make_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let filled = Filled::of(fields);
    match make(&shared, &signed_in, &filled).await {
        Ok(minted) => {
            let fresh = Some(Fresh { made: Made::Now(minted), former_until: None, is_used: false });
            tokens_page(&shared, &signed_in, Said { fresh, ..Said::default() }).await
        }
        Err(error) if is_for_the_form(&error) => {
            tokens_page(&shared, &signed_in, Said { error: Some(&error), filled, ..Said::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn make(shared: &Shared, signed_in: &SignedIn, filled: &Filled) -> Result<tokens::Minted, Error> {
    let new = NewToken {
        team: None,
        name: filled.name.clone(),
        scopes: Some(filled.scopes()?),
        models: filled.models(),
        policy: filled.policy()?,
        params: Some(filled.params()),
        expires_at: filled.expires_at(shared.app.clock.now())?,
        rate_limit: filled.rate_limit()?,
        tokens_per_minute: filled.tokens_per_minute()?,
        budget: filled.budget()?,
    };
    tokens::create(&shared.app, &signed_in.caller, new).await
}

async fn show_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TokenId>,
) -> Result<Response, Failure> {
    let token = tokens::get(&shared.app, &signed_in.caller, id).await?;
    let filled = filled_of(&shared, &signed_in, &token).await?;
    token_page(&shared, &signed_in, id, &filled, None).await
}

/// What a token is now.
async fn filled_of(shared: &Shared, signed_in: &SignedIn, token: &Token) -> Result<Filled, Error> {
    let standing = budgets::of_owner(&shared.app, &signed_in.caller, token.id.into()).await?;
    let own = standing.iter().map(Standard::budget).find(|budget| budget.authority == Authority::Owner);
    Ok(Filled::from(token).with_budget(own))
}

async fn edit_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TokenId>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let filled = Filled::of(fields);
    match edit(&shared, &signed_in, id, &filled).await {
        Ok(()) => Ok(Redirect::to(&home(&tokens::get(&shared.app, &signed_in.caller, id).await?)).into_response()),
        Err(error) if is_for_the_form(&error) => token_page(&shared, &signed_in, id, &filled, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Changes what is filled in otherwise than it is.
async fn edit(shared: &Shared, signed_in: &SignedIn, id: TokenId, filled: &Filled) -> Result<(), Error> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let token = tokens::get(app, caller, id).await?;
    let (scopes, models, policy) = (filled.scopes()?, filled.models(), filled.policy()?);
    let expires_at = filled.expires_at(app.clock.now())?;
    let is = filled_of(shared, signed_in, &token).await?;
    let is_same_day = is.until == filled.until;
    let (budget, rate_limit, tokens_per_minute) = (filled.budget()?, filled.rate_limit()?, filled.tokens_per_minute()?);
    let edit = tokens::Edit {
        name: (filled.name != token.name).then(|| filled.name.clone()),
        scopes: (scopes != token.scopes).then_some(Some(scopes)),
        models: (models != token.models).then_some(models),
        policy: (policy != token.policy).then_some(policy),
        params: (filled.params() != token.params).then(|| filled.params()),
        expires_at: (!is_same_day).then_some(expires_at),
        rate_limit: (rate_limit != token.rate_limit).then_some(rate_limit),
        tokens_per_minute: (tokens_per_minute != token.tokens_per_minute).then_some(tokens_per_minute),
        budget: is.has_other_budget(filled).then_some(budget),
    };
    tokens::edit(app, caller, id, edit).await.map(drop)
}

#[derive(Deserialize)]
struct RotationForm {
    #[serde(default)]
    grace: String,
}

async fn rotate_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TokenId>,
    Form(form): Form<RotationForm>,
) -> Result<Response, Failure> {
    let grace = Duration::from_secs(form.grace.parse().unwrap_or(0));
    match tokens::rotate(&shared.app, &signed_in.caller, id, grace).await {
        Ok(rotated) => {
            let former_until = Some(rotated.former_until).filter(|_| !grace.is_zero());
            let fresh = Some(Fresh { made: Made::Now(rotated.minted), former_until, is_used: true });
            tokens_page(&shared, &signed_in, Said { fresh, ..Said::default() }).await
        }
        Err(error) if is_for_the_form(&error) => {
            let token = tokens::get(&shared.app, &signed_in.caller, id).await?;
            let filled = filled_of(&shared, &signed_in, &token).await?;
            token_page(&shared, &signed_in, id, &filled, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn revoke_token(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TokenId>,
) -> Result<Response, Failure> {
    let token = tokens::get(&shared.app, &signed_in.caller, id).await?;
    tokens::revoke(&shared.app, &signed_in.caller, id).await?;
    Ok(Redirect::to(&home(&token)).into_response())
}

/// Where the tokens are that this one is among.
fn home(token: &Token) -> String {
    token.team.map_or_else(|| "/tokens".to_owned(), |team| format!("/admin/teams/{team}"))
}

/// What a page of tokens has to say.
#[derive(Default)]
struct Said<'a> {
    fresh: Option<Fresh>,
    error: Option<&'a Error>,
    filled: Filled,
    skip: i64,
}

async fn tokens_page(shared: &Shared, signed_in: &SignedIn, said: Said<'_>) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let (tokens, count) = tokens::list(app, caller, Whose::Own, said.skip, PAGE).await?;
    let standing = budgets::of_tokens(app, caller, &tokens).await?;
    let url = &app.settings.public_url;
    let callable = match &said.fresh {
        Some(fresh) if fresh.text().is_some() => Some(callable(shared, signed_in, fresh).await?),
        _ => None,
    };
    let choices = choices(shared, signed_in).await?;
    let now = app.clock.now();
    let content = html! {
        div.lead {
            div {
                h1 { "Gateway tokens" }
                p { "A token lets a program call your models through Ownkey. It can never do more than you, and you can take it back at any time." }
            }
        }
        (complaint(said.error.map(|error| error.sentence.as_str())))
        @if let Some(fresh) = &said.fresh { (fresh::card(fresh, callable.as_ref(), url)) }
        (form::make(&said.filled, &choices, said.fresh.is_none() && tokens.is_empty()))
        (list::tokens(&tokens, &standing, count, said.skip, now))
    };
    let status = said.error.map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, "Gateway tokens", signed_in, content).into_response())
}

async fn token_page(
    shared: &Shared,
    signed_in: &SignedIn,
    id: TokenId,
    filled: &Filled,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let token = tokens::get(&shared.app, &signed_in.caller, id).await?;
    let choices = choices(shared, signed_in).await?;
    let panel = budgets::panel(&shared.app, &signed_in.caller, id.into()).await?;
    let content = html! {
        nav.back aria-label="Back" { a href=(home(&token)) { (icon(Icon::Left)) @if token.team.is_some() { "Its team" } @else { "Gateway tokens" } } }
        (list::head(&token, shared.app.clock.now()))
        (complaint(error.map(|error| error.sentence.as_str())))
        @if token.revoked_at.is_none() {
            (form::edit(&token, filled, &choices))
            @if !panel.budgets.is_empty() { (card(&panel, &OF_TOKEN)) }
            div.halves { (form::rotate(&token)) (form::revoke(&token)) }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, &token.name, signed_in, content).into_response())
}

fn page(status: StatusCode, title: &str, signed_in: &SignedIn, content: Markup) -> Page {
    with_status(status, title, &signed_in.viewer, content).at(Place::Tokens).with_script("tokens.js")
}

/// What there is to choose from.
async fn choices(shared: &Shared, signed_in: &SignedIn) -> Result<Choices, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let own = users::me(app, caller).await?.preferences.fallback;
    Ok(Choices {
        is_admin: caller.is_admin(),
        reads_audit: reads_audit(caller),
        policy: own.unwrap_or(app.settings.policy),
    })
}

/// The models that the code of a fresh token calls.
async fn callable(shared: &Shared, signed_in: &SignedIn, fresh: &Fresh) -> Result<Callable, Failure> {
    let lines = models::callable(&shared.app, &signed_in.caller).await?;
    let allowed = fresh.token().models.as_ref();
    let mut lines: Vec<_> = lines
        .into_iter()
        .filter(|line| line.facts.kind == ModelKind::Chat)
        .filter(|line| allowed.is_none_or(|names| names.contains(&line.client_id)))
        .collect();
    lines.sort_by_key(|line| !line.facts.is_recommended);
    let claude = lines.iter().find(|line| line.facts.provider == ProviderId::Anthropic);
    let claude = claude.map(|line| line.client_id.clone());
    let model = lines.into_iter().next().map(|line| line.client_id);
    Ok(Callable { model: model.or_else(|| allowed?.first().cloned()), claude })
}
