//! The scripted provider: an LLM provider on a loopback port that speaks every wire exactly and fails on demand.
//!
//! Behind `ownkey serve --demo`, the integration tests and the bench. It keeps its own bill ([`Sim::log`],
//! [`Sim::bill`]), so a gateway's ledger can be checked against it. It never calls out and knows nothing of Ownkey:
//! what it takes and says follows the providers' own descriptions, so that it can judge.
//! A wire is a module with its paths in `doors`; what is said, faults, markers, log and keys are shared.
//!
//! # Doors
//! - openai-chat: `GET /models`, `GET /models/{id}`, `POST /chat/completions`, `/embeddings`, and openai-responses:
//!   `POST /responses`, `GET|DELETE /responses/{id}`, `…/cancel`, `…/input_items`, each under `/v1`, `/openai/v1` (Groq), `/api/v1` (OpenRouter), `/inference/v1` (Fireworks) or
//!   nothing; key checks in other ways: `GET /key` (OpenRouter), `/api-key`, `/language-models` (xAI),
//!   `/api/whoami-v2` (Hugging Face), `/api/v0/models` (LM Studio).
//! - Azure: `/openai/deployments/{deployment}/…`, `/openai/models`, and `/openai/v1/…` with the header `api-key`.
//! - anthropic-messages: `POST /v1/messages`, `/v1/messages/count_tokens`, `GET /v1/models` with `anthropic-version`.
//! - gemini: `/v1beta/models`, `/v1beta/models/{model}:{action}` (also `/v1` with `x-goog-api-key`).
//! - ollama-native: `/api/{version,tags,ps,show,chat,embed,pull,delete}`, without a key.
//!
//! With a house's name before it (`/mistral/v1/models`, `/anthropic/v1/messages`, `/lmstudio/api/v1/models`) a path is
//! that house's, with its lists, its errors and its dialect.
//!
//! # What is checked
//! Requests are refused as the providers refuse them: unknown fields (messages, gemini, responses, Mistral), calls
//! without results, a limit that is missing or too high, sampling where a model has none. Opaque state must come back
//! as it was given: thinking signatures (messages), thought signatures (gemini 3 and later), encrypted reasoning
//! (responses). Ollama cuts a prompt that is longer than `num_ctx` (4096) without a word, as it does.
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
//! | `loris` | the stream byte by byte, with a pause before each | ms, 50 |
//! | `content-type` | a right answer as `text/html` | |
//! | `hang-body` | headers, then silence | |
//! | `day-quota` | 429 until the day ends (gemini) | |
//! | `too-large` `filtered` | 413; 400 for what the prompt says | |
//! | `tool` | calls tools of the request in turn | calls, 1 |
//! | `think` | reasons before it answers, asked or not | |
//! | `cached` | so much of the prompt is told as cached | tokens, 8 |
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

pub use log::{Bill, Call, Charge, Finished, Usage};
pub use script::{Behaviour, FreeDoors, KeyState, Keys, Models, Reply, Script, WrongUsage};
pub use sim::{Sim, WaitedInVain};

/// The base URLs at which the scripted provider at `address` stands in for a
/// provider, by the provider's id.
#[must_use]
pub fn provider_bases(address: std::net::SocketAddr) -> [(&'static str, String); 9] {
    [
        ("openai", "/v1"),
        ("anthropic", "/anthropic"),
        ("google", "/google"),
        ("groq", "/openai/v1"),
        ("openrouter", "/api/v1"),
        ("mistral", "/mistral/v1"),
        ("xai", "/xai/v1"),
        ("fireworks", "/inference/v1"),
        ("huggingface", "/huggingface/v1"),
    ]
    .map(|(provider, path)| (provider, format!("http://{address}{path}")))
}
