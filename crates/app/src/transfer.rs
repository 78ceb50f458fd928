//! Provider keys on their way from one server to another: written out with or
//! without their secrets, and read in again. For the command line with the
//! master key only: whoever has that and the database could read all of it.

use std::collections::HashMap;

use domain::audit::Event;
use domain::caller::Proof;
use domain::credential::{Credential, Scope, Settings, Source};
use domain::ids::UserId;
use domain::{Caller, MasterKeyId, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};
use store::MasterKeys;
use store::credentials::StoredCredential;
use store::vault::{ImportProblem, RowIdentity};

use crate::App;
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// The word that begins a file of ours.
pub const FORMAT: &str = "ownkey-export";

/// The version of the format.
const VERSION: u32 = 1;

/// A file of exported keys.
#[derive(Serialize, Deserialize)]
pub struct Export {
    /// [`FORMAT`].
    pub format: String,
    /// Of the format.
    pub version: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether secrets are in it: `none` or `plain-fernet`.
    pub secrets: String,
    /// The keys.
    pub credentials: Vec<ExportedKey>,
}

/// One exported key.
#[derive(Serialize, Deserialize)]
pub struct ExportedKey {
    /// The provider it opens.
    pub provider: ProviderId,
    /// Whose kind of key.
    pub scope: Scope,
    /// Its owner's address, when personal.
    pub owner: Option<String>,
    /// What it is called.
    pub name: String,
    /// Free text.
    pub note: String,
    /// What may be shown of it.
    pub masked: String,
    /// Where it may be sent.
    pub endpoint: String,
    /// Provider-specific settings.
    pub settings: Settings,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether it is the first of its provider and owner.
    pub is_primary: bool,
    /// Order after the primary.
    pub priority: i64,
    /// When it stops being used.
    pub expires_at: Option<Timestamp>,
    /// When its owner wants to be reminded.
    pub rotate_after: Option<Timestamp>,
    /// The master key that `secret` is under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// A bare Fernet token under that master key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Ties `secret` to provider and endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// What to write out.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// With the secrets, as bare Fernet tokens under the master key.
    pub with_secrets: bool,
    /// Also other users' personal keys.
    pub of_everybody: bool,
}

/// What was written out.
pub struct Exported {
    /// The file.
    pub export: Export,
    /// Keys whose secret does not open; they are in the file without it.
    pub unopened: Vec<String>,
}

/// Writes out the caller's keys, for admins the server's too, or everybody's.
///
/// # Errors
/// `forbidden` but at the command line, and for everybody's keys to all but
/// admins; when the store cannot be read or the audit row not be written.
pub async fn export(app: &App, caller: &Caller, wanted: Wanted) -> Result<Exported> {
    require_command_line(caller)?;
    if wanted.of_everybody && !caller.is_admin() {
        return Err(Error::new(
            Code::Forbidden,
            "Only an admin of this server writes out everybody's keys. Name one with --user EMAIL.",
        ));
    }
    let mut rows = store::credentials::of_everybody(&app.store, None).await?;
    rows.retain(|row| wanted.of_everybody || crate::reach::looks_after(caller, &row.credential));
    let mut exported = Exported {
        export: Export {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_at: app.clock.now(),
            secrets: if wanted.with_secrets { "plain-fernet" } else { "none" }.to_owned(),
            credentials: Vec::new(),
        },
        unopened: Vec::new(),
    };
    let mut addresses = HashMap::new();
    for row in &rows {
        let owner = address_of(app, row.credential.owner, &mut addresses).await?;
        let mut key = without_secret(&row.credential, owner);
        if wanted.with_secrets && !put_secret(app, row, &mut key) {
            exported.unopened.push(format!("{} {}", row.credential.provider.display_name(), row.credential.title()));
        }
        exported.export.credentials.push(key);
    }
    let event = Event::CredentialsExported {
        credentials: exported.export.credentials.len(),
        with_secrets: wanted.with_secrets,
        of_everybody: wanted.of_everybody,
    };
    app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?.commit(event).await?;
    Ok(exported)
}

fn require_command_line(caller: &Caller) -> Result<()> {
    match caller.proof {
        Proof::CommandLine => Ok(()),
        _ => Err(Error::new(Code::Forbidden, "This needs the master key: do it at the server's command line.")),
    }
}

async fn address_of(
    app: &App,
    owner: Option<UserId>,
    known: &mut HashMap<UserId, Option<String>>,
) -> Result<Option<String>> {
    let Some(owner) = owner else { return Ok(None) };
    if let Some(address) = known.get(&owner) {
        return Ok(address.clone());
    }
    let address = store::users::by_id(&app.store, owner).await?.map(|user| user.email);
    known.insert(owner, address.clone());
    Ok(address)
}

