//! Everything our crates log, at the finest level, in one buffer. One for the
//! process, because a subscriber is.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        heard().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Ear {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

fn heard() -> MutexGuard<'static, Vec<u8>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens from now on; a second call changes nothing.
pub(super) fn listen() {
    let filter = "off,app=trace,domain=trace,llm=trace,ownkey=trace,store=trace,web=trace,sqlx=trace";
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(Ear).with_ansi(false);
    // Taken already: by an earlier call.
    let _ = subscriber.try_init();
}

/// What was heard.
pub(super) fn text() -> String {
    String::from_utf8_lossy(&heard()).into_owned()
}
