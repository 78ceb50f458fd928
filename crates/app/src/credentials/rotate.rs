//! Replacing a key in two phases: the new one is tried before anything changes,
//! and the one before lives on for a while as a row of its own, the last in the
//! order, so that a mistake costs nothing.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::Event;
use domain::credential::{Credential, GRACE_PRIORITY, KeyStatus, Source};
use domain::ids::CredentialId;
use domain::{Caller, Timestamp};
use llm::probe::ProbeReport;
use store::credentials::StoredCredential;
use store::vault::{Payload, RowIdentity};

use super::typed::{self, Renewal, TypedKey};
use super::{duplicates, find_stored, refuse_former};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{checks, secrets, sign_in};

/// The longest grace.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// The grace when none is named.
pub const USUAL_GRACE: Duration = Duration::from_hours(24);

/// A key that is to take the place of another.
pub struct Rotation {
    /// The new key.
    pub api_key: String,
    /// For how long the former one lives on.
    pub grace: Duration,
    /// Whether a new key that could not be tried is taken all the same.
    pub force: bool,
}

/// What a rotation left behind.
pub struct Rotated {
    /// The key, with its new secret.
    pub credential: Credential,
    /// The former secret, while its grace lasts.
    pub former: Option<Credential>,
    /// Something its owner should know.
    pub warning: Option<String>,
}

/// Replaces a key's secret.
///
/// # Errors
/// `invalid_request` with the reason when the provider refuses the new key or
/// cannot be asked, `duplicate_secret`, `conflict` when somebody changed the key
/// meanwhile; then nothing was changed.
pub async fn rotate(app: &Arc<App>, caller: &Caller, id: CredentialId, rotation: Rotation) -> Result<Rotated> {
    if rotation.grace > LONGEST {
        return Err(Error::invalid("grace_seconds", "is too long; give 0 to 2592000, which is 30 days"));
    }
    let row = find_stored(app, caller, id).await?;
    let current = &row.credential;
    refuse_former(current)?;
    refuse_keyless(&row)?;
    let typed = typed::read(app, current.provider, current.scope, Some(&rotation.api_key), None)?
        .ok_or_else(|| Error::invalid("api_key", "is empty; send the new key"))?;
    if row.fingerprint.as_deref() == Some(&typed.fingerprint) {
        return Err(Error::new(
            Code::DuplicateSecret,
            format!(
                "This is the key that {} has already. Make a new one at its provider and send that.",
                current.title()
            ),
        )
        .of_field("api_key"));
    }
    let report = try_out(app, &row, &typed, rotation.force).await?;
    let mut warnings: Vec<String> = typed.warning.clone().into_iter().collect();
    if report.status == KeyStatus::Unverified || report.status == KeyStatus::Unreachable {
        warnings.push(format!("The new key is in place untried. {}", report.reason));
    }
    let former = secrets::opened(app, &row).ok();
    if former.is_none() {
        if !current.settings.headers.is_empty() {
            return Err(secrets::undecryptable(current));
        }
        warnings.push("The key before could not be opened, so it does not live on.".to_owned());
    }
    let former = commit(app, caller, &row, typed, former, rotation.grace, &mut warnings).await?;
    app.reach.forget(current.owner);
    checks::keep_report(app, &find_stored(app, caller, id).await?, report).await;
    let warning = (!warnings.is_empty()).then(|| warnings.join(" "));
    Ok(Rotated { credential: super::get(app, caller, id).await?, former, warning })
}

fn refuse_keyless(row: &StoredCredential) -> Result<()> {
    let next = match &row.credential.source {
        Source::Reference(place) => format!("is kept at {place}; replace it there, and it is read again"),
        _ if row.fingerprint.is_none() => "has no stored key to replace; save one by editing it".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::new(Code::InvalidRequest, format!("The key {} {next}.", row.credential.title())))
}

