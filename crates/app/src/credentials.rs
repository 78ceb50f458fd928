//! Provider keys: saving, editing, checking, revealing and deleting them, by
//! whoever may.

mod arrange;
mod duplicates;
mod edit;
mod held;
mod paste;
mod removal;
mod rotate;
mod save;
mod settings;
mod shelf;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use domain::audit::Event;
use domain::caller::Proof;
use domain::credential::{Credential, KeyStatus, Scope, Settings, Source};
use domain::ids::{CredentialId, OrganizationId};
use domain::secret::Password;
use domain::{Caller, Origin, Secret, Timestamp};
use store::credentials::{CredentialFilter, StoredCredential};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::{self, Visitor};
use crate::{checks, owners, reach, secrets};

pub use arrange::{Place, arrange};
pub(crate) use duplicates::already_saved;
pub use edit::{Edit, edit};
pub use held::{Held, HeldBy, HeldKey, HeldPage, held};
pub use paste::{Outcome, Paste, Pasted, paste};
pub use removal::{Impact, delete, impact};
pub use rotate::{Rotated, Rotation, USUAL_GRACE, rotate};
pub use save::{NewKey, Saved, create, placeable, readable};
pub use settings::TypedSettings;
pub(crate) use shelf::models_of;
pub use shelf::{Browse, Shelf, ShownKey, browse, show};
pub(crate) use typed::noticed;

/// How long `?check=sync` and the check button wait for a verdict.
const SYNC_CHECK: Duration = Duration::from_secs(10);

/// Which keys to list. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Of this scope.
    pub scope: Option<Scope>,
    /// Of this organization and nobody else; absent: also the caller's own.
    pub organization: Option<OrganizationId>,
    /// For this provider.
    pub provider: Option<domain::ProviderId>,
    /// In this health.
    pub status: Option<KeyStatus>,
    /// Switched on or off.
    pub is_active: Option<bool>,
    /// With this in their name, note or mask.
    pub search: Option<String>,
    /// How many to pass over.
    pub skip: i64,
    /// How many at most.
    pub limit: i64,
}

/// The keys the caller may see: their own and those of the organization they act
/// in, or those of one that they name; for admins also the system's and the
/// environment's. The environment's come after all stored ones.
///
/// # Errors
/// `not_found` for an organization that is not the caller's to know of.
pub async fn list(app: &App, caller: &Caller, listing: &Listing) -> Result<(Vec<Credential>, i64)> {
    if let Some(organization) = listing.organization {
        owners::known(app, caller, organization).await?;
    }
    let is_of_all = listing.organization.is_none();
    let with_system = is_of_all && caller.is_admin();
    let filter = CredentialFilter {
        owner: (is_of_all && caller.team().is_none()).then_some(caller.user),
        organization: listing.organization.or(caller.organization),
        with_system,
        scope: listing.scope,
        provider: listing.provider,
        status: listing.status,
        is_active: listing.is_active,
        search: shelf::searched(listing.search.as_deref())?,
    };
    let (mut rows, stored) = store::credentials::page(&app.store, &filter, listing.skip, listing.limit).await?;
    let mut count = stored;
    if with_system {
        let environment = environment_rows(app, listing).await?;
        count += environment.len() as i64;
        let room = usize::try_from(listing.limit - rows.len() as i64).unwrap_or(0);
        let passed_over = usize::try_from((listing.skip - stored).max(0)).unwrap_or(0);
        rows.extend(environment.into_iter().skip(passed_over).take(room));
    }
    Ok((rows.into_iter().map(|row| shown_to(caller, row)).collect(), count))
}

/// A key as the caller may see it: note and endpoint are for whoever looks after
/// it.
fn shown_to(caller: &Caller, credential: Credential) -> Credential {
    if reach::looks_after(caller, &credential) {
        return credential;
    }
    Credential {
        note: String::new(),
        api_base: None,
        endpoint: String::new(),
        origin: Origin::stored(String::new()),
        settings: Settings { slug: credential.settings.slug, ..Settings::default() },
        status_reason: None,
        ..credential
    }
}

