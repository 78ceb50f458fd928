//! The one face of failure: a stable code to branch on, a sentence for the
//! reader, and a cause for the log. `web` renders it, in each client's dialect.

use std::fmt;
use std::time::Duration;

use domain::attempt::ErrorClass;
use domain::credential::Scope;
use domain::ids::CredentialId;
use domain::limit::Standing;
use domain::provider::ProviderId;
use store::StoreError;
use store::ledger::LedgerError;

/// The stable codes. `contract/errors.md` has a row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The body is no JSON.
    InvalidJson,
    /// A field or query parameter is wrong.
    InvalidRequest,
    /// The body is not of a type taken here.
    UnsupportedMediaType,
    /// The body is larger than the door takes.
    PayloadTooLarge,
    /// The headers, with the address, are larger than taken.
    HeadersTooLarge,
    /// The model cannot take a parameter that would change its answer.
    UnsupportedParameter,
    /// A provider that is none.
    UnknownProvider,
    /// A name that two custom endpoints both have.
    AmbiguousModel,
    /// No key opens the model's provider.
    ProviderKeyRequired,
    /// No, or no valid, gateway token or access token.
    InvalidGatewayToken,
    /// Wrong e-mail or password.
    IncorrectLogin,
    /// The caller may see it, and may not do it.
    Forbidden,
    /// The gateway token is not for this model.
    ModelNotAllowed,
    /// A budget has no room for the call.
    BudgetExceeded,
    /// Reveal is switched off.
    RevealDisabled,
    /// A state-changing request from another site.
    NotSameOrigin,
    /// The set-up link is wrong, used or too old.
    SetupLinkInvalid,
    /// Set-up is over.
    SetupClosed,
    /// Not there, or not the caller's to know of.
    NotFound,
    /// Nobody serves a model of that name, or the paying key does not list it.
    ModelNotFound,
    /// A door that clients know and Ownkey does not have.
    EndpointNotSupported,
    /// The door is there; the method is not.
    MethodNotAllowed,
    /// A new origin needs the key typed again.
    KeyRequiredForNewOrigin,
    /// Something still uses the key.
    KeyInUse,
    /// The same secret is stored already.
    DuplicateSecret,
    /// Somebody changed it at the same time.
    Conflict,
    /// The idempotent request was answered before.
    AlreadyDone,
    /// The idempotent request is being answered.
    InProgress,
    /// What needs a price is asked of a model that has none.
    ModelUnpriced,
    /// The egress guard refuses the endpoint.
    EndpointNotAllowed,
    /// The request names a host that is not ours.
    Misdirected,
    /// Too many failed log-ins.
    TooManyLogins,
    /// The provider, or a limit of ours, asks for a wait.
    RateLimited,
    /// A bug or a broken machine.
    Internal,
    /// The stored key does not open under its row's identity.
    Undecryptable,
    /// Every key that may pay fails.
    UpstreamCredentialsExhausted,
    /// The provider failed.
    ProviderError,
    /// The provider said no to the request itself.
    ProviderRejected,
    /// The provider is short of capacity.
    ProviderOverloaded,
    /// The provider did not answer in time.
    ProviderTimeout,
    /// This node cannot confirm that its configuration is fresh.
    ConfigStale,
    /// The database cannot be reached.
    StoreUnavailable,
    /// The disk is full.
    StorageFull,
}

domain::text_enum!(Code, "error code" {
    InvalidJson => "invalid_json",
    InvalidRequest => "invalid_request",
    UnsupportedMediaType => "unsupported_media_type",
    PayloadTooLarge => "payload_too_large",
    HeadersTooLarge => "headers_too_large",
    UnsupportedParameter => "unsupported_parameter",
    UnknownProvider => "unknown_provider",
    AmbiguousModel => "ambiguous_model",
    ProviderKeyRequired => "provider_key_required",
    InvalidGatewayToken => "invalid_gateway_token",
    IncorrectLogin => "incorrect_login",
    Forbidden => "forbidden",
    ModelNotAllowed => "model_not_allowed",
    BudgetExceeded => "budget_exceeded",
    RevealDisabled => "reveal_disabled",
    NotSameOrigin => "not_same_origin",
    SetupLinkInvalid => "setup_link_invalid",
    SetupClosed => "setup_closed",
    NotFound => "not_found",
    ModelNotFound => "model_not_found",
    EndpointNotSupported => "endpoint_not_supported",
    MethodNotAllowed => "method_not_allowed",
    KeyRequiredForNewOrigin => "key_required_for_new_origin",
    KeyInUse => "key_in_use",
    DuplicateSecret => "duplicate_secret",
    Conflict => "conflict",
    AlreadyDone => "already_done",
    InProgress => "in_progress",
    ModelUnpriced => "model_unpriced",
    EndpointNotAllowed => "endpoint_not_allowed",
    Misdirected => "misdirected_request",
    TooManyLogins => "too_many_logins",
    RateLimited => "rate_limited",
    Internal => "internal_error",
    Undecryptable => "undecryptable",
    UpstreamCredentialsExhausted => "upstream_credentials_exhausted",
    ProviderError => "provider_error",
    ProviderRejected => "provider_rejected",
    ProviderOverloaded => "provider_overloaded",
    ProviderTimeout => "provider_timeout",
    ConfigStale => "config_stale",
    StoreUnavailable => "store_unavailable",
    StorageFull => "storage_full",
});

