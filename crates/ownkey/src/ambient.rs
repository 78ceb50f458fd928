//! The real clock and the real dice: the one place that asks the machine.

use domain::{Clock, Entropy, Timestamp};

/// The machine's wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
pub(crate) fn clock() -> Clock {
    Clock::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

/// The operating system's randomness.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
pub(crate) fn entropy() -> Entropy {
    Entropy::pooled(|bytes| {
        if getrandom::fill(bytes).is_err() {
            // Without randomness no key or token may be made.
            std::process::abort();
        }
    })
}
