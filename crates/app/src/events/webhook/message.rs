//! What the operator's address is told: the news that people are told of, with
//! whose they are, because the operator has no page to look it up on.

use domain::Timestamp;
use domain::credential::Credential;
use domain::ids::uuid_v7;
use serde_json::{Value, json};
use store::changes::Verb;
use store::webhooks::Message;

use super::super::feed::{News, Reading};
use super::super::telling::{self, EventName, Words};
use crate::App;

/// The messages of what was read.
pub(super) fn of_reading(app: &App, reading: &Reading, now: Timestamp) -> Vec<Message> {
    let words = if reading.is_gap {
        vec![telling::resync()]
    } else {
        reading.news.iter().filter_map(|(_, news)| of_news(news)).collect()
    };
    words
        .into_iter()
        .map(|(name, data)| Message {
            id: uuid_v7(now, &app.entropy),
            kind: name.as_str().to_owned(),
            body: body(name.as_str(), &data, now),
            created_at: now,
            next_at: now,
            tries: 0,
        })
        .collect()
}

/// A message in the form that Standard Webhooks gives it.
pub(super) fn body(kind: &str, data: &Value, now: Timestamp) -> String {
    json!({"type": kind, "timestamp": now, "data": data}).to_string()
}

fn of_news(news: &News) -> Option<Words> {
    match news {
        News::Key { verb, credential } => {
            let name = match verb {
                Verb::Created => EventName::CredentialCreated,
                Verb::Updated => EventName::CredentialUpdated,
                Verb::Deleted => EventName::CredentialDeleted,
            };
            let (status, reason) = (credential.status, credential.status_reason.as_deref());
            let data = telling::full(credential, status, reason, credential.updated_at);
            Some((name, with_owner(credential, data)))
        }
        News::Status { credential, status, reason, at } => {
            let data = telling::full(credential, *status, reason.as_deref(), *at);
            Some((EventName::CredentialStatusChanged, with_owner(credential, data)))
        }
        News::Unusual { credential, told, at } => {
            let mut data = telling::full(credential, credential.status, credential.status_reason.as_deref(), *at);
            data["unusual"] = json!(told);
            Some((EventName::CredentialUnusualUse, with_owner(credential, data)))
        }
        News::Budget { standard, .. } => Some((EventName::BudgetThreshold, telling::budget(standard))),
        News::Models { .. } | News::Registry { .. } | News::Caller { .. } => None,
    }
}

fn with_owner(credential: &Credential, mut data: Value) -> Value {
    data["owner_id"] = json!(credential.owner.map(|owner| owner.to_string()));
    data
}
