//! SQLite's disk: a thread that syncs the write-ahead log when the writer says
//! so (at once when somebody waits for it, every 50 ms at the latest) and that
//! carries the log over into the database file when it has grown. The log is
//! written from front to back, so a sync covers every commit before.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, OpenFlags};

use super::LedgerError;
use super::queue::{Emptying, Waiter};
use crate::error::StoreError;
use crate::open::Turn;

/// About how many pages are written before the log is carried over. A page that
/// was written often in between is carried over once.
const LOG_PAGES: usize = 4_000;

/// The log begins anew only when all of it was carried over, which commits that
/// come meanwhile put off. A log of so many pages makes them wait.
const MOST_LOG_PAGES: i64 = 12_000;

/// Commits that are not on the disk yet.
#[derive(Default)]
pub(super) struct Commits {
    /// Who waits for the disk.
    pub(super) waiters: Vec<Waiter>,
    /// About how many pages they put into the log.
    pub(super) pages: usize,
    /// The journal's file that is needed no more when the disk has them.
    pub(super) spent: Option<Emptying>,
}

/// Hands commits to the thread. Dropped, the thread syncs what it was given and
/// ends.
pub(super) struct Syncer {
    commits: Sender<Commits>,
}

impl Syncer {
    /// Starts the thread for the log of this database file.
    pub(super) fn start(database: &Path, turn: Turn) -> std::io::Result<Self> {
        let (commits, received) = channel();
        let database = database.to_owned();
        std::thread::Builder::new().name("ledger-sync".to_owned()).spawn(move || run(&received, &database, &turn))?;
        Ok(Self { commits })
    }

    /// Syncs these commits and all before them, then tells the waiters.
    pub(super) fn sync(&self, commits: Commits) {
        // Without the thread the waiters are dropped, which they see as an error.
        let _ = self.commits.send(commits);
    }
}

fn run(commits: &Receiver<Commits>, database: &Path, turn: &Turn) {
    let log = log_of(database);
    let mut pages = 0;
    while let Ok(Commits { mut waiters, pages: written, mut spent }) = commits.recv() {
        pages += written;
        for more in commits.try_iter() {
            waiters.extend(more.waiters);
            pages += more.pages;
            spent = spent.or(more.spent);
        }
        let result = sync(&log);
        match (&result, spent) {
            (Ok(()), Some(spent)) => spent.done(),
            (Ok(()), None) => {}
            (Err(error), _) => tracing::error!(%error, "the ledger could not be synced to the disk"),
        }
        for waiter in waiters {
            // Nobody needs to wait for it any more.
            let _ = waiter.send(result.clone());
        }
        if pages >= LOG_PAGES {
            pages = 0;
            if let Err(error) = carry_over(database, turn) {
                tracing::warn!(error = %crate::error::root_cause(&error), "SQLite's log was not carried over");
            }
        }
    }
}

/// SQLite's write-ahead log of this database file.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// Takes the log to the disk.
pub(super) fn sync(log: &Path) -> Result<(), LedgerError> {
    let synced = File::open(log).and_then(|file| file.sync_data());
    match synced {
        Ok(()) => Ok(()),
        // No log: everything is in the database file, synced when it went there.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::Failed(Arc::new(StoreError::Unavailable(error.into())))),
    }
}

/// Copies the log into the database file and syncs both, beside the writer.
fn carry_over(database: &Path, turn: &Turn) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    let carry = || connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| row.get::<_, i64>("log"));
    if carry()? >= MOST_LOG_PAGES {
        // Nearly all is done: only what came meanwhile is left.
        let _turn = turn.blocking_lock();
        carry()?;
    }
    Ok(())
}
