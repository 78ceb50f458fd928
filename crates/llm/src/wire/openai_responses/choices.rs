//! What OpenAI's reference leaves open, decided here once.

/// The least length of an answer that is taken, in tokens. Clients that ask for
/// less mean "as short as can be".
pub(super) const LEAST_OUTPUT_TOKENS: u64 = 16;

/// How thoughts are told when the client says how hard to think.
pub(super) const SUMMARY: &str = "auto";

/// The longest name of a user, in characters.
pub(super) const MAX_USER_LENGTH: usize = 64;

/// The most text of one answer that is kept to be told again at its end, in
/// bytes: as long as a whole answer may be.
pub(super) const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;
