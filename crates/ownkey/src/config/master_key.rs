//! Finding the master key, or making it on the very first start.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::Entropy;
use store::MasterKeys;
use store::vault::{MasterKeyProblem, read_key_file};

use super::environment::Environment;
use crate::Failure;

/// The file in the data directory.
const FILE_NAME: &str = "master.key";

/// The master keys, and where they come from.
pub(crate) struct Found {
    /// The keys.
    pub(crate) keys: MasterKeys,
    /// The file that was made.
    pub(crate) created: Option<PathBuf>,
    /// The file they are in; `None`: the environment itself, which a running
    /// process cannot read again.
    pub(crate) file: Option<PathBuf>,
}

/// The keys of `MASTER_KEY`, `MASTER_KEY_FILE` or the data directory; `None`
/// where there are none.
///
/// # Errors
/// Exit 78: weak, unreadable or readable by others.
pub(crate) fn existing(environment: &Environment, data_dir: &Path) -> Result<Option<Found>, Failure> {
    let refuse = |problem: MasterKeyProblem| Failure::configuration(problem.to_string());
    let words = [
        (environment.process_value("MASTER_KEY"), environment.process_value("MASTER_KEY_FILE")),
        (environment.dot_env_value("MASTER_KEY"), environment.dot_env_value("MASTER_KEY_FILE")),
    ];
    for (text, file) in words {
        if let Some(text) = text {
            let keys = MasterKeys::parse(text).map_err(refuse)?;
            return Ok(Some(Found { keys, created: None, file: None }));
        }
        if let Some(path) = file {
            return of_file(Path::new(path)).map(Some).map_err(refuse);
        }
    }
    let path = data_dir.join(FILE_NAME);
    if path.exists() { of_file(&path).map(Some).map_err(refuse) } else { Ok(None) }
}

/// The existing keys. On SQLite without any sealed row a missing key is made,
/// readable by its owner only.
///
/// # Errors
/// As [`existing`], and when they are missing.
pub(crate) async fn find(
    environment: &Environment,
    data_dir: &Path,
    database_url: &str,
    entropy: &Entropy,
) -> Result<Found, Failure> {
    if let Some(found) = existing(environment, data_dir)? {
        return Ok(found);
    }
    let path = data_dir.join(FILE_NAME);
    if !database_url.starts_with("sqlite:") {
        return Err(Failure::configuration(
            "MASTER_KEY is not set. With PostgreSQL every node needs the same one: make it once with `openssl rand -base64 32 | tr '+/' '-_'` and give it to all of them.",
        ));
    }
    if store::open::holds_sealed_rows(database_url).await? {
        return Err(Failure::configuration(format!(
            "The database holds sealed keys, and the master key is gone: {} is not there and MASTER_KEY is not set. Put it back.",
            path.display()
        )));
    }
    let (keys, text) = MasterKeys::generate(entropy);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Failure::configuration(format!("{} cannot be made: {error}.", path.display())))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(|error| Failure::configuration(format!("{} cannot be written: {error}.", path.display())))?;
    Ok(Found { keys, created: Some(path.clone()), file: Some(path) })
}

/// The keys of a file.
///
/// # Errors
/// When they are weak, unreadable or readable by others.
pub(crate) fn of_file(path: &Path) -> Result<Found, MasterKeyProblem> {
    let keys = MasterKeys::parse(read_key_file(path)?.trim())?;
    Ok(Found { keys, created: None, file: Some(path.to_owned()) })
}
