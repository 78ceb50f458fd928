//! What providers want back: kept here between the turns of a conversation for
//! clients whose format has no place for it. In memory for this node, in the
//! store, sealed, for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Caller;
use domain::provider::WireName;
use llm::neutral::{ChatRequest, Part, ReplayState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::App;
use crate::error::chain;

/// The most calls whose state this node holds in memory.
const REMEMBERED_CALLS: usize = 10_000;

/// The largest state of one call that is kept, in bytes.
const STATE_BYTES: usize = 1024 * 1024;

/// A state as it is stored: by its call, with others of the same call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    wire: String,
    state: Value,
}

/// By caller and call: the states in their order.
type States = HashMap<(String, String), Arc<Vec<Kept>>>;

/// The states of this node's latest calls. Two halves: when the younger one is
/// full, the older one is forgotten.
#[derive(Debug, Default)]
pub(crate) struct ReplayMemory {
    halves: Mutex<(States, States)>,
}

impl ReplayMemory {
    fn get(&self, key: &(String, String)) -> Option<Arc<Vec<Kept>>> {
        let halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.0.get(key).or_else(|| halves.1.get(key)).cloned()
    }

    fn put(&self, key: (String, String), states: Arc<Vec<Kept>>) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.0.len() >= REMEMBERED_CALLS / 2 {
            halves.1 = std::mem::take(&mut halves.0);
        }
        halves.0.insert(key, states);
    }
}

/// Whose states these are: a user's, and a team's token's apart.
pub(crate) fn owner(caller: &Caller) -> String {
    match caller.team() {
        Some(team) => format!("team:{team}"),
        None => caller.user.to_string(),
    }
}

/// Puts back what the provider of an earlier turn wants, before the calls it
/// belongs to. What the client brought itself stays as it is; what was lost
/// stays lost, and the wire knows what to do without it.
pub(crate) async fn restore(app: &App, caller: &Caller, wire: WireName, request: &mut ChatRequest) {
    let owner = owner(caller);
    let called: Vec<String> = request
        .messages
        .iter()
        .filter(|message| !message.parts.iter().any(|part| matches!(part, Part::Replay(state) if state.wire == wire)))
        .flat_map(|message| message.calls().map(|call| call.id.clone()))
        .collect();
    let mut known: HashMap<String, Arc<Vec<Kept>>> = HashMap::new();
    let mut asked = Vec::new();
    for id in called {
        match app.replay.get(&(owner.clone(), id.clone())) {
            Some(states) => drop(known.insert(id, states)),
            None => asked.push(id),
        }
    }
    if !asked.is_empty() {
        let ids: Vec<&str> = asked.iter().map(String::as_str).collect();
        match store::replay_state::of_calls(&app.store, &owner, &ids, app.clock.now()).await {
            Ok(found) => {
                for (id, text) in found {
                    let states: Vec<Kept> = serde_json::from_str(&text).unwrap_or_default();
                    known.insert(id, Arc::new(states));
                }
            }
            Err(error) => tracing::warn!(error = chain(&error), "replay states were not read; going on without them"),
        }
        // Also what is not there is remembered: clients send all of it each turn.
        for id in asked {
            let states = known.get(&id).cloned().unwrap_or_default();
            app.replay.put((owner.clone(), id), states);
        }
    }
    for message in &mut request.messages {
        let parts = std::mem::take(&mut message.parts);
        for part in parts {
            if let Part::ToolCall(call) = &part
                && let Some(states) = known.get(&call.id)
            {
                let fitting = states.iter().filter(|kept| kept.wire == wire.as_str());
                message.parts.extend(fitting.map(|kept| {
                    Part::Replay(ReplayState { wire, call_id: Some(call.id.clone()), state: kept.state.clone() })
                }));
            }
            message.parts.push(part);
        }
    }
}

/// Keeps what came with an answer, each by its call.
pub(crate) async fn keep(app: &App, caller: &Caller, states: Vec<ReplayState>) {
    let mut by_call: HashMap<String, Vec<Kept>> = HashMap::new();
    for state in states {
        let Some(call) = state.call_id else { continue };
        by_call.entry(call).or_default().push(Kept { wire: state.wire.as_str().to_owned(), state: state.state });
    }
    if by_call.is_empty() {
        return;
    }
    let owner = owner(caller);
    let mut rows = Vec::new();
    for (call, kept) in by_call {
        let text = serde_json::to_string(&kept).unwrap_or_default();
        if text.len() > STATE_BYTES {
            tracing::warn!(bytes = text.len(), "a replay state is too large to be kept");
            continue;
        }
        app.replay.put((owner.clone(), call.clone()), Arc::new(kept));
        rows.push((call, text));
    }
    let written = store::replay_state::put(&app.store, &owner, &rows, app.clock.now(), &app.entropy).await;
    if let Err(error) = written {
        tracing::warn!(error = chain(&error), "replay states were not written; only this node knows them");
    }
}
