//! Waiting for what happens by itself, with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a machine with much else to do may take for anything. How fast things
/// are is for benchmarks to say.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until there is something to see; panics with `what` after `within`, and not
/// before half a minute. Returns what was seen.
pub async fn eventually<T>(what: &str, within: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    promptly(what, within.max(PATIENCE), look).await
}

/// The same, where how soon is what was promised.
pub async fn promptly<T>(what: &str, within: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    seen_within(within, look).await.unwrap_or_else(|| panic!("not within {within:?}: {what}"))
}

/// Looks until there is something to see; `None` after `within`.
pub(crate) async fn seen_within<T>(within: Duration, look: impl AsyncFn() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return Some(seen);
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
