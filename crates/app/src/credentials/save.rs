//! Saving a key: read it, find where it may be sent, seal it to that origin.

use std::sync::Arc;

use domain::audit::Event;
use domain::credential::{Credential, KeyStatus, REMINDER, Scope, Settings, Source};
use domain::credential_kind::azure_base;
use domain::ids::{CredentialId, OrganizationId};
use domain::{Caller, Origin, ProviderId, Secret, Timestamp, text};
use store::credentials::{Endpoint, StoredCredential};
use store::vault::{Payload, RowIdentity};

use super::settings::{self, TypedSettings};
use super::typed::{self, TypedKey};
use super::{duplicates, future, wait_for_check};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{checks, owners, sign_in};

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
    /// The key, as it was typed.
    pub api_key: Option<String>,
    /// Where the operator keeps the key instead: `env:NAME` or `file:/path`.
    pub secret_ref: Option<String>,
    /// Its endpoint; the provider's default when absent.
    pub api_base: Option<String>,
    /// Provider-specific settings.
    pub settings: TypedSettings,
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

impl NewKey {
    /// A personal key of this provider, with nothing else said.
    #[must_use]
    pub fn of(provider: ProviderId) -> Self {
        Self {
            scope: Scope::Personal,
            organization: None,
            provider,
            name: None,
            note: None,
            api_key: None,
            secret_ref: None,
            api_base: None,
            settings: TypedSettings::default(),
            priority: 0,
            is_primary: false,
            expires_at: None,
            rotate_after: None,
            wait_for_check: false,
        }
    }
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
/// cannot be a key, `endpoint_not_allowed` for where it may not be sent,
/// `duplicate_secret` for a key that is there already.
pub async fn create(app: &Arc<App>, caller: &Caller, new: NewKey) -> Result<Saved> {
    permit_scope(app, caller, &new).await?;
    let typed = typed::read(app, new.provider, new.scope, new.api_key.as_deref(), new.secret_ref.as_deref())?;
    let endpoint = resolve_endpoint(app, new.provider, new.api_base.as_deref())?;
    let name = match &new.name {
        Some(name) => text::line(name, 100).map_err(|problem| Error::invalid("name", problem))?,
        None => new.provider.display_name().to_owned(),
    };
    let note = text::note(new.note.as_deref().unwrap_or(""), 2_000).map_err(|p| Error::invalid("note", p))?;
    let checked = settings::checked(new.provider, new.settings, &Settings::default(), &name)?;
    settings::refuse_taken_slug(app, caller, (new.scope, new.organization), &checked.settings, None).await?;
    let now = app.clock.now();
    let set_at = typed.as_ref().map(|_| now);
    let credential = Credential {
        id: CredentialId::generate(now, &app.entropy),
        scope: new.scope,
        owner: (new.scope == Scope::Personal).then_some(caller.user),
        organization: new.organization,
        provider: new.provider,
        name,
        note,
        masked: typed.as_ref().map(|typed| typed.masked.clone()).unwrap_or_default(),
        api_base: endpoint.api_base,
        endpoint: endpoint.endpoint,
        origin: endpoint.origin,
        settings: checked.settings,
        is_active: true,
        is_primary: new.is_primary,
        priority: checked_priority(new.priority)?,
        status: KeyStatus::Unverified,
        status_reason: None,
        checked_at: None,
        last_used_at: None,
        expires_at: new.expires_at.map(|at| future(app, "expires_at", at)).transpose()?,
        rotate_after: new.rotate_after.or_else(|| set_at.map(|at| at.plus(REMINDER))),
        source: match typed.as_ref().and_then(TypedKey::reference) {
            Some(place) => Source::Reference(place.to_owned()),
            None => Source::Stored,
        },
        secret_version: 1,
        secret_set_at: set_at,
        grace_of: None,
        created_at: now,
        created_by: Some(caller.user),
        updated_at: now,
        updated_by: Some(caller.user),
    };
    let warning = typed.as_ref().and_then(|typed| typed.warning.clone());
    let row = sealed_row(app, credential, typed, checked.headers.unwrap_or_default(), now);
    let returned = insert(app, caller, &row, now).await?;
    app.reach.forget(row.credential.owner);
    let id = row.credential.id;
    if new.wait_for_check {
        wait_for_check(app, row).await;
    } else {
        checks::start(app, row);
    }
    Ok(Saved { credential: super::get(app, caller, id).await?, warning: returned.or(warning) })
}

/// The row and its audit event; what its owner should know.
async fn insert(app: &App, caller: &Caller, row: &StoredCredential, now: Timestamp) -> Result<Option<String>> {
    let credential = &row.credential;
    let mut events = vec![Event::CredentialCreated {
        credential: credential.id,
        scope: credential.scope,
        provider: credential.provider,
        name: credential.name.clone(),
        origin: credential.origin.clone(),
    }];
    let mut warning = None;
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    if let Some(fingerprint) = &row.fingerprint {
        let returned = duplicates::settle(&mut change, credential, fingerprint, None, caller.user).await?;
        events.extend(returned.events);
        warning = returned.warning;
    }
    store::credentials::insert(&mut change, row).await?;
    change.commit_all(events).await?;
    Ok(warning)
}

fn sealed_row(
    app: &App,
    credential: Credential,
    typed: Option<TypedKey>,
    headers: Vec<(String, Secret)>,
    now: Timestamp,
) -> StoredCredential {
    let fingerprint = typed.as_ref().map(|typed| typed.fingerprint.clone());
    let payload = match typed {
        Some(typed) => typed.into_payload(headers),
        None => Payload { headers, ..Payload::default() },
    };
    let seal = |payload| app.store.vault().seal_payload(payload, &RowIdentity::of(&credential), now, &app.entropy);
    let sealed = Some(&payload).filter(|payload| !payload.is_empty()).map(seal);
    StoredCredential { credential, sealed, fingerprint }
}

async fn permit_scope(app: &App, caller: &Caller, new: &NewKey) -> Result<()> {
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
        (Scope::Organization, Some(_)) => owners::organization(app, caller, new.organization).await.map(drop),
        (Scope::Organization, None) => {
            Err(Error::invalid("organization_id", "is missing; an organization's key needs its organization"))
        }
        (_, Some(_)) => Err(Error::invalid("organization_id", "goes with scope organization only; leave it out")),
    }
}

