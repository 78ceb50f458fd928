//! Saving a key: read it, find where it may be sent, seal it to that origin.

use std::sync::Arc;

use domain::audit::Event;
use domain::credential::{Credential, KeyStatus, Scope, Settings, Source};
use domain::ids::{CredentialId, OrganizationId};
use domain::key_shape::{self, CleanKey};
use domain::{Caller, ProviderId, Timestamp, text};
use store::credentials::{Endpoint, StoredCredential};
use store::vault::RowIdentity;

use super::{future, wait_for_check};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{checks, sign_in};

/// A key as somebody typed it.
pub struct NewKey {
    /// Whose it is to be.
    pub scope: Scope,
    /// The owner, when an organization's.
    pub organization: Option<OrganizationId>,
    /// The provider it opens.
    pub provider: ProviderId,
    /// What to call it; the provider's name when absent.
    pub name: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// The key; zeroed when the request is done.
    pub api_key: Option<String>,
    /// Its endpoint; the provider's default when absent.
    pub api_base: Option<String>,
    /// Provider-specific settings.
    pub settings: Settings,
    /// Order after the primary.
    pub priority: i64,
    /// Whether it is to be the first of its provider.
    pub is_primary: bool,
    /// When it stops being used.
    pub expires_at: Option<Timestamp>,
    /// When to be reminded.
    pub rotate_after: Option<Timestamp>,
    /// Whether to wait for the first check.
    pub wait_for_check: bool,
}

/// A saved key, and what its owner should know about it.
pub struct Saved {
    /// The row.
    pub credential: Credential,
    /// An unusual shape, if it has one.
    pub warning: Option<String>,
}

/// Saves a key, then checks it in the background.
///
/// # Errors
/// `forbidden` for a scope that is not the caller's, `invalid_request` for what
/// cannot be a key, `endpoint_not_allowed` for where it may not be sent.
pub async fn create(app: &Arc<App>, caller: &Caller, new: NewKey) -> Result<Saved> {
    permit_scope(caller, &new)?;
    let clean = clean_key(new.provider, new.api_key.as_deref())?;
    let endpoint = resolve_endpoint(app, new.provider, new.api_base.as_deref())?;
    let name = match &new.name {
        Some(name) => text::line(name, 100).map_err(|problem| Error::invalid("name", problem))?,
        None => new.provider.display_name().to_owned(),
    };
    let note = text::note(new.note.as_deref().unwrap_or(""), 2_000).map_err(|p| Error::invalid("note", p))?;
    let settings = checked_settings(new.provider, new.settings, &name)?;
    refuse_taken_slug(app, caller, new.scope, &settings).await?;
    let now = app.clock.now();
    let warning = clean.as_ref().and_then(|clean| clean.warning.clone());
    let credential = Credential {
        id: CredentialId::generate(now, &app.entropy),
        scope: new.scope,
        owner: (new.scope == Scope::Personal).then_some(caller.user),
        organization: new.organization,
        provider: new.provider,
        name,
        note,
        masked: clean.as_ref().map(|clean| clean.masked.clone()).unwrap_or_default(),
        api_base: endpoint.api_base,
        endpoint: endpoint.endpoint,
        origin: endpoint.origin,
        settings,
        is_active: true,
        is_primary: new.is_primary,
        priority: checked_priority(new.priority)?,
        status: KeyStatus::Unverified,
        status_reason: None,
        checked_at: None,
        last_used_at: None,
        expires_at: new.expires_at.map(|at| future(app, "expires_at", at)).transpose()?,
        rotate_after: new.rotate_after,
        source: Source::Stored,
        secret_version: 1,
        created_at: now,
        created_by: Some(caller.user),
        updated_at: now,
        updated_by: Some(caller.user),
    };
    let row = sealed_row(app, credential, clean.as_ref(), now);
    let event = Event::CredentialCreated {
        credential: row.credential.id,
        scope: row.credential.scope,
        provider: row.credential.provider,
        name: row.credential.name.clone(),
        origin: row.credential.origin.clone(),
    };
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    store::credentials::insert(&mut change, &row).await?;
    change.commit(event).await?;
    app.reach.forget(row.credential.owner);
    let id = row.credential.id;
    if new.wait_for_check {
        wait_for_check(app, row).await;
    } else {
        checks::start(app, row);
    }
    Ok(Saved { credential: super::get(app, caller, id).await?, warning })
}

fn sealed_row(app: &App, credential: Credential, clean: Option<&CleanKey>, now: Timestamp) -> StoredCredential {
    let vault = app.store.vault();
    let sealed = clean.map(|clean| vault.seal(&clean.secret, &RowIdentity::of(&credential), now, &app.entropy));
    let fingerprint = clean.map(|clean| vault.fingerprint(&clean.secret));
    StoredCredential { credential, sealed, fingerprint }
}

fn permit_scope(caller: &Caller, new: &NewKey) -> Result<()> {
    match (new.scope, new.organization) {
        (Scope::Personal, None) if caller.team().is_some() => Err(Error::new(
            Code::Forbidden,
            "A team's token has no personal keys. Use a token of your own, or sign in.",
        )),
        (Scope::Personal, None) => Ok(()),
        (Scope::System, None) if caller.is_admin() => Ok(()),
        (Scope::System, None) => {
            Err(Error::new(Code::Forbidden, "Only an admin of this server can save system keys. Save a personal one."))
        }
        (Scope::Organization, Some(_)) => Err(Error::not_found("organization")),
        (Scope::Organization, None) => {
            Err(Error::invalid("organization_id", "is missing; an organization's key needs its organization"))
        }
        (_, Some(_)) => Err(Error::invalid("organization_id", "goes with scope organization only; leave it out")),
    }
}

