//! Keys kept outside the store: read from where the operator allowed, when they
//! are needed, and remembered for seconds. A call does not read a file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::credential::{KeyStatus, Source};
use domain::ids::CredentialId;
use domain::secret_reference::{AllowedReferences, SecretReference};
use domain::{ProviderId, Secret, Timestamp, key_shape};
use store::credentials::StoredCredential;
use store::{Payload, StoreError, Vault};
use zeroize::Zeroizing;

use crate::App;
use crate::error::chain;
use crate::{checks, credentials, secrets};

/// The largest file taken, in bytes.
const MAX_BYTES: u64 = 8 * 1024;

/// For how long a value is used without reading it again.
const KEPT: Duration = Duration::from_secs(30);

/// How often a file is looked at for a change meanwhile.
const LOOKED: Duration = Duration::from_secs(1);

/// A value that was read, cleaned like a typed key.
pub(crate) struct Held {
    /// The key.
    pub(crate) secret: Secret,
    /// Recognises it again.
    pub(crate) fingerprint: String,
    /// What may be shown of it.
    pub(crate) masked: String,
}

/// What tells one content of a file from the next.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

struct Kept {
    held: Arc<Held>,
    stamp: Option<Stamp>,
    read_at: Timestamp,
    looked_at: Timestamp,
}

/// What references may name, and what was read lately.
#[derive(Default)]
pub struct References {
    allowed: AllowedReferences,
    variables: HashMap<String, Zeroizing<String>>,
    barred: Vec<PathBuf>,
    kept: Mutex<HashMap<String, Kept>>,
    told: Mutex<HashMap<CredentialId, String>>,
}

impl References {
    /// References to what `allowed` names. `variables` are those of the
    /// environment that it names; `barred` are places whose files are never
    /// read: the data directory, the master key.
    #[must_use]
    pub fn new(allowed: AllowedReferences, variables: HashMap<String, String>, barred: Vec<PathBuf>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        Self { allowed, variables, barred, ..Self::default() }
    }

    /// Whether the operator lets a reference name this.
    ///
    /// # Errors
    /// A sentence with the line that would allow it. It says nothing of whether
    /// the thing is there.
    pub(crate) fn permit(&self, reference: &SecretReference) -> Result<(), String> {
        if self.allowed.permit(reference) {
            return Ok(());
        }
        if reference.is_never_lent() {
            return Err(format!(
                "{reference} is one of the server's own secrets, which no key may be. Name another place."
            ));
        }
        Err(format!(
            "This server's operator has not allowed {reference} as a place of keys. Start it with OWNKEY_SECRET_REFERENCES={reference} (after a comma, when others are there) to allow it."
        ))
    }

    /// The key that `reference` names.
    ///
    /// # Errors
    /// Why it cannot be had, for those who may see the reference.
    pub(crate) fn read(&self, vault: &Vault, reference: &str, now: Timestamp) -> Result<Arc<Held>, String> {
        let place: SecretReference = reference.parse().map_err(|problem| format!("{reference} {problem}."))?;
        self.permit(&place)?;
        if let Some(held) = self.remembered(reference, &place, now) {
            return Ok(held);
        }
        let (text, stamp) = match &place {
            SecretReference::Variable(name) => (self.variable(name)?, None),
            SecretReference::File(path) => self.file(path).map(|(text, stamp)| (text, Some(stamp)))?,
        };
        let clean = key_shape::clean(&text, ProviderId::Custom)
            .map_err(|problem| format!("{place} does not hold a key. {problem}"))?;
        let fingerprint = vault.fingerprint(&clean.secret);
        let held = Arc::new(Held { secret: clean.secret, fingerprint, masked: clean.masked });
        let fresh = Kept { held: Arc::clone(&held), stamp, read_at: now, looked_at: now };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(reference.to_owned(), fresh);
        Ok(held)
    }

