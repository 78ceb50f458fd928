//! The wires against fixtures: every answer, stream, error and request in
//! `fixtures/wire`, what `manifest.json` there says a correct reader makes of
//! them, and each of them written for clients of every format.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

#[path = "golden/manifest.rs"]
mod manifest;

#[path = "golden/answers.rs"]
mod answers;
#[path = "golden/errors.rs"]
mod errors;
#[path = "golden/hostile.rs"]
mod hostile;
#[path = "golden/matrix.rs"]
mod matrix;
#[path = "golden/requests.rs"]
mod requests;
#[path = "golden/requests_ollama.rs"]
mod requests_ollama;
#[path = "golden/streams.rs"]
mod streams;
