//! What a provider's failure is made into: a class to act on, a sentence that
//! is safe to show, and the wait it asked for. Nothing of the provider's own
//! text passes unless it went through the redaction here.

mod redact;
pub(crate) mod wait;

use domain::Secret;
use domain::attempt::ErrorClass;
use domain::credential::KeyStatus;

pub use redact::{looks_like_a_key, redacted};
pub use wait::Wait;

/// A provider's failure, read and made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamError {
    /// What kind of failure.
    pub class: ErrorClass,
    /// The provider's HTTP status; `None` when no answer came, or the failure
    /// came inside a stream.
    pub status: Option<u16>,
    /// The provider's own `code` or `type`, when it is a short plain word.
    pub code: Option<String>,
    /// The parameter it names, when it names one.
    pub param: Option<String>,
    /// The provider's sentence with everything that could be a key, a URL or a
    /// control character taken out, at most 1,000 characters; or ours.
    pub message: String,
    /// Whether the same key may try again after the wait.
    pub is_retryable: bool,
    /// How long to wait, from headers or body.
    pub retry_after: Option<Wait>,
    /// What the failure says about the key; `None`: nothing.
    pub key_status: Option<KeyStatus>,
}

impl UpstreamError {
    /// A failure of this class, with a sentence of our own.
    #[must_use]
    pub fn ours(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            status: None,
            code: None,
            param: None,
            message: message.into(),
            is_retryable: is_retryable(class),
            retry_after: None,
            key_status: None,
        }
    }

    /// The failure without the key the call was made with, which the redaction
    /// may not have known for one.
    #[must_use]
    pub fn without(self, secret: &Secret) -> Self {
        let is_clean = |word: &String| secret.struck_from(word) == *word;
        Self {
            message: secret.struck_from(&self.message),
            code: self.code.filter(is_clean),
            param: self.param.filter(is_clean),
            ..self
        }
    }
}

/// Whether the same key may try such a failure again, after the wait.
#[must_use]
pub const fn is_retryable(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::RateLimited | ErrorClass::Overloaded | ErrorClass::ServerError | ErrorClass::Timeout)
}
