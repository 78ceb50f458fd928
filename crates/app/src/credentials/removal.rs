//! Who would miss a key, and letting it go.

use domain::Caller;
use domain::audit::Event;
use domain::ids::CredentialId;
use serde_json::json;

use super::{find_looked_after, find_stored};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::{sign_in, users};

/// Who would miss a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// What the ledger says.
    pub calls: store::credentials::Impact,
    /// Whether it is the one the caller chose to chat with.
    pub is_selected_in_chat: bool,
}

impl Impact {
    /// Whether somebody would notice.
    #[must_use]
    pub const fn is_in_use(&self) -> bool {
        self.calls.calls_30d > 0 || self.is_selected_in_chat
    }

    /// In the words of the API.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let calls = &self.calls;
        let tokens: Vec<_> = calls
            .tokens
            .iter()
            .map(|used| json!({"id": used.token, "name": used.name, "calls_30d": used.calls_30d}))
            .collect();
        let teams: Vec<_> = calls
            .teams
            .iter()
            .map(|used| json!({"id": used.team, "name": used.name, "calls_30d": used.calls_30d}))
            .collect();
        json!({
            "last_used_at": calls.last_used_at,
            "calls_24h": calls.calls_24h,
            "calls_30d": calls.calls_30d,
            "cost_30d": calls.cost_30d,
            "cost_30d_nanos": calls.cost_30d.0,
            "teams": teams,
            "tokens": tokens,
            "chats": [],
            "is_selected_in_chat": self.is_selected_in_chat,
        })
    }
}

/// Who would miss a key.
///
/// # Errors
/// `not_found`, or when the store cannot be read.
pub async fn impact(app: &App, caller: &Caller, id: CredentialId) -> Result<Impact> {
    find_looked_after(app, caller, id).await?;
    of_key(app, caller, id).await
}

async fn of_key(app: &App, caller: &Caller, id: CredentialId) -> Result<Impact> {
    let calls = store::credentials::impact(&app.store, id, app.clock.now()).await?;
    let account = users::me(app, caller).await?;
    Ok(Impact { calls, is_selected_in_chat: account.preferences.chat_credential_id == Some(id) })
}

/// Destroys a key's secret at once, and the former one that is kept for its
/// grace; name and mask stay for usage and audit.
///
/// # Errors
/// `key_in_use`, with the impact, when calls used it in the last 30 days or it
/// is the one chosen for chats, and `confirmed` is false.
pub async fn delete(app: &App, caller: &Caller, id: CredentialId, confirmed: bool) -> Result<()> {
    let row = find_stored(app, caller, id).await?;
    if !confirmed {
        let impact = of_key(app, caller, id).await?;
        if impact.is_in_use() {
            return Err(in_use(&row.credential.title(), &impact));
        }
    }
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let mut events = Vec::new();
    let former = store::credentials::grace_rows(&mut change, id).await?;
    for credential in std::iter::once(id).chain(former) {
        if store::credentials::tombstone(&mut change, credential, Some(caller.user)).await? {
            events.push(Event::CredentialDeleted { credential });
        }
    }
    if events.is_empty() {
        // Somebody else was faster: it is gone, as asked.
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    app.reach.forget(row.credential.owner);
    Ok(())
}

/// Of how many teams the calls were.
fn of_teams(impact: &Impact) -> String {
    match impact.calls.teams.len() {
        0 => String::new(),
        1 => " of 1 team".to_owned(),
        teams => format!(" of {teams} teams"),
    }
}

fn in_use(title: &str, impact: &Impact) -> Error {
    let calls = impact.calls.calls_30d;
    let used = match (calls, impact.is_selected_in_chat) {
        (0, _) => format!("The key {title} is the one you chat with"),
        (_, false) => format!("{calls} calls{} used the key {title} in the last 30 days", of_teams(impact)),
        (_, true) => format!("{calls} calls used the key {title} in the last 30 days, and it is the one you chat with"),
    };
    let mut error =
        Error::new(Code::KeyInUse, format!("{used}. Deactivate it instead, or delete it with ?confirm=true."));
    error.details.impact = Some(impact.json());
    error
}
