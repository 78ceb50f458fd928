//! Saving keys: pasted ones, and those typed into a provider's form.

use std::collections::BTreeMap;

use app::credentials::{self, NewKey, Paste, TypedSettings};
use app::error::Error;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ProviderId;
use domain::credential::Scope;
use http::HeaderMap;
use serde::Deserialize;

use super::place::{back, spot_of};
use super::{Said, keys_page};
use crate::body::Form;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};

#[derive(Deserialize)]
pub(super) struct PasteForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    scope: String,
}

/// A provider's form.
#[derive(Deserialize)]
pub(crate) struct KeyForm {
    provider: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    api_key: String,
    #[serde(default)]
    api_base: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    deployments: String,
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    headers: String,
}

pub(super) async fn paste_keys(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Form(form): Form<PasteForm>,
) -> Result<Response, Failure> {
    let scope = scope(&form.scope)?;
    let provider = typed(form.provider).map(|text| provider(&text)).transpose()?;
    let paste = Paste { text: form.text, provider, scope, wait_for_check: false };
    let spot = spot_of(&headers, &signed_in.caller);
    match credentials::paste(&shared.app, &signed_in.caller, paste).await {
        Ok(pasted) => keys_page(&shared, &signed_in, &spot, Said::Pasted(&pasted)).await,
        Err(error) if is_for_the_form(&error) => keys_page(&shared, &signed_in, &spot, Said::Refused(&error)).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn add_key(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Form(form): Form<KeyForm>,
) -> Result<Response, Failure> {
    let new = new_key(&shared, form)?;
    match credentials::create(&shared.app, &signed_in.caller, new).await {
        Ok(_) => Ok(Redirect::to(&back(&headers)).into_response()),
        Err(error) if is_for_the_form(&error) => {
            let spot = spot_of(&headers, &signed_in.caller);
            keys_page(&shared, &signed_in, &spot, Said::Refused(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn new_key(shared: &Shared, form: KeyForm) -> Result<NewKey, Error> {
    let provider = provider(&form.provider)?;
    // What stands in the field from the start is the default, not a choice.
    let default_base = shared.app.settings.default_base(provider);
    let api_base = typed(form.api_base).filter(|base| Some(base.trim()) != default_base);
    let deployments = words(&form.deployments);
    let headers = typed(form.headers).map(|text| headers_of(&text)).transpose()?;
    let settings = TypedSettings {
        api_version: typed(form.api_version).map(Some),
        deployments: (!deployments.is_empty()).then_some(deployments),
        slug: typed(form.slug).map(|slug| slug.trim().to_owned()),
        headers,
    };
    Ok(NewKey {
        scope: scope(&form.scope)?,
        name: typed(form.name),
        api_key: typed(form.api_key),
        api_base,
        settings,
        ..NewKey::of(provider)
    })
}

/// What somebody typed; `None` for nothing.
pub(crate) fn typed(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Names with commas or line breaks between them.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `name: value` on each line.
pub(crate) fn headers_of(text: &str) -> Result<BTreeMap<String, String>, Error> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let pair = line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
            pair.ok_or_else(|| Error::invalid("headers", "has a line without a colon; write each as name: value"))
        })
        .collect()
}

pub(crate) fn provider(text: &str) -> Result<ProviderId, Error> {
    text.parse().map_err(|problem: String| Error::invalid("provider", format!("is not taken: {problem}")))
}

pub(super) fn scope(text: &str) -> Result<Scope, Error> {
    if text.is_empty() {
        return Ok(Scope::Personal);
    }
    text.parse().map_err(|problem: String| Error::invalid("scope", format!("is not taken: {problem}")))
}