/// Where a key's calls go: the typed endpoint, or this server's default.
pub(super) fn resolve_endpoint(app: &App, provider: ProviderId, typed: Option<&str>) -> Result<Endpoint> {
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    let base = typed.or_else(|| app.settings.default_base(provider)).ok_or_else(|| endpoint_missing(provider))?;
    let base = if provider == ProviderId::Azure { azure_base(base) } else { base };
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

fn endpoint_missing(provider: ProviderId) -> Error {
    let sentence = match provider {
        ProviderId::Azure => "Azure OpenAI needs the endpoint of your own resource: send it as api_base, like \
             https://my-resource.openai.azure.com. It stands beside the key, at “Keys and Endpoint” in portal.azure.com."
            .to_owned(),
        _ => format!("{} has no default endpoint. Send its base URL as api_base.", provider.display_name()),
    };
    Error::new(Code::InvalidRequest, sentence).of_field("api_base")
}

pub(super) fn checked_priority(priority: i64) -> Result<i64> {
    if (-1_000_000..=1_000_000).contains(&priority) {
        Ok(priority)
    } else {
        Err(Error::invalid("priority", "is out of range; give a number between -1000000 and 1000000"))
    }
}

/// What recognises `typed` as a key of `provider`, before anything is changed.
/// Nothing typed is fine: it removes.
///
/// # Errors
/// `invalid_request` with the reason why it cannot be a key.
pub fn readable(app: &App, provider: ProviderId, typed: Option<&str>) -> Result<Option<String>> {
    match typed {
        Some(typed) => {
            let key = typed::read(app, provider, Scope::Personal, Some(typed), None)?;
            Ok(key.map(|key| key.fingerprint))
        }
        None => Ok(None),
    }
}

/// Where a key of `provider` would be used, before anything is changed; `None`
/// without a key.
///
/// # Errors
/// `invalid_request` or `endpoint_not_allowed`.
pub fn placeable(
    app: &App,
    provider: ProviderId,
    primary: Option<&Credential>,
    has_key: bool,
    endpoint: Option<&str>,
) -> Result<Option<Origin>> {
    match primary {
        _ if !has_key => Ok(None),
        Some(primary) if endpoint.is_none() => Ok(Some(primary.origin.clone())),
        _ => resolve_endpoint(app, provider, endpoint).map(|endpoint| Some(endpoint.origin)),
    }
}