/// One free call with the new key to where the old one is used.
async fn try_out(app: &App, row: &StoredCredential, typed: &TypedKey, force: bool) -> Result<ProbeReport> {
    let old = secrets::opened(app, row).unwrap_or_default();
    let headers: Vec<_> =
        old.headers.iter().filter_map(|(name, value)| llm::client::secret_header(name, value)).collect();
    drop(old);
    let report = checks::try_out(app, &row.credential, typed.secret(), &headers).await;
    let is_taken = match report.status {
        KeyStatus::Valid | KeyStatus::RateLimited => true,
        KeyStatus::Unverified | KeyStatus::Unreachable => force,
        KeyStatus::Invalid | KeyStatus::NoCredit | KeyStatus::Forbidden | KeyStatus::Undecryptable => false,
    };
    if is_taken {
        return Ok(report);
    }
    let could_not_be_asked = matches!(report.status, KeyStatus::Unverified | KeyStatus::Unreachable);
    let next = if could_not_be_asked {
        " Nothing was changed; ?force=true replaces the key untried."
    } else {
        " Nothing was changed."
    };
    Err(Error::new(Code::InvalidRequest, format!("{}{next}", report.reason)).of_field("api_key"))
}

/// The new secret and the row of the former one, in one transaction.
async fn commit(
    app: &App,
    caller: &Caller,
    row: &StoredCredential,
    typed: TypedKey,
    old: Option<Payload>,
    grace: Duration,
    warnings: &mut Vec<String>,
) -> Result<Option<Credential>> {
    let current = &row.credential;
    let now = app.clock.now();
    let former_until = now.plus(grace);
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let returned = duplicates::settle(&mut change, current, &typed.fingerprint, Some(current.id), caller.user).await?;
    warnings.extend(returned.warning);
    store::credentials::shorten_grace(&mut change, current.id, former_until).await?;
    let former = old.as_ref().filter(|_| !grace.is_zero()).map(|old| former_row(app, row, old, now, former_until));
    let headers = old.map(|old| old.headers).unwrap_or_default();
    let (fingerprint, masked) = (Some(typed.fingerprint.clone()), typed.masked.clone());
    let renewal = Renewal {
        payload: typed.into_payload(headers),
        fingerprint,
        masked,
        endpoint: None,
        set_at: Some(now),
        rotate_after: typed::next_reminder(current, now),
    };
    let secret = typed::renewed(app, current, renewal);
    if !store::credentials::replace_secret(&mut change, current.id, &secret, Some(caller.user)).await? {
        change.rollback().await?;
        return Err(Error::new(Code::Conflict, "Somebody else changed this key at the same time. Read it again."));
    }
    if let Some(former) = &former {
        store::credentials::insert(&mut change, former).await?;
        store::credentials::copy_model_list(&mut change, current.id, former.credential.id).await?;
    }
    let mut events = vec![Event::CredentialRotated {
        credential: current.id,
        version: secret.version,
        former: former.as_ref().map(|former| former.credential.id),
        former_until: former.as_ref().and_then(|former| former.credential.expires_at).map(Timestamp::as_micros),
    }];
    events.extend(returned.events);
    change.commit_all(events).await?;
    Ok(former.map(|former| former.credential))
}

/// The former secret as a row of its own, sealed to its own identity.
fn former_row(app: &App, row: &StoredCredential, old: &Payload, now: Timestamp, until: Timestamp) -> StoredCredential {
    let until = row.credential.expires_at.map_or(until, |end| end.min(until));
    let credential = Credential {
        id: CredentialId::generate(now, &app.entropy),
        name: former_name(&row.credential.name, until),
        is_primary: false,
        priority: GRACE_PRIORITY,
        expires_at: Some(until),
        rotate_after: None,
        secret_version: 1,
        grace_of: Some(row.credential.id),
        created_at: now,
        updated_at: now,
        ..row.credential.clone()
    };
    let sealed = app.store.vault().seal_payload(old, &RowIdentity::of(&credential), now, &app.entropy);
    StoredCredential { credential, sealed: Some(sealed), fingerprint: row.fingerprint.clone() }
}

/// `Work (until 2026-11-22 08:00 UTC)`, at most 100 characters.
fn former_name(name: &str, until: Timestamp) -> String {
    let name: String = name.chars().take(70).collect();
    let moment: String = until.to_string().replace('T', " ").chars().take(16).collect();
    format!("{} (until {moment} UTC)", name.trim_end())
}
