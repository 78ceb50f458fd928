//! Asking the models of a form without a script: all at once, each answer as a
//! whole.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::call::{Call, Content, Payment};
use app::chat;
use app::error::Error;
use app::paying::Wishes;
use bytes::Bytes;
use domain::Caller;
use domain::provider::WireName;
use futures_util::future::join_all;
use llm::neutral::Answer;
use serde_json::{Value, json};
use store::ledger::CallSource;

use super::state::{Column, State};
use crate::api::llm::decode;

/// What became of one column.
pub(super) struct Outcome {
    /// Which column.
    pub(super) number: usize,
    /// The answer and who paid for it, or why there is none.
    pub(super) answer: Result<(Answer, Payment), Error>,
    /// How long it took.
    pub(super) took: Duration,
}

/// Asks every column's model.
pub(super) async fn all(app: &Arc<App>, caller: &Caller, state: &State, callers_epoch: u64) -> Vec<Outcome> {
    let asked = state.columns.iter().filter(|column| !column.model.is_empty());
    join_all(asked.map(|column| one(app, caller, state, column, callers_epoch))).await
}

async fn one(app: &Arc<App>, caller: &Caller, state: &State, column: &Column, callers_epoch: u64) -> Outcome {
    let begun = app.clock.now();
    let answer = ask(app, caller, state, column, callers_epoch).await;
    Outcome { number: column.number, answer, took: app.clock.now().since(begun) }
}

async fn ask(
    app: &Arc<App>,
    caller: &Caller,
    state: &State,
    column: &Column,
    callers_epoch: u64,
) -> Result<(Answer, Payment), Error> {
    let call = Call {
        request: app.next_request_id(),
        client_request_id: None,
        wire: WireName::OpenAiChat,
        url: None,
        wire_headers: Vec::new(),
        body: body(state, column),
        max_tokens: column.parameters().get("max_tokens").and_then(Value::as_u64),
        callers_epoch,
        source: CallSource::Playground,
        wishes: Wishes { pinned: column.key, lenient: Some(true), ..Wishes::default() },
        is_idempotent: false,
    };
    let answered = chat::complete(app, caller, call).await?;
    let Content::Whole { body, .. } = answered.content else {
        return Err(Error::new(
            app::Code::ProviderError,
            "The provider answered in pieces although it was asked for a whole. Try again.",
        ));
    };
    Ok((decode(&answered.payment, &body)?, answered.payment))
}

fn body(state: &State, column: &Column) -> Bytes {
    let system = Some(state.system.trim()).filter(|system| !system.is_empty());
    let system = system.map(|system| json!({"role": "system", "content": system}));
    let messages: Vec<Value> = system.into_iter().chain([json!({"role": "user", "content": state.prompt})]).collect();
    let mut body = json!({"model": column.model, "messages": messages, "stream": false});
    if let Some(members) = body.as_object_mut() {
        members.extend(column.parameters().into_iter().filter(|(name, _)| name != "max_tokens"));
    }
    Bytes::from(body.to_string())
}
