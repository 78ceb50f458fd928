//! What a test, the demo or the bench tells the scripted provider to do: its keys, its models, its faults.

use std::time::Duration;

/// Everything the provider is told before it opens its port. All of it can be changed later through [`crate::Sim`].
#[derive(Clone, Debug)]
pub struct Script {
    /// Which keys it accepts.
    pub keys: Keys,
    /// Which models it has.
    pub models: Models,
    /// What it does with a call when nothing else was asked for.
    pub default: Behaviour,
    /// Behaviours for the first calls, one each, in this order.
    pub queued: Vec<Behaviour>,
    /// The answer under a fault that has one (a cut stream is this answer, cut).
    pub reply: Reply,
    /// How many calls the log keeps; older ones are forgotten, the bill is not.
    pub keep_calls: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            keys: Keys::Any,
            models: Models::Builtin,
            default: Behaviour::Answer(Reply::default()),
            queued: Vec::new(),
            reply: Reply::default(),
            keep_calls: 10_000,
        }
    }
}

impl Script {
    /// For `ownkey serve --demo`: words arrive at a readable pace, and the name of a key says what is wrong with it
    /// ([`Keys::ByName`]).
    #[must_use]
    pub fn demo() -> Self {
        let reply = Reply { chunk_delay: Duration::from_millis(18), ..Reply::default() };
        Self {
            keys: Keys::ByName,
            models: Models::Own,
            default: Behaviour::Answer(reply.clone()),
            reply,
            keep_calls: 100,
            ..Self::default()
        }
    }

    /// For the bench: one short fixed answer, nothing kept in the log but the bill.
    #[must_use]
    pub fn load() -> Self {
        let reply = Reply::says("The quick brown fox jumps over the lazy dog, and the gateway hardly notices.");
        Self { default: Behaviour::Answer(reply.clone()), reply, keep_calls: 0, ..Self::default() }
    }

    /// A script that only ever answers `text`.
    #[must_use]
    pub fn says(text: &str) -> Self {
        let reply = Reply::says(text);
        Self { default: Behaviour::Answer(reply.clone()), reply, ..Self::default() }
    }
}

/// Which keys open the provider. States set later with `sim.key(..)` win in every variant.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Every bearer token is a valid key; none at all is refused.
    Any,
    /// Only these; others are "Incorrect API key".
    Listed(Vec<(String, KeyState)>),
    /// As `Any`, but a key with `invalid`, `no-credit`, `restricted`, `limited` or `blocked` in it is that.
    ByName,
    /// No key needed (Ollama, LM Studio, a custom server).
    NotNeeded,
}

/// What the provider thinks of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Works.
    Valid,
    /// 401 `invalid_api_key` everywhere (400 at xAI's `/api-key`, as there).
    Invalid401,
    /// Lists models; every generation is 429 `insufficient_quota`.
    NoCredit429,
    /// Generates, but the model list is 403 "Missing scopes: api.model.read".
    RestrictedNoList403,
    /// Lists models; every generation is 429 `rate_limit_exceeded` with this wait.
    RateLimited {
        /// The wait told in `retry-after`, `retry-after-ms` and the text.
        reset: Duration,
    },
    /// Lists models; every generation fails with this status of 500 and above.
    Failing(u16),
    /// 401 `account_deactivated` everywhere; `api_key_blocked: true` at xAI's `/api-key`.
    Blocked,
}

/// How the doors that cost nothing answer: lists of models and checks of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeDoors {
    /// As they should.
    Answer,
    /// Never, and the connection stays: a provider that is dead and does not know.
    Hang,
    /// Not a byte: a server that is not there.
    Close,
}

/// Which models the provider has.
#[derive(Clone, Debug)]
pub enum Models {
    /// The list in `models.json`.
    Builtin,
    /// These ids, for chat and embeddings alike.
    Listed(Vec<String>),
    /// As `Builtin`, but houses that sell others' models list and take those in `houses.json`.
    Own,
    /// Lists the built-in ones and takes every name (for tests that point other providers here).
    Any,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// What it says; empty: the demo voice answers what was asked.
    pub text: String,
    /// The pause before each piece of a stream; zero: all at once.
    pub chunk_delay: Duration,
    /// Into how many pieces a stream cuts the text; 0: word by word.
    pub chunks: usize,
}

