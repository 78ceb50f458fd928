//! The opaque state that some wires want back unchanged: a value that only its content explains, so it can be checked.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::vectors::seed;

/// The state for this content.
pub(crate) fn seal(kind: &str, content: &str) -> String {
    let numbers = [seed(kind.bytes().chain(content.bytes())), seed(content.bytes().rev())];
    BASE64_STANDARD.encode(format!("sim-{kind}-{:016x}{:016x}", numbers[0], numbers[1]))
}

/// Whether this is the state for the content.
pub(crate) fn fits(kind: &str, content: &str, state: &str) -> bool {
    seal(kind, content) == state
}
