//! The scripted provider: an LLM provider on a loopback port that speaks OpenAI's chat wire exactly and fails on demand.
//!
//! Behind `ownkey serve --demo`, the integration tests and the bench. It keeps its own bill ([`Sim::log`],
//! [`Sim::bill`]), so a gateway's ledger can be checked against it. It never calls out and knows nothing of Ownkey.
//! A new wire is a new module beside `openai_chat` and its paths in `doors`; faults, markers, log and keys are
//! shared.
//!
//! # Doors
//! `GET /models`, `GET /models/{id}`, `POST /chat/completions`, `POST /embeddings`, and for key checks in other
//! providers' ways `GET /key` (OpenRouter), `GET /api-key`, `GET /language-models` (xAI): each under `/v1`,
//! `/openai/v1`, `/api/v1`, `/inference/v1` or nothing. `GET /api/version`, `GET /api/tags` (Ollama) and
//! `GET /api/v0/models` (LM Studio) at the origin, without a key.
//!
//! # Faults by marker
//! In the last user message, `[[sim:NAME]]` or `[[sim:NAME:NUMBER]]`; the first fault counts. A behaviour queued with
//! [`Sim::next`] wins over a marker, a marker over the default; a bad key wins over all.
//!
//! | marker | what happens | number |
//! |---|---|---|
//! | `401` | 401 `invalid_api_key` | |
//! | `404` | 404 `model_not_found` | |
//! | `429` | 429 `rate_limit_exceeded` with `retry-after` | seconds, 20 |
//! | `no-credit` | 429 `insufficient_quota` | |
//! | `too-long` | 400 `context_length_exceeded` | |
//! | `500` `503` `504` `529` | that status; 503 with `retry-after: 5` | |
//! | `502` | 502 with a page of HTML | |
//! | `redirect` | 307 to `https://elsewhere.invalid/` | |
//! | `close` | the connection closes without an answer | |
//! | `slow` | a pause before each piece of the stream | ms, 200 |
//! | `slow-headers` | a pause before the answer | ms, 3000 |
//! | `hang` | no answer, the connection stays | |
//! | `hang-mid` | silence after some pieces, the connection stays | pieces, 3 |
//! | `truncate` | the connection breaks after some pieces | pieces, 3 |
//! | `early` | the stream ends properly, but without finish reason, usage, `[DONE]` | pieces, 3 |
//! | `garbage` | a `data:` line that is no JSON | |
//! | `error200` | a JSON error with status 200, also to a stream | |
//! | `error-mid` | an error event after some pieces, then the end | pieces, 3 |
//! | `no-usage` `zero-usage` `negative-usage` `absurd-usage` `fractional-usage` `string-usage` | wrong usage under a right answer | |
//! | `usage-in-finish` | usage in the finish chunk, asked or not | |
//! | `no-done` | no `[DONE]` | |
//! | `lingers` | the connection stays open after `[DONE]` | |
//! | `comment-error` | a comment, then an error before anything else | |
//! | `json` | plain JSON to a stream request | |
//! | `gzip` | a gzip body nobody asked for | |
//! | `huge` | one event with so much more text | bytes, 1 MiB |
//! | `utf8` | bytes that are no UTF-8 inside the text | |
//! | `trickle` | packets of a few bytes | bytes, 7 |
//! | `noise` | CRLF, keep-alive comments, no blank after `data:` | |
//! | `tool` | calls the first tool of the request | |
//! | `long` | a long answer | paragraphs, 30 |

mod script;
mod sim;

mod doors;
mod gate;
mod refusal;
mod wire;

mod gemini;
mod messages;
mod ollama;
mod openai_chat;
mod responses;

mod conversation;
mod generation;

mod faults;
mod markers;
mod play;

mod log;

mod flavours;
mod gzip;
mod models;
mod schema;
mod seal;
mod strict;
mod vectors;
mod voice;

pub use log::{Bill, Call, Finished, Usage};
pub use script::{Behaviour, KeyState, Keys, Models, Reply, Script, WrongUsage};
pub use sim::{Sim, WaitedInVain};

/// The base URLs at which the scripted provider at `address` stands in for a
/// provider, by the provider's id.
#[must_use]
pub fn provider_bases(address: std::net::SocketAddr) -> [(&'static str, String); 6] {
    [
        ("openai", "/v1"),
        ("groq", "/openai/v1"),
        ("openrouter", "/api/v1"),
        ("mistral", "/v1"),
        ("xai", "/v1"),
        ("fireworks", "/inference/v1"),
    ]
    .map(|(provider, path)| (provider, format!("http://{address}{path}")))
}