/// Trims and checks a typed key. `None` where the provider needs none.
pub(super) fn clean_key(provider: ProviderId, typed: Option<&str>) -> Result<Option<CleanKey>> {
    match typed {
        Some(typed) if provider.facts().needs_key || !typed.trim().is_empty() => key_shape::clean(typed, provider)
            .map(Some)
            .map_err(|problem| Error::new(Code::InvalidRequest, problem.to_string()).of_field("api_key")),
        _ if provider.facts().needs_key => Err(Error::new(
            Code::InvalidRequest,
            format!(
                "{} needs a key. Get one at {} and send it as api_key.",
                provider.display_name(),
                provider.facts().key_url
            ),
        )
        .of_field("api_key")),
        _ => Ok(None),
    }
}

/// Where a key's calls go: the typed endpoint, or this server's default.
pub(super) fn resolve_endpoint(app: &App, provider: ProviderId, typed: Option<&str>) -> Result<Endpoint> {
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    let base = typed.or_else(|| app.settings.default_base(provider)).ok_or_else(|| {
        Error::new(
            Code::InvalidRequest,
            format!("{} has no default endpoint. Send its base URL as api_base.", provider.display_name()),
        )
        .of_field("api_base")
    })?;
    let endpoint = app
        .guard
        .check_literal(provider, base)
        .map_err(|problem| Error::new(Code::EndpointNotAllowed, problem.to_string()).of_field("api_base"))?;
    Ok(Endpoint {
        api_base: typed.map(str::to_owned),
        endpoint: endpoint.base().to_owned(),
        origin: endpoint.origin().clone(),
    })
}

pub(super) fn checked_priority(priority: i64) -> Result<i64> {
    if (-1_000_000..=1_000_000).contains(&priority) {
        Ok(priority)
    } else {
        Err(Error::invalid("priority", "is out of range; give a number between -1000000 and 1000000"))
    }
}

/// The settings of a key: bounded, and a slug for custom endpoints.
pub(super) fn checked_settings(provider: ProviderId, settings: Settings, name: &str) -> Result<Settings> {
    let mut settings = settings;
    if settings.deployments.len() > 200 {
        return Err(Error::invalid("settings.deployments", "has more than 200 names; send fewer"));
    }
    for deployment in &settings.deployments {
        text::line(deployment, 200).map_err(|problem| Error::invalid("settings.deployments", problem))?;
    }
    if let Some(version) = &settings.api_version {
        text::line(version, 40).map_err(|problem| Error::invalid("settings.api_version", problem))?;
    }
    if provider == ProviderId::Custom {
        let slug = settings.slug.take().unwrap_or_else(|| slug_of(name));
        if slug.is_empty() || slug.len() > 40 || slug != slug_of(&slug) {
            return Err(Error::invalid(
                "settings.slug",
                "must be 1 to 40 lower-case letters, digits and dashes, such as my-server",
            ));
        }
        if slug.parse::<ProviderId>().is_ok() {
            return Err(Error::invalid("settings.slug", "is a provider's name; choose another"));
        }
        settings.slug = Some(slug);
    } else if settings.slug.is_some() {
        return Err(Error::invalid("settings.slug", "is for custom endpoints only; leave it out"));
    }
    Ok(settings)
}

/// A slug names one endpoint of its owner, so that `slug/model` names one model.
async fn refuse_taken_slug(app: &App, caller: &Caller, scope: Scope, settings: &Settings) -> Result<()> {
    let Some(slug) = &settings.slug else { return Ok(()) };
    let rows = match scope {
        Scope::Personal => store::credentials::of_user(&app.store, caller.user).await?,
        Scope::Organization | Scope::System => store::credentials::of_system(&app.store).await?,
    };
    if rows.iter().any(|row| row.credential.settings.slug.as_ref() == Some(slug)) {
        return Err(Error::new(
            Code::Conflict,
            format!("Another endpoint of yours has the slug “{slug}”. Give this one another name or settings.slug."),
        )
        .of_field("settings.slug"));
    }
    Ok(())
}

/// A name as a slug: `My Server!` is `my-server`.
fn slug_of(name: &str) -> String {
    let dashed: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let words: Vec<_> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let slug = words.join("-");
    if slug.is_empty() || slug.parse::<ProviderId>().is_ok() {
        format!("{slug}-endpoint").trim_start_matches('-').to_owned()
    } else {
        slug
    }
}

/// Whether `typed` could be saved as a key of `provider`, before anything is
/// changed. Nothing typed is fine: it removes.
///
/// # Errors
/// `invalid_request` with the reason.
pub fn readable(provider: ProviderId, typed: Option<&str>) -> Result<()> {
    match typed {
        Some(typed) => clean_key(provider, Some(typed)).map(drop),
        None => Ok(()),
    }
}

/// Whether a key of `provider` could be saved for `endpoint`, before anything
/// is changed.
///
/// # Errors
/// `invalid_request` or `endpoint_not_allowed`.
pub fn placeable(
    app: &App,
    provider: ProviderId,
    primary: Option<&Credential>,
    has_key: bool,
    endpoint: Option<&str>,
) -> Result<()> {
    if !has_key || (endpoint.is_none() && primary.is_some()) {
        return Ok(());
    }
    resolve_endpoint(app, provider, endpoint).map(drop)
}
