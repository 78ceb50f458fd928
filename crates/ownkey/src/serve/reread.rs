//! SIGHUP: the master keys' file is read again, so that a new key needs no
//! restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::App;
use tokio::signal::unix::Signal;

use crate::config::master_key;

/// Reads the file again at each SIGHUP. A list that cannot be used changes
/// nothing.
pub(super) async fn heed(mut hangups: Signal, app: Arc<App>, file: Option<PathBuf>) {
    while hangups.recv().await.is_some() {
        let Some(file) = &file else {
            tracing::warn!(
                "SIGHUP changes nothing: the master keys came in MASTER_KEY, which a running process cannot read again; use MASTER_KEY_FILE, or restart"
            );
            continue;
        };
        match reread(&app, file).await {
            Ok(()) => {
                let kids: Vec<String> = app.store.vault().kids().iter().map(ToString::to_string).collect();
                tracing::info!(kids = kids.join(","), seals = %app.store.vault().sealing_kid(), "read the master keys again");
            }
            Err(problem) => tracing::error!("the master keys stay as they were: {problem}"),
        }
    }
}

async fn reread(app: &App, file: &Path) -> Result<(), String> {
    let found = master_key::of_file(file).map_err(|problem| problem.to_string())?;
    store::keyring::reload(&app.store, found.keys, app.clock.now()).await.map_err(|problem| problem.to_string())
}
