//! `/language-models`: every model, whose key would serve it, and what it costs.

mod asked;
mod facets;
mod list;
mod parts;
mod register;
mod show;

use app::error::Error;
use app::models::{self, ModelFilter, ModelLine};
use app::paying::Wishes;
use app::{registry, resolving};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::ids::CredentialId;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::forms::{SignedIn, is_for_the_form};
use super::view::{Icon, Place, Shape, complaint, icon, with_status};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use asked::{Asked, Show};
pub(super) use asked::{dollars, tokens};
use register::Typed;

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/language-models", need, get(show_models)),
        quiet_door(Method::POST, "/language-models", need, post(register_model)),
        quiet_door(Method::POST, "/language-models/refresh", need, post(refresh_key)),
        quiet_door(Method::GET, "/language-models/estimate", need, get(super::prices::estimate::show_estimate)),
        quiet_door(Method::GET, "/language-models/{id}", need, get(show_model)),
        quiet_door(Method::POST, "/language-models/{id}", need, post(edit_model)),
    ]
}

async fn show_models(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    models_page(&shared, &signed_in, &asked, &Typed::default(), None).await
}

async fn register_model(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let made = match typed.new_model() {
        Ok(new) => registry::register(&shared.app, &signed_in.caller, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(line) => Ok(Redirect::to(&format!("/language-models/{}", line.uuid)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            models_page(&shared, &signed_in, &Asked::read(""), &typed, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct RefreshForm {
    /// The key whose models are to be listed again.
    key: CredentialId,
    /// What of the list was asked for.
    #[serde(default)]
    back: String,
}

/// Has a key checked, which lists its models.
async fn refresh_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<RefreshForm>,
) -> Result<Response, Failure> {
    let asked = Asked::read(&form.back);
    match app::credentials::check(&shared.app, &signed_in.caller, form.key).await {
        Ok(_) => Ok(Redirect::to(&asked.address()).into_response()),
        Err(error) if is_for_the_form(&error) => {
            models_page(&shared, &signed_in, &asked, &Typed::default(), Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_model(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(model): Id<Uuid>,
) -> Result<Response, Failure> {
    model_page(&shared, &signed_in, model, None).await
}

async fn edit_model(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(model): Id<Uuid>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let done = save(&shared, &signed_in, model, &typed).await;
    let to = match done {
        Ok(is_there) if is_there => format!("/language-models/{model}"),
        Ok(_) => "/language-models".to_owned(),
        Err(error) if is_for_the_form(&error) => {
            return model_page(&shared, &signed_in, model, Some((typed, error))).await;
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Redirect::to(&to).into_response())
}

/// Writes down what was typed of a model. Whether the model is still there: one
/// that only the registry knew is gone with its registration.
async fn save(shared: &Shared, signed_in: &SignedIn, model: Uuid, typed: &Typed) -> Result<bool, Error> {
    let (app, caller, scope) = (&shared.app, &signed_in.caller, typed.scope());
    if typed.action == "remove" {
        registry::unregister(app, caller, model, Some(scope)).await?;
        return Ok(models::get(app, caller, &model.to_string()).await.is_ok());
    }
    let is_registered = registry::of_model(app, caller, model).await?.iter().any(|one| one.scope() == scope);
    if is_registered {
        registry::edit(app, caller, model, Some(scope), typed.edit()?).await?;
    } else {
        registry::register(app, caller, typed.new_model()?).await?;
    }
    Ok(true)
}

async fn models_page(
    shared: &Shared,
    signed_in: &SignedIn,
    asked: &Asked,
    typed: &Typed,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let all = models::list(app, caller, ModelFilter::default()).await?;
    let sources = models::sources(app, caller).await?;
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let complaint_of_form = error.map(|error| error.sentence.as_str());
    let is_typed = !typed.is_empty();
    let content = html! {
        div.lead.beside-title {
            div { h1 { "Models" } (summary(&all)) }
            div.actions {
                a.button.quiet href="/language-models/estimate" { (icon(Icon::Chart)) "Estimate a cost" }
                @if caller.is_admin() { a.button.quiet href="/admin/prices" { "Prices" } }
                a.button.quiet href="#register" { (icon(Icon::Plus)) "Register a model" }
            }
        }
        @if !is_typed { (complaint(complaint_of_form)) }
        (facets::form(asked))
        (list_of(asked, &all, &sources))
        (list::sources(asked, &sources))
        (register::form(typed, caller.is_admin(), complaint_of_form.filter(|_| is_typed)))
    };
    let page = with_status(status, "Models", &signed_in.viewer, content);
    Ok(page.at(Place::Models).shaped(Shape::Wide).with_script("models.js").into_response())
}

/// How much there is, in one line.
fn summary(all: &[ModelLine]) -> Markup {
    let callable = all.iter().filter(|line| line.payer.is_some()).count();
    let locked = all.iter().filter(|line| Show::of(line) == Show::Locked).count();
    html! {
        p #summary data-live="models. credential." {
            @if callable == 0 { "No key opens a model yet. " } @else { "Your keys open " (callable) " models. " }
            @if locked > 0 { "Another " (locked) " wait for a key." }
        }
    }
}

/// The tabs, the check marks and the rows that are asked for.
fn list_of(asked: &Asked, all: &[ModelLine], sources: &[models::Source]) -> Markup {
    let wanted: Vec<&ModelLine> = all.iter().filter(|line| asked.lets(line)).collect();
    let count = |show| wanted.iter().filter(|line| Show::of(line) == show).count();
    let counts = [count(Show::Callable), count(Show::Locked), count(Show::Retired), wanted.len()];
    let is_any_callable = all.iter().any(|line| line.payer.is_some());
    let shown = asked.show.unwrap_or(if is_any_callable { Show::Callable } else { Show::Locked });
    let mut lines: Vec<&ModelLine> =
        wanted.into_iter().filter(|line| shown == Show::All || Show::of(line) == shown).collect();
    asked.order(&mut lines);
    html! {
        div.narrowing {
            (facets::tabs(asked, shown, counts))
            (facets::marks(asked))
        }
        div #list data-live="models. credential." { (list::page(asked, shown, &lines, sources)) }
    }
}

async fn model_page(
    shared: &Shared,
    signed_in: &SignedIn,
    model: Uuid,
    typed: Option<(Typed, Error)>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let line = models::get(app, caller, &model.to_string()).await?;
    let sources = models::sources(app, caller).await?;
    let registrations = registry::of_model(app, caller, model).await?;
    let history = match &line.alias {
        Some(_) => None,
        None => Some(app::prices::history(app, caller, line.facts.provider, &line.priced_id()).await?),
    };
    let explained = resolving::explain(app, caller, &line.client_id, &Wishes::default()).await;
    let status = typed.as_ref().map_or(StatusCode::OK, |(_, error)| problem::status_of(error));
    let shown = show::Shown {
        line: &line,
        history: history.as_ref(),
        as_of: app.catalogue.as_of(),
        explained,
        sources: &sources,
        registrations: &registrations,
        url: &app.settings.public_url,
        is_admin: caller.is_admin(),
        typed: typed.map(|(typed, error)| (typed, error.sentence)),
    };
    let page = with_status(status, &line.facts.display_name, &signed_in.viewer, show::content(&shown));
    Ok(page.at(Place::Models).into_response())
}
