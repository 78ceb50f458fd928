//! Ids for calls that came without one.

/// An id that is always the same for the same answer and place in it, and
/// distinct within a conversation. `answer` is the provider's id of the answer,
/// or where it gives none the bytes that the call came in.
pub(crate) fn made(answer: &[u8], index: usize) -> String {
    // FNV-1a: spreads, needs no library, and nothing here is secret.
    let hash = answer
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("call_{hash:016x}_{index}")
}
