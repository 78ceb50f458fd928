//! Everything that is logged, down to the last detail, kept in memory.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::EnvFilter;

use super::MARK;

/// What was logged so far.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

/// Starts logging all that our own crates say, and the libraries' debug words.
pub(super) fn start() -> Log {
    let log = Log::default();
    let writer = log.clone();
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .try_init();
    started.expect("nobody else logs in this process");
    log
}

impl Log {
    /// Panics with the first line that has the mark in it.
    pub(super) fn assert_clean(&self) {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(text.contains("answered"), "nothing was logged");
        let marked = text.lines().find(|line| line.contains(MARK));
        assert!(marked.is_none(), "the log has a key: {marked:?}");
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