/// The environment's rows that a listing asks for.
async fn environment_rows(app: &App, listing: &Listing) -> Result<Vec<Credential>> {
    let search = shelf::searched(listing.search.as_deref())?;
    let wanted = |credential: &Credential| {
        listing.scope.is_none_or(|scope| scope == credential.scope)
            && listing.provider.is_none_or(|provider| provider == credential.provider)
            && listing.status.is_none_or(|status| status == credential.status)
            && listing.is_active.is_none_or(|is_active| is_active == credential.is_active)
            && shelf::is_found(credential, search.as_deref())
    };
    let rows = app.environment.rows(app).await?;
    Ok(rows.into_iter().map(|row| row.credential).filter(wanted).collect())
}

/// One key.
///
/// # Errors
/// `not_found` when it is not there or not the caller's to know of.
pub async fn get(app: &App, caller: &Caller, id: CredentialId) -> Result<Credential> {
    Ok(shown_to(caller, find(app, caller, id).await?.credential))
}

/// A key the caller may see, with its sealed secret.
pub(crate) async fn find(app: &App, caller: &Caller, id: CredentialId) -> Result<StoredCredential> {
    let row = match store::credentials::by_id(&app.store, id).await? {
        Some(row) => Some(row),
        None => app.environment.rows(app).await?.into_iter().find(|row| row.credential.id == id),
    };
    row.filter(|row| reach::may_see(caller, &row.credential)).ok_or_else(|| Error::not_found("provider key"))
}

/// A key that the caller looks after.
pub(crate) async fn find_looked_after(app: &App, caller: &Caller, id: CredentialId) -> Result<StoredCredential> {
    let row = find(app, caller, id).await?;
    if reach::looks_after(caller, &row.credential) {
        return Ok(row);
    }
    Err(Error::new(
        Code::Forbidden,
        "This is a key of your organization, and only its owners and admins look after it. Ask one of them.",
    ))
}

/// A key the caller may change: a stored one.
async fn find_stored(app: &App, caller: &Caller, id: CredentialId) -> Result<StoredCredential> {
    let row = find_looked_after(app, caller, id).await?;
    match &row.credential.source {
        Source::Stored | Source::Reference(_) => Ok(row),
        Source::Environment(variable) => Err(Error::new(
            Code::Forbidden,
            format!(
                "This key comes from the server's environment. Change {variable} there and restart, or save a key that goes before it."
            ),
        )),
        Source::Request => Err(Error::not_found("provider key")),
        Source::Keyless => Err(Error::new(
            Code::Forbidden,
            "This local server needs no key, so there is nothing to change. Its address is set in the server's environment.",
        )),
    }
}

/// Refuses to change a former secret: it only waits for its end.
fn refuse_former(credential: &Credential) -> Result<()> {
    if credential.grace_of.is_none() {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "This is a former key that steps in until its grace ends. Change the key that took its place, or delete this one.",
    ))
}

/// Checks a key now and waits for the verdict, ten seconds at most.
///
/// # Errors
/// `not_found`, or when the store cannot be read.
pub async fn check(app: &Arc<App>, caller: &Caller, id: CredentialId) -> Result<Credential> {
    let row = find_looked_after(app, caller, id).await?;
    let status = wait_for_check(app, row).await;
    if let Some(status) = status {
        let change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
        change.commit(Event::CredentialChecked { credential: id, status }).await?;
    }
    get(app, caller, id).await
}

/// The verdict of a check, if it came within ten seconds; it goes on otherwise.
async fn wait_for_check(app: &Arc<App>, row: StoredCredential) -> Option<KeyStatus> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let within = Arc::clone(app);
    app.spawn(async move {
        let status = checks::run(&within, &row).await;
        // The waiter may have given up: the verdict is in the row all the same.
        let _waiter_is_gone = sender.send(status).is_err();
    });
    tokio::time::timeout(SYNC_CHECK, receiver).await.ok()?.ok()
}

/// Switches a key on or off.
///
/// # Errors
/// `not_found`, or when the store cannot be written.
pub async fn set_active(app: &App, caller: &Caller, id: CredentialId, is_active: bool) -> Result<Credential> {
    let row = find_stored(app, caller, id).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    store::credentials::set_active(&mut change, id, is_active, Some(caller.user)).await?;
    change
        .commit(if is_active {
            Event::CredentialActivated { credential: id }
        } else {
            Event::CredentialDeactivated { credential: id }
        })
        .await?;
    app.reach.forget(row.credential.owner);
    get(app, caller, id).await
}