impl Reply {
    /// This text, word by word, at once.
    #[must_use]
    pub fn says(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}

/// What happens to one generation call (chat or embeddings).
///
/// Faults of a stream, when the call is not a stream, do the same to its one body: cut, hung or garbled halfway.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers.
    Answer(Reply),
    /// 401 `invalid_api_key`.
    Status401,
    /// 429 `rate_limit_exceeded`.
    Status429 {
        /// Seconds, told in `retry-after` and `retry-after-ms`.
        retry_after_s: u64,
    },
    /// 429 `insufficient_quota`.
    NoCredit,
    /// A server error with this status (503 with `retry-after: 5`).
    Status5xx(u16),
    /// 429 that only ends with the day (Google); elsewhere a rate limit with an hour's wait.
    DayQuota,
    /// 400 `context_length_exceeded`.
    ContextTooLong,
    /// 413.
    TooLarge,
    /// 400: the prompt was filtered.
    Filtered,
    /// 404 `model_not_found`.
    NoSuchModel,
    /// This status with this body, also in a header: a provider that repeats what it should not.
    Says(u16, String),
    /// 400 that names this field, whether or not it was sent.
    RefusesField(String),
    /// 502 with a page of HTML.
    Html502,
    /// 307 to this address.
    Redirect(String),
    /// The connection is closed without a single byte of answer.
    CloseBeforeHeaders,
    /// Waits, then answers.
    SlowHeaders(Duration),
    /// Never answers, keeps the connection.
    HangBeforeHeaders,
    /// Sends its headers and not a byte more, keeps the connection.
    HangAfterHeaders,
    /// Falls silent after so many pieces of text, keeps the connection.
    HangMidStream {
        /// Pieces of text sent before.
        after_chunks: usize,
    },
    /// The connection breaks after so many pieces of text: the body never ends properly.
    TruncatedStream {
        /// Pieces of text sent before.
        after_chunks: usize,
    },
    /// The body ends properly after so many pieces of text, without finish reason, usage and `[DONE]`.
    EndedEarly {
        /// Pieces of text sent before.
        after_chunks: usize,
    },
    /// A `data:` line that is no JSON after the first piece of text.
    GarbageLine,
    /// An error envelope as JSON with status 200, also when a stream was asked for.
    ErrorWith200,
    /// An error event after so many pieces of text, then the end.
    ErrorMidStream {
        /// Pieces of text sent before.
        after_chunks: usize,
    },
    /// These bytes after so many pieces of text, then the end: a failure in the provider's own words.
    SaysMidStream {
        /// Pieces of text sent before.
        after_chunks: usize,
        /// What is sent then, framed.
        event: String,
    },
    /// The answer is right, its usage is not.
    WrongUsage(WrongUsage),
    /// The body is gzip, whatever the client accepts.
    GzipAlthoughNotAsked,
    /// One event with a text of so many bytes more.
    HugeEvent(usize),
    /// Bytes that are not UTF-8 inside the first text.
    InvalidUtf8,
    /// A complete stream without `[DONE]`.
    NoDone,
    /// A complete stream whose connection stays open after `[DONE]`.
    LingersAfterDone,
    /// A keep-alive comment, then an error event before any other.
    CommentThenError,
    /// Usage sits in the chunk with the finish reason (Mistral, Fireworks), asked or not.
    UsageInFinishChunk,
    /// Answers a stream request with plain JSON.
    JsonInsteadOfStream,
    /// The stream arrives in pieces of so many bytes, each in its own packet, cut anywhere.
    Trickle(usize),
    /// The stream arrives byte by byte, with this pause before each.
    SlowLoris(Duration),
    /// The answer is right, this content type is not.
    WrongContentType(String),
    /// CRLF line ends, keep-alive comments between the events, no space after `data:`.
    Noise,
}

/// How the told usage is wrong. The provider's own bill stays right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongUsage {
    /// No usage at all.
    Absent,
    /// All counts 0.
    Zero,
    /// Counts below zero.
    Negative,
    /// Counts of nine quadrillion.
    Absurd,
    /// Counts with a fraction.
    Fractional,
    /// Counts as strings.
    Strings,
}
