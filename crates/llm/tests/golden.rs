//! The wires against fixtures: every answer, stream, error and request in
//! `fixtures/wire`, what `manifest.json` there says a correct reader makes of
//! them, and each of them written for clients of every format.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

#[path = "golden/manifest.rs"]
mod manifest;

#[path = "golden/answers.rs"]
mod answers;
#[path = "golden/anthropic.rs"]
mod anthropic;
#[path = "golden/costs.rs"]
mod costs;
#[path = "golden/errors.rs"]
mod errors;
#[path = "golden/gemini_captured.rs"]
mod gemini_captured;
#[path = "golden/gemini_clients.rs"]
mod gemini_clients;
#[path = "golden/gemini_state.rs"]
mod gemini_state;
#[path = "golden/hostile.rs"]
mod hostile;
#[path = "golden/matrix.rs"]
mod matrix;
#[path = "golden/requests.rs"]
mod requests;
#[path = "golden/requests_anthropic.rs"]
mod requests_anthropic;
#[path = "golden/requests_azure.rs"]
mod requests_azure;
#[path = "golden/requests_gemini.rs"]
mod requests_gemini;
#[path = "golden/requests_ollama.rs"]
mod requests_ollama;
#[path = "golden/requests_responses.rs"]
mod requests_responses;
#[path = "golden/streams.rs"]
mod streams;
#[path = "golden/turns_anthropic.rs"]
mod turns_anthropic;
