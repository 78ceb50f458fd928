//! The wires against fixtures: every answer, stream, error and request of the
//! openai-chat dialects in `fixtures/wire`, and what `manifest.json` there says a
//! correct reader makes of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

#[path = "golden/manifest.rs"]
mod manifest;

#[path = "golden/answers.rs"]
mod answers;
#[path = "golden/errors.rs"]
mod errors;
#[path = "golden/hostile.rs"]
mod hostile;
#[path = "golden/requests.rs"]
mod requests;
#[path = "golden/streams.rs"]
mod streams;