    fn remembered(&self, reference: &str, place: &SecretReference, now: Timestamp) -> Option<Arc<Held>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get_mut(reference)?;
        if found.is_fresh(place, now) {
            return Some(Arc::clone(&found.held));
        }
        kept.remove(reference);
        None
    }

    /// Whether this process has yet to tell that the key of `id` has this
    /// fingerprint now. Each value is told once, so that two nodes with
    /// different files do not contradict each other for ever.
    pub(crate) fn is_news(&self, id: CredentialId, fingerprint: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(id, fingerprint.to_owned()).is_none_or(|before| before != fingerprint)
    }

    fn variable(&self, name: &str) -> Result<Zeroizing<String>, String> {
        self.variables.get(name).cloned().ok_or_else(|| {
            format!("The environment variable {name} is not set on this server. Set it and start the server again.")
        })
    }

    fn file(&self, path: &Path) -> Result<(Zeroizing<String>, Stamp), String> {
        let shown = path.display();
        let real = fs::canonicalize(path).map_err(|error| format!("{shown} cannot be read: {}.", error.kind()))?;
        // Links are followed, and where they lead is judged like what was typed.
        let allowed = self.allowed.resolved(|place| fs::canonicalize(place).ok());
        let is_barred =
            self.barred.iter().any(|place| fs::canonicalize(place).is_ok_and(|place| real.starts_with(place)));
        if !allowed.permits_file(&real) || is_barred {
            return Err(format!("{shown} leads to a file that this server's operator has not allowed."));
        }
        let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {}.", error.kind());
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut file =
            File::options().read(true).custom_flags(flags.bits().cast_signed()).open(&real).map_err(unreadable)?;
        let facts = file.metadata().map_err(unreadable)?;
        // The path must still lead to what was opened, through no new link.
        let again = fs::canonicalize(path).and_then(|again| Ok((again == real, fs::metadata(&real)?)));
        let is_same = again.is_ok_and(|(same, now)| same && now.ino() == facts.ino() && now.dev() == facts.dev());
        if !facts.is_file() || !is_same {
            return Err(format!("{shown} is no plain file."));
        }
        if facts.len() > MAX_BYTES {
            return Err(format!("{shown} is larger than 8 KiB, which no key is."));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
        file.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("{shown} is larger than 8 KiB, which no key is."));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| format!("{shown} does not hold text."))?;
        Ok((Zeroizing::new(text.to_owned()), Stamp::of(&facts)))
    }
}

impl Kept {
    /// Whether the value may be used again without reading it.
    fn is_fresh(&mut self, place: &SecretReference, now: Timestamp) -> bool {
        let SecretReference::File(path) = place else { return true };
        if now.since(self.read_at) >= KEPT {
            return false;
        }
        if now.since(self.looked_at) < LOOKED {
            return true;
        }
        self.looked_at = now;
        fs::metadata(path).ok().map(|facts| Stamp::of(&facts)) == self.stamp
    }
}

impl Stamp {
    fn of(facts: &fs::Metadata) -> Self {
        Self {
            device: facts.dev(),
            inode: facts.ino(),
            length: facts.len(),
            modified: (facts.mtime(), facts.mtime_nsec()),
            changed: (facts.ctime(), facts.ctime_nsec()),
        }
    }
}

/// Takes note of a value that is another than the row knows: its mask, its
/// fingerprint, and nothing known of its health. The row as it is now, when it
/// changed.
pub(crate) async fn notice(app: &App, stored: &StoredCredential) -> Option<StoredCredential> {
    let credential = &stored.credential;
    let Source::Reference(_) = &credential.source else { return None };
    let payload = secrets::opened(app, stored).ok()?;
    let reference = payload.reference.as_deref()?;
    let held = app.references.read(app.store.vault(), reference, app.clock.now()).ok()?;
    let is_known = stored.fingerprint.as_deref() == Some(&held.fingerprint);
    if !app.references.is_news(credential.id, &held.fingerprint) || is_known {
        return None;
    }
    match keep(app, stored, payload, &held).await {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::warn!(error = chain(&error), credential = %credential.id, "a changed reference was not noted");
            None
        }
    }
}

async fn keep(
    app: &App,
    stored: &StoredCredential,
    payload: Payload,
    held: &Held,
) -> Result<Option<StoredCredential>, StoreError> {
    let secret = credentials::noticed(app, &stored.credential, payload, &held.fingerprint, &held.masked);
    let mut change = app.store.begin(app.clock.now(), Actor::System, None).await?;
    let id = stored.credential.id;
    if !store::credentials::replace_secret(&mut change, id, &secret, None).await? {
        change.rollback().await?;
        return Ok(None);
    }
    change.commit(Event::CredentialSecretReplaced { credential: id, version: secret.version }).await?;
    app.reach.forget(stored.credential.owner);
    store::credentials::by_id(&app.store, id).await
}

/// Looks at every reference: whether its value changed, or is there again.
pub(crate) async fn look(app: &Arc<App>) {
    let rows = match store::credentials::of_system(&app.store).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(error = chain(&error), "references could not be looked at");
            return;
        }
    };
    for stored in rows.into_iter().filter(|row| matches!(row.credential.source, Source::Reference(_))) {
        let is_lost = stored.credential.status == KeyStatus::Undecryptable;
        let lent = secrets::lend(app, &stored);
        let is_back = is_lost && lent.is_ok();
        let is_gone = !is_lost && lent.is_err();
        drop(lent);
        let changed = notice(app, &stored).await;
        if is_back || is_gone || changed.is_some() {
            checks::start(app, changed.unwrap_or(stored));
        }
    }
}
