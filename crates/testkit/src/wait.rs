//! Waiting for what happens by itself, with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something to see; panics with `what` after `within`.
/// Returns what was seen.
pub async fn eventually<T>(what: &str, within: Duration, look: impl AsyncFn() -> Option<T>) -> T {
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