fn without_secret(credential: &Credential, owner: Option<String>) -> ExportedKey {
    ExportedKey {
        provider: credential.provider,
        scope: credential.scope,
        owner,
        name: credential.name.clone(),
        note: credential.note.clone(),
        masked: credential.masked.clone(),
        endpoint: credential.endpoint.clone(),
        settings: credential.settings.clone(),
        is_active: credential.is_active,
        is_primary: credential.is_primary,
        priority: credential.priority,
        expires_at: credential.expires_at,
        rotate_after: credential.rotate_after,
        kid: None,
        secret: None,
        proof: None,
    }
}

/// `false`: there is one, and it does not open.
fn put_secret(app: &App, row: &StoredCredential, key: &mut ExportedKey) -> bool {
    let Some(sealed) = row.sealed.as_ref().filter(|_| row.credential.source == Source::Stored) else { return true };
    // The seal knows the origin only: an endpoint that was altered exports nothing.
    if !is_at_its_origin(app, &row.credential) {
        return false;
    }
    let (identity, purpose) = (RowIdentity::of(&row.credential), purpose(key));
    match app.store.vault().export(sealed, &identity, &purpose, app.clock.now(), &app.entropy) {
        Ok(exported) => {
            key.kid = Some(exported.kid.to_string());
            (key.secret, key.proof) = (Some(exported.token), Some(exported.proof));
            true
        }
        Err(_) => false,
    }
}

/// Whether the endpoint is at the origin that the secret is sealed to, also when
/// this server may not call it any more.
fn is_at_its_origin(app: &App, credential: &Credential) -> bool {
    let rest = credential.endpoint.strip_prefix(credential.origin.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || app
            .guard
            .check_literal(credential.provider, &credential.endpoint)
            .is_ok_and(|endpoint| endpoint.origin() == &credential.origin)
}

fn purpose(key: &ExportedKey) -> [&str; 2] {
    [key.provider.as_str(), &key.endpoint]
}

/// Reads a file of ours.
///
/// # Errors
/// `invalid_request` for anything else.
pub fn parse(text: &str) -> Result<Export> {
    let not_ours = |problem: String| {
        Error::new(
            Code::InvalidRequest,
            format!("The file is no export of Ownkey: {problem}. Make one with `ownkey export`."),
        )
    };
    // The text around a mistake may be a secret: only its place is told.
    let export: Export = serde_json::from_str(text).map_err(|error| {
        not_ours(format!("line {}, column {} is not what is expected", error.line(), error.column()))
    })?;
    if export.format != FORMAT || export.version != VERSION {
        return Err(not_ours(format!("its format is not {FORMAT} {VERSION}")));
    }
    Ok(export)
}

/// The secret of an exported key, if one of `keys` exported it for this very
/// provider and endpoint; `None` where the file has none.
///
/// # Errors
/// A sentence about what to do.
pub fn secret(key: &ExportedKey, keys: Option<&MasterKeys>) -> std::result::Result<Option<String>, String> {
    let (Some(token), Some(proof)) = (&key.secret, &key.proof) else { return Ok(None) };
    let needed = key.kid.as_deref().unwrap_or("?").parse::<MasterKeyId>().ok();
    let other_key = || {
        let kid = needed.map(|kid| format!(" {kid}")).unwrap_or_default();
        format!("it is under the master key{kid}; give that one with --master-key-file FILE")
    };
    let keys = keys.ok_or_else(other_key)?;
    match keys.import(token, proof, &purpose(key)) {
        Ok(text) => Ok(Some(text.as_str().to_owned())),
        Err(ImportProblem::OtherKey) => Err(other_key()),
        Err(problem @ ImportProblem::Altered) => Err(problem.to_string()),
    }
}

/// Whether this very key is saved already for this provider, scope and endpoint.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_saved(
    app: &App,
    caller: &Caller,
    scope: Scope,
    provider: ProviderId,
    endpoint: Option<&str>,
    typed: &str,
) -> Result<bool> {
    let fingerprint = app.store.vault().fingerprint(&domain::Secret::new(typed.to_owned()));
    let base = endpoint.or_else(|| app.settings.default_base(provider));
    let origin = base.and_then(|base| app.guard.check_literal(provider, base).ok()).map(|base| base.origin().clone());
    let rows = match scope {
        Scope::Personal => store::credentials::of_user(&app.store, caller.user).await?,
        Scope::Organization | Scope::System => store::credentials::of_system(&app.store).await?,
    };
    Ok(rows.iter().any(|row| {
        row.credential.provider == provider
            && row.fingerprint.as_ref() == Some(&fingerprint)
            && origin.as_ref().is_none_or(|origin| *origin == row.credential.origin)
    }))
}