/// One upstream call that failed, as the client may hear of it.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    /// The key that paid, or would have.
    pub credential: CredentialId,
    /// Whose key.
    pub scope: Scope,
    /// Its provider.
    pub provider: ProviderId,
    /// What went wrong.
    pub class: ErrorClass,
}

/// Everything beside code and sentence that an answer may carry.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The field or parameter at fault.
    pub field: Option<String>,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The provider's own status, where it passes through.
    pub provider_status: Option<u16>,
    /// The provider's own code, where it is a plain word.
    pub provider_code: Option<String>,
    /// The upstream calls made for this request.
    pub attempts: Vec<FailedAttempt>,
    /// How the limits of Ownkey's own stand.
    pub limits: Option<Standing>,
    /// What is in the way, as JSON for `/v2`.
    pub impact: Option<serde_json::Value>,
}

/// What went wrong, once, for everybody outside.
pub struct Error {
    /// To branch on.
    pub code: Code,
    /// To read: what happened, why, what to do next.
    pub sentence: String,
    /// The rest.
    pub details: Box<Details>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What every use case returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this code and sentence.
    #[must_use]
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), details: Box::default(), cause: None }
    }

    /// A wrong field: the sentence starts with its name.
    #[must_use]
    pub fn invalid(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(Code::InvalidRequest, format!("{field} {problem}.")).of_field(field)
    }

    /// Not there, or not the caller's to know of.
    #[must_use]
    pub fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {noun}. Look at the list for what is there."))
    }

    /// Names the field at fault.
    #[must_use]
    pub fn of_field(mut self, field: &str) -> Self {
        self.details.field = Some(field.to_owned());
        self
    }

    /// Asks for a wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.details.retry_after = wait;
        self
    }

    /// The same once more, without its cause.
    #[must_use]
    pub(crate) fn copy(&self) -> Self {
        Self { details: self.details.clone(), ..Self::new(self.code, self.sentence.clone()) }
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The cause with its own causes, for the log only.
    #[must_use]
    pub fn cause_chain(&self) -> Option<String> {
        self.cause.as_deref().map(|cause| chain(cause))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

/// An error with its causes, for the log only.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        words.push(cause.to_string());
        next = cause.source();
    }
    words.join(": ")
}

/// What the outside hears of a database that did not do what was asked.
pub(crate) fn of_store(error: StoreError) -> Error {
    let (code, sentence) = match &error {
        StoreError::Conflict(_) => {
            (Code::Conflict, "Somebody else changed this at the same time. Read it again, then repeat your change.")
        }
        StoreError::Text(_) => (
            Code::InvalidRequest,
            "A text of the request holds a character that cannot be kept, such as NUL. Leave it out and try again.",
        ),
        StoreError::Unavailable(_) => {
            (Code::StoreUnavailable, "The database does not answer, so nothing was changed. Try again shortly.")
        }
        StoreError::Full(_) => (
            Code::StorageFull,
            "The disk that holds the database is full, so nothing was changed. Free some space first.",
        ),
        StoreError::Integrity(_) | StoreError::Database(_) => {
            (Code::Internal, "Something broke inside Ownkey. Nothing was changed; report the request id if it stays.")
        }
    };
    Error::new(code, sentence).because(error)
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        of_store(error)
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        let (code, sentence) = match &error {
            LedgerError::Full => (
                Code::StorageFull,
                "The disk that holds the ledger is full, so no call is made. Free some space first.",
            ),
            _ => (Code::StoreUnavailable, "The ledger cannot be written, so no call is made. Try again shortly."),
        };
        Self::new(code, sentence).because(error)
    }
}
