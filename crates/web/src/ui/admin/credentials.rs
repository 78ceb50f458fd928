//! `/admin/provider-credentials` and `/admin/system-keys`: the keys that somebody
//! looks after for others, and adding more.

mod asked;
mod form;
mod list;

use app::credentials::{self, Held, HeldBy, NewKey, TypedSettings};
use app::error::{Code, Error};
use app::{organizations, spreads};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Caller;
use domain::credential::Scope;
use domain::organization::Organization;
use domain::spread::Spread;
use http::StatusCode;
use maud::{Markup, html};

use self::asked::{Asked, CredentialsQuery};
use self::form::KeyForm;
use super::{Part, let_in, page};
use crate::body::{Form, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::keys;
use crate::ui::view::complaint;

/// How many keys a page shows.
const PAGE: i64 = 50;

/// The most organizations that are offered to choose from; others are reached
/// from their own pages.
const OFFERED: i64 = 200;

pub(super) async fn show_credentials(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<CredentialsQuery>,
) -> Result<Response, Failure> {
    let asked = Asked::of(&query, Scope::Organization);
    keys_page(&shared, &signed_in, &asked, &KeyForm::default(), None).await
}

pub(super) async fn show_system_keys(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<CredentialsQuery>,
) -> Result<Response, Failure> {
    let asked = Asked::of(&query, Scope::System);
    keys_page(&shared, &signed_in, &asked, &KeyForm::default(), None).await
}

pub(super) async fn add_credential(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<KeyForm>,
) -> Result<Response, Failure> {
    add(&shared, &signed_in, Scope::Organization, form).await
}

pub(super) async fn add_system_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<KeyForm>,
) -> Result<Response, Failure> {
    add(&shared, &signed_in, Scope::System, form).await
}

async fn add(shared: &Shared, signed_in: &SignedIn, scope: Scope, form: KeyForm) -> Result<Response, Failure> {
    let asked = Asked { organization: form.back.clone(), ..Asked::first(scope) };
    let kept = form.without_secret();
    let saved = match new_key(shared, signed_in, scope, form).await {
        Ok(new) => credentials::create(&shared.app, &signed_in.caller, new).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => Ok(Redirect::to(&asked.href()).into_response()),
        Err(error) if is_for_the_form(&error) || error.code == Code::NotFound => {
            keys_page(shared, signed_in, &asked, &kept, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn new_key(shared: &Shared, signed_in: &SignedIn, scope: Scope, form: KeyForm) -> Result<NewKey, Error> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let organization = match scope {
        Scope::Organization if form.organization.is_empty() => {
            return Err(Error::invalid("organization", "is missing; choose whose key this is"));
        }
        Scope::Organization => Some(organizations::find_to_manage(app, caller, &form.organization).await?.id),
        Scope::Personal | Scope::System => None,
    };
    let provider = keys::provider(&form.provider)?;
    let deployments = keys::words(&form.deployments);
    let headers = keys::typed(form.headers).map(|text| keys::headers_of(&text)).transpose()?;
    let settings = TypedSettings {
        api_version: keys::typed(form.api_version).map(Some),
        deployments: (!deployments.is_empty()).then_some(deployments),
        slug: keys::typed(form.slug).map(|slug| slug.trim().to_owned()),
        headers,
    };
    Ok(NewKey {
        scope,
        organization,
        name: keys::typed(form.name),
        note: keys::typed(form.note),
        api_key: keys::typed(form.api_key),
        secret_ref: keys::typed(form.secret_ref).map(|text| text.trim().to_owned()),
        api_base: keys::typed(form.api_base),
        settings,
        ..NewKey::of(provider)
    })
}

async fn keys_page(
    shared: &Shared,
    signed_in: &SignedIn,
    asked: &Asked,
    typed: &KeyForm,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let offered = match asked.scope {
        Scope::Organization => {
            let_in(caller)?;
            offered(shared, signed_in).await?
        }
        Scope::Personal | Scope::System => Vec::new(),
    };
    let chosen = match &asked.organization {
        Some(named) => Some(organizations::find_to_manage(app, caller, named).await?),
        None => None,
    };
    let by = match (asked.scope, &chosen) {
        (Scope::Organization, Some(one)) => HeldBy::Organization(one.id),
        (Scope::Organization, None) => HeldBy::Organizations,
        _ => HeldBy::System,
    };
    let held = Held {
        by,
        provider: asked.provider,
        is_active: asked.is_active,
        search: Some(asked.search.clone()),
        after: asked.after,
        limit: PAGE,
    };
    let found = credentials::held(app, caller, &held).await?;
    let whose = Caller { organization: chosen.as_ref().map(|one| one.id), ..Caller::clone(caller) };
    let offered = with_chosen(offered, chosen.as_ref());
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        (list::lead(asked))
        (form::add(asked, typed, &offered, chosen.as_ref(), error.is_some()))
        (list::filters(asked, &offered))
        (spread(shared, &whose, asked).await?)
        (list::keys(asked, &found, app, chosen.is_none() && offered.len() != 1))
        dialog #sheet aria-labelledby="sheet-title" {}
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let (title, part) = match asked.scope {
        Scope::Organization => ("Provider credentials", Part::Credentials),
        Scope::Personal | Scope::System => ("System keys", Part::SystemKeys),
    };
    Ok(page(status, title, signed_in, part, &content).with_script("keys.js").into_response())
}

/// How calls are spread over the keys of one owner and provider.
async fn spread(shared: &Shared, whose: &Caller, asked: &Asked) -> Result<Markup, Failure> {
    let Some(provider) = asked.provider.filter(|_| asked.scope == Scope::System || whose.organization.is_some()) else {
        return Ok(html! {});
    };
    let settled = spreads::list(&shared.app, whose).await?;
    let own = settled.iter().find(|one| one.scope == asked.scope && one.provider == provider);
    let organization = whose.organization.filter(|_| asked.scope == Scope::Organization).map(|id| id.to_string());
    let settled = own.map_or(Spread::default(), |one| one.spread);
    Ok(html! { div.spread { (keys::spread(provider, asked.scope, organization.as_deref(), settled)) } })
}

/// The organizations that the caller looks after, to choose from.
async fn offered(shared: &Shared, signed_in: &SignedIn) -> Result<Vec<Organization>, Failure> {
    let caller = &signed_in.caller;
    let (all, _) = organizations::list(&shared.app, caller, None, 0, OFFERED).await?;
    Ok(all.into_iter().filter(|one| caller.looks_after(one.id)).collect())
}

fn with_chosen(mut offered: Vec<Organization>, chosen: Option<&Organization>) -> Vec<Organization> {
    if let Some(chosen) = chosen.filter(|chosen| offered.iter().all(|one| one.id != chosen.id)) {
        offered.push(chosen.clone());
    }
    offered
}
