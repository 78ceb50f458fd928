//! What of the news each caller is told. Only what they may read anyway, and
//! only what a page needs to know what to read again; never a secret.

use domain::budget::OwnerKind;
use domain::caller::TokenScope;
use domain::credential::{Credential, KeyStatus, Scope, Source};
use domain::ids::{ConversationId, OrganizationId, TeamId, UserId};
use domain::provider::ProviderKind;
use domain::{Caller, Timestamp};
use serde_json::{Value, json};
use store::changes::Verb;

use super::feed::News;
use crate::budgets::Standard;
use crate::reach;

/// The names of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventName {
    /// A key was saved.
    CredentialCreated,
    /// A key was changed.
    CredentialUpdated,
    /// A key's health is another one.
    CredentialStatusChanged,
    /// A key was deleted.
    CredentialDeleted,
    /// A key is used as never before: once a day.
    CredentialUnusualUse,
    /// A provider may offer other models now.
    ModelsChanged,
    /// Calls were made.
    UsageRecorded,
    /// A chat was begun, changed or deleted, or something was said in it.
    ConversationChanged,
    /// A part of a budget is spent.
    BudgetThreshold,
    /// Something may have been missed: read everything again.
    Resync,
}

domain::text_enum!(EventName, "event" {
    CredentialCreated => "credential.created",
    CredentialUpdated => "credential.updated",
    CredentialStatusChanged => "credential.status_changed",
    CredentialDeleted => "credential.deleted",
    CredentialUnusualUse => "credential.unusual_use",
    ModelsChanged => "models.changed",
    UsageRecorded => "usage.recorded",
    ConversationChanged => "conversation.changed",
    BudgetThreshold => "budget.threshold",
    Resync => "resync",
});

/// An event as one caller is told of it.
pub(super) type Words = (EventName, Value);

/// What `caller` is told of news about a key.
pub(super) fn of_news(caller: &Caller, news: &News) -> Vec<Words> {
    if let News::Budget { standard, user } = news {
        return of_budget(caller, standard, *user);
    }
    if !caller.has_scope(TokenScope::ManageCredentials) {
        return Vec::new();
    }
    match news {
        News::Key { verb, credential } => of_key(caller, credential, |credential| {
            let name = match verb {
                Verb::Created => EventName::CredentialCreated,
                Verb::Updated => EventName::CredentialUpdated,
                Verb::Deleted => EventName::CredentialDeleted,
            };
            (name, full(credential, credential.status, credential.status_reason.as_deref(), credential.updated_at))
        }),
        News::Status { credential, status, reason, at } => {
            let mut words = of_key(caller, credential, |credential| {
                (EventName::CredentialStatusChanged, full(credential, *status, reason.as_deref(), *at))
            });
            // A local server that starts or stops has models, or none.
            let is_local = credential.provider.facts().kind == ProviderKind::Local;
            let is_told = credential.source == Source::Keyless || (is_local && !words.is_empty());
            if is_told && !words.iter().any(|(name, _)| *name == EventName::ModelsChanged) {
                words.push((EventName::ModelsChanged, bare(credential)));
            }
            words
        }
        News::Models { credential } => of_key(caller, credential, |credential| {
            let mut data = bare(credential);
            data["credential_id"] = json!(credential.id);
            (EventName::ModelsChanged, data)
        }),
        News::Unusual { credential, told, at } if reach::may_see(caller, credential) => {
            let mut data = full(credential, credential.status, credential.status_reason.as_deref(), *at);
            data["unusual"] = json!(told);
            vec![(EventName::CredentialUnusualUse, data)]
        }
        News::Unusual { .. } => Vec::new(),
        News::Registry { owner } => match owner {
            Some(owner) if *owner == caller.user.0 && caller.team().is_none() => {
                vec![(EventName::ModelsChanged, json!({"scope": Scope::Personal}))]
            }
            Some(owner) if caller.organization.is_some_and(|own| own.0 == *owner) => {
                vec![(EventName::ModelsChanged, json!({"scope": Scope::Organization}))]
            }
            Some(_) => Vec::new(),
            None => vec![(EventName::ModelsChanged, json!({"scope": Scope::System}))],
        },
        News::Caller { .. } | News::Budget { .. } => Vec::new(),
    }
}

/// Told in full to whoever may see the key; of the server's keys, everybody is
/// told that their provider may answer otherwise now, and no more.
fn of_key(caller: &Caller, credential: &Credential, in_full: impl FnOnce(&Credential) -> Words) -> Vec<Words> {
    if reach::may_see(caller, credential) {
        vec![in_full(credential)]
    } else if credential.scope == Scope::System {
        vec![(EventName::ModelsChanged, bare(credential))]
    } else {
        Vec::new()
    }
}

pub(super) fn full(credential: &Credential, status: KeyStatus, reason: Option<&str>, at: Timestamp) -> Value {
    json!({
        "credential_id": credential.id,
        "provider": credential.provider,
        "scope": credential.scope,
        "name": credential.name,
        "masked": credential.masked,
        "is_active": credential.is_active,
        "status": status,
        "status_reason": reason,
        "at": at,
    })
}

fn bare(credential: &Credential) -> Value {
    json!({"provider": credential.provider, "scope": credential.scope})
}

/// Told to the person, the team or whoever looks after the organization it is of,
/// and to admins; not to a team's token.
fn of_budget(caller: &Caller, standard: &Standard, user: Option<UserId>) -> Vec<Words> {
    let owner = standard.budget().owner;
    let is_theirs = caller.is_admin()
        || match owner.kind {
            OwnerKind::User | OwnerKind::Token => user == Some(caller.user),
            OwnerKind::Team => caller.is_in_team(TeamId(owner.id)),
            OwnerKind::Organization => caller.looks_after(OrganizationId(owner.id)),
        };
    if !is_theirs || caller.team().is_some() || !caller.has_scope(TokenScope::ReadUsage) {
        return Vec::new();
    }
    vec![(EventName::BudgetThreshold, budget(standard))]
}

/// A budget a part of which is spent.
pub(super) fn budget(standard: &Standard) -> Value {
    let (budget, standing) = (standard.budget(), standard.standing);
    json!({
        "budget_id": budget.id,
        "owner_kind": budget.owner.kind,
        "owner_id": budget.owner.id,
        "owner_name": standard.owner_name,
        "period": budget.period,
        "percent": standing.told_percent,
        "limit": budget.limit,
        "spent": standing.spent,
        "left": standing.left(budget.limit),
        "resets_at": standard.window.ends_at,
    })
}

/// What is told of `calls` made.
pub(super) fn of_usage(calls: u32, at: Timestamp) -> Words {
    (EventName::UsageRecorded, json!({"calls": calls, "at": at}))
}

/// What is told of a chat: which, and nothing of what is in it.
pub(super) fn of_conversation(id: ConversationId, at: Timestamp) -> Words {
    (EventName::ConversationChanged, json!({"id": id, "at": at}))
}

/// What is told to whoever may have missed something.
pub(super) fn resync() -> Words {
    let reason = "Something happened that is not told one by one. Read again what you show.";
    (EventName::Resync, json!({"detail": reason}))
}
