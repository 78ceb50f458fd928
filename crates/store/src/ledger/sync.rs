//! SQLite's disk: a thread that syncs the write-ahead log after the writer has
//! committed, at once when somebody waits for it and every 50 ms at the latest.
//! The log is written from front to back, so a sync covers every commit before.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::LedgerError;
use super::writer::Waiter;
use crate::error::StoreError;

/// How long a commit may stay off the disk when nobody waits for it.
const AT_MOST: Duration = Duration::from_millis(50);

/// Hands commits to the thread. Dropped, the thread syncs what is left and ends.
pub(super) struct Syncer {
    commits: Sender<Vec<Waiter>>,
}

impl Syncer {
    /// Starts the thread for the log of this database file.
    pub(super) fn start(database: &Path) -> std::io::Result<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let (commits, received) = channel();
        std::thread::Builder::new().name("ledger-sync".to_owned()).spawn(move || run(&received, &log))?;
        Ok(Self { commits })
    }

    /// A commit happened; its waiters are told once it is on the disk.
    pub(super) fn committed(&self, waiters: Vec<Waiter>) {
        // Without the thread the waiters are dropped, which they see as an error.
        let _ = self.commits.send(waiters);
    }
}

fn run(commits: &Receiver<Vec<Waiter>>, log: &Path) {
    while let Ok(mut waiters) = commits.recv() {
        let latest = Instant::now() + AT_MOST;
        while waiters.is_empty() {
            match commits.recv_timeout(latest.saturating_duration_since(Instant::now())) {
                Ok(more) => waiters.extend(more),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        waiters.extend(commits.try_iter().flatten());
        let result = sync(log);
        if let Err(error) = &result {
            tracing::error!(%error, "the ledger could not be synced to the disk");
        }
        for waiter in waiters {
            let _ = waiter.send(result.clone());
        }
    }
}

fn sync(log: &Path) -> Result<(), LedgerError> {
    let synced = File::open(log).and_then(|file| file.sync_data());
    match synced {
        Ok(()) => Ok(()),
        // No log: everything is in the database file, synced when it went there.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::Failed(Arc::new(StoreError::Unavailable(error.into())))),
    }
}
