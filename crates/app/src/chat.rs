//! One chat, from a client's body to a metered answer. The chat page, the wires
//! and `/v2` all come through here. What it shares with calls of other kinds is
//! in `calling` and `attempt`.

mod asking;
mod pictures;
mod spoken;
mod stream;

use domain::Caller;
use domain::provider::WireName;
use llm::wire::{self, ClientWire};

use crate::App;
use crate::attempt::failure;
use crate::calling::{self, Errand};
use crate::error::{Code, Error, Result};
use asking::Chat;
use pictures::Pictures;

pub use crate::call::{Answered, Call, Content, Payment, UrlCall};
pub(crate) use pictures::Fetches;
pub(crate) use stream::Keeper;
pub use stream::{AnswerStream, Piece};

/// Answers a chat call: names the model, finds who pays, calls, and moves to
/// the payer's next key when that may do better.
///
/// # Errors
/// Whatever stands in the way, as the client may hear it. Every upstream call
/// that was made has its ledger row by then.
pub async fn complete(app: &App, caller: &Caller, call: Call) -> Result<Answered> {
    let client = client_wire(call.wire)?;
    let mut request = client.read(&call.body, call.url_words()).map_err(|problem| failure::of_request(&problem))?;
    request.limit_to(call.max_tokens);
    let errand = Errand { app, caller, call: &call };
    calling::complete(errand, &mut Chat { client, request, own_limit: call.max_tokens, pictures: Pictures::default() })
        .await
}

fn client_wire(name: WireName) -> Result<&'static dyn ClientWire> {
    wire::of_client(name).ok_or_else(|| {
        Error::new(Code::EndpointNotSupported, "Ownkey does not speak this format yet. Use /v1/chat/completions.")
    })
}
