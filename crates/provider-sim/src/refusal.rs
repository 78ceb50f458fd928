//! Why a call is refused, before any wire has put it into its own words.

use std::time::Duration;

use http::Method;

/// A reason; each wire answers it with the status, the code and the sentence of its provider.
#[derive(Debug)]
pub(crate) enum Refusal<'a> {
    NoKey,
    /// The key as error texts show it.
    WrongKey(&'a str),
    BlockedKey,
    /// The key may not list models.
    MissingScope,
    NoCredit,
    RateLimited(Duration),
    /// The wish for no more of this today, whatever the wait says.
    DayQuota,
    /// A failure with this status of 500 and above.
    Server(u16),
    /// The prompt has so many tokens.
    TooLong(u64),
    TooLarge,
    Filtered,
    NoSuchModel(&'a str),
    BrokenJson,
    /// The body is JSON of another shape.
    WrongType(&'a str),
    Missing(&'a str),
    /// This field, with this complaint.
    Invalid(&'a str, &'a str),
    /// A field that the wire does not have.
    UnknownField(&'a str),
    NoSuchPath(&'a Method, &'a str),
    WrongMethod(&'a Method, &'a str, &'static str),
}