/// Makes a key the first of its provider and owner.
///
/// # Errors
/// `not_found`, or when the store cannot be written.
pub async fn make_primary(app: &App, caller: &Caller, id: CredentialId) -> Result<Credential> {
    let row = find_stored(app, caller, id).await?;
    refuse_former(&row.credential)?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    store::credentials::make_primary(&mut change, id, Some(caller.user)).await?;
    change.commit(Event::CredentialMadePrimary { credential: id }).await?;
    app.reach.forget(row.credential.owner);
    get(app, caller, id).await
}

/// Shows a personal key to its owner, who typed the password again: now, or in
/// this browser's session a moment ago.
///
/// # Errors
/// `reveal_disabled`, `forbidden` for keys that are not personal,
/// `incorrect_login`, `too_many_logins`, `undecryptable`.
pub async fn reveal(
    app: &App,
    caller: &Caller,
    id: CredentialId,
    password: Option<Password>,
    visitor: &Visitor,
) -> Result<Revealed> {
    if !app.settings.reveal_allowed {
        return Err(Error::new(
            Code::RevealDisabled,
            "Showing keys again is switched off on this server (reveal = never).",
        ));
    }
    if matches!(caller.proof, Proof::GatewayToken { .. }) {
        return Err(Error::new(Code::Forbidden, "A gateway token cannot show a key. Sign in to do it."));
    }
    let row = find_stored(app, caller, id).await?;
    if row.credential.scope != Scope::Personal {
        return Err(Error::new(Code::Forbidden, "Only personal keys can be shown again, and only to their owner."));
    }
    let proven = match sign_in::proven(app, caller, password, visitor).await {
        Ok(Some(proven)) => proven,
        Ok(None) => {
            return Err(Error::new(Code::IncorrectLogin, how_to_prove(app, caller).await?).of_field("password"));
        }
        Err(error) => {
            let change =
                app.store.begin(app.clock.now(), sign_in::actor(caller), Some(visitor.address.clone())).await?;
            change.commit(Event::CredentialRevealRefused { credential: id }).await?;
            return Err(error);
        }
    };
    if proven.linked_at.is_some_and(|linked| row.credential.created_at <= linked) {
        return Err(Error::new(
            Code::Forbidden,
            "This key was saved before your account was linked to where you sign in now, so that is no proof for it. Type your password; or save the key anew to see it later.",
        ));
    }
    if proven.user.password_reset_at.is_some_and(|reset| row.credential.created_at <= reset) {
        return Err(Error::new(
            Code::Forbidden,
            "An admin's link set your password after this key was saved, so the key is not shown again. It still works; save it anew to see it later.",
        ));
    }
    // The secret is opened before and shown after the audit row is committed.
    let opened = secrets::lend(app, &row).map_err(|_| secrets::undecryptable(&row.credential))?;
    let change = app.store.begin(app.clock.now(), sign_in::actor(caller), Some(visitor.address.clone())).await?;
    change.commit(Event::CredentialRevealed { credential: id }).await?;
    opened
        .into_opened()
        .map(Revealed)
        .ok_or_else(|| Error::new(Code::Forbidden, "This key has no stored secret, so there is nothing to show."))
}

/// How the caller can prove that it is them.
async fn how_to_prove(app: &App, caller: &Caller) -> Result<String> {
    let user = store::users::by_id(&app.store, caller.user).await?;
    let elsewhere = app.settings.oidc.as_deref().filter(|_| user.is_some_and(|user| user.password_hash.is_none()));
    Ok(match elsewhere {
        Some(oidc) => format!(
            "Sign in with {} once more, from the page of provider keys, to see the key. It counts for five minutes in that browser.",
            oidc.name
        ),
        None => "Type your password to see the key. It counts for five minutes in this browser.".to_owned(),
    })
}

/// A key on its way back to its owner: the one thing that may write a secret
/// into an answer.
pub struct Revealed(Secret);

impl serde::Serialize for Revealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// A moment that must lie ahead.
pub(crate) fn future(app: &App, field: &str, at: Timestamp) -> Result<Timestamp> {
    if at <= app.clock.now() {
        return Err(Error::invalid(field, "is in the past; give a time to come"));
    }
    Ok(at)
}
