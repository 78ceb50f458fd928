//! Moving keys to another origin, when a server of the operator's moved: the one
//! way to do it without typing each key again. Needs the master key, so it is
//! for the command line; each key is one transaction with its audit row.

use domain::audit::Event;
use domain::caller::Proof;
use domain::credential::{Credential, Source};
use domain::{Caller, Origin, ProviderId};
use store::credentials::{Endpoint, NewSecret, StoredCredential};
use store::vault::RowIdentity;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// What is to move where.
pub struct Move {
    /// Keys of this provider.
    pub provider: ProviderId,
    /// That were saved for this origin.
    pub from: Origin,
    /// The new base URL; without a path each key keeps its own.
    pub to: String,
    /// Whether to say only what would be done.
    pub is_dry: bool,
}

/// What became of one key.
pub struct Moved {
    /// The key as it was.
    pub credential: Credential,
    /// Its endpoint now.
    pub endpoint: String,
    /// Why it stayed where it was.
    pub problem: Option<&'static str>,
}

/// Moves the keys of all owners.
///
/// # Errors
/// `forbidden` but at the command line as an admin, `endpoint_not_allowed` for a
/// place they may not be sent to.
pub async fn run(app: &App, caller: &Caller, order: &Move) -> Result<Vec<Moved>> {
    if caller.proof != Proof::CommandLine || !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "Moving keys to another origin is for an admin at the server's command line. Name one with --user EMAIL.",
        ));
    }
    // Refused before anything is looked at, also when there is nothing to move.
    let wanted = admitted(app, order.provider, &order.to)?;
    let rows = store::credentials::of_everybody(&app.store, Some(order.provider)).await?;
    let mut moved = Vec::new();
    for row in rows.into_iter().filter(|row| row.credential.origin == order.from) {
        let base = if has_path(&wanted) { wanted.clone() } else { with_path_of(&wanted, &row.credential) };
        let endpoint = admitted(app, order.provider, &base)?;
        let problem = if order.is_dry { None } else { move_one(app, caller, &row, &endpoint).await? };
        app.reach.forget(row.credential.owner);
        moved.push(Moved { credential: row.credential, endpoint, problem });
    }
    Ok(moved)
}

/// A base URL that the guard lets through, normalised.
fn admitted(app: &App, provider: ProviderId, text: &str) -> Result<String> {
    let endpoint = app
        .guard
        .check_literal(provider, text)
        .map_err(|problem| Error::new(Code::EndpointNotAllowed, problem.to_string()).of_field("to"))?;
    Ok(endpoint.base().to_owned())
}

fn path_of(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
}

fn has_path(base: &str) -> bool {
    !path_of(base).is_empty()
}

fn with_path_of(base: &str, credential: &Credential) -> String {
    format!("{base}{}", path_of(&credential.endpoint))
}

/// Moves one key; a sentence when it stayed.
async fn move_one(app: &App, caller: &Caller, row: &StoredCredential, base: &str) -> Result<Option<&'static str>> {
    let Some(sealed) = &row.sealed else {
        return Ok(Some("it has no secret: give its owner the new address"));
    };
    let to = app
        .guard
        .check_literal(row.credential.provider, base)
        .map_err(|problem| Error::new(Code::EndpointNotAllowed, problem.to_string()))?;
    let mut next = row.credential.clone();
    next.origin = to.origin().clone();
    next.secret_version += 1;
    let (vault, from) = (app.store.vault(), RowIdentity::of(&row.credential));
    let Ok(sealed) = vault.reseal(sealed, &from, &RowIdentity::of(&next), &app.entropy) else {
        return Ok(Some("it does not open: its owner has to type it in again"));
    };
    let is_default = app.settings.default_base(next.provider) == Some(base);
    let secret = NewSecret {
        sealed: Some(sealed),
        fingerprint: row.fingerprint.clone(),
        masked: next.masked.clone(),
        version: next.secret_version,
        endpoint: Some(Endpoint {
            api_base: (!is_default).then(|| base.to_owned()),
            endpoint: base.to_owned(),
            origin: next.origin.clone(),
        }),
        reference: match &next.source {
            Source::Reference(place) => Some(place.clone()),
            _ => None,
        },
        set_at: next.secret_set_at,
        rotate_after: next.rotate_after,
    };
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    if !store::credentials::replace_secret(&mut change, next.id, &secret, Some(caller.user)).await? {
        change.rollback().await?;
        return Ok(Some("somebody changed it at the same time: run it again"));
    }
    let event = Event::CredentialOriginMoved {
        credential: next.id,
        from: row.credential.origin.clone(),
        to: next.origin,
        version: next.secret_version,
    };
    change.commit(event).await?;
    Ok(None)
}
