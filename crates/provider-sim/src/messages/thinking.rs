//! Thinking blocks carry a signature; whoever sends one back must not have touched it.

use crate::seal::{fits, seal};

/// The signature of a thinking block.
pub(crate) fn signature(thought: &str) -> String {
    seal("thinking", thought)
}

/// Whether a block came from here unchanged. A block whose text was not shown is signed as if it were empty.
pub(crate) fn is_ours(thought: &str, signature: &str) -> bool {
    fits("thinking", thought, signature)
}
