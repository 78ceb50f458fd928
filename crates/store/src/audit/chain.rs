//! The chain: each row's hash covers the row and the hash before it, under a key
//! that the database does not hold in the clear.

use domain::Timestamp;
use domain::audit::{Actor, Event, Way};
use domain::ids::{AuditId, OrganizationId};
use sqlx::AnyConnection;

use super::AuditRow;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id};
use crate::vault::{fernet, hexadecimal};

/// The end of the chain.
pub(crate) struct Head {
    pub(super) seq: i64,
    pub(super) hash: String,
}

/// Who did it, from where, and when.
pub(crate) struct Author<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) address: Option<&'a str>,
    /// In which organization, where the events do not say.
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) at: Timestamp,
}

/// Reads the head and keeps others from it until the transaction ends.
pub(crate) async fn take_head(connection: &mut AnyConnection) -> Result<Head, StoreError> {
    let row =
        sqlx::query("UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash").fetch_one(connection).await?;
    let row = Columns(&row);
    Ok(Head { seq: row.number("seq")?, hash: row.text("hash")? })
}

/// Links one row for each event to the chain.
pub(crate) async fn append(
    store: &Store,
    connection: &mut AnyConnection,
    mut head: Head,
    author: &Author<'_>,
    events: &[Event],
) -> Result<(), StoreError> {
    for event in events {
        let id = AuditId::generate(author.at, store.entropy());
        let organization = organization_of(connection, event.way()).await?.or(author.organization);
        let row = AuditRow { organization, ..row_of(head.seq + 1, id, author, event)? };
        let hash = link(store.server_secrets().audit(), &head.hash, &row);
        insert(connection, &row, &hash).await?;
        head = Head { seq: row.seq, hash };
    }
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1")
        .bind(head.seq)
        .bind(head.hash)
        .execute(connection)
        .await?;
    Ok(())
}

fn row_of(seq: i64, id: AuditId, author: &Author<'_>, event: &Event) -> Result<AuditRow, StoreError> {
    let (actor_kind, actor, token) = match author.actor {
        Actor::User { user, token } => ("user", Some(*user), *token),
        Actor::CommandLine { user } => ("cli", *user, None),
        Actor::System => ("system", None, None),
    };
    let detail = json_text(event)?;
    let action = serde_json::from_str::<Tagged>(&detail).map_err(|error| StoreError::Integrity(error.to_string()))?;
    let (target_kind, target) = event.target();
    Ok(AuditRow {
        seq,
        id,
        at: author.at,
        actor_kind: actor_kind.to_owned(),
        actor,
        token,
        address: author.address.map(str::to_owned),
        action: action.action,
        target_kind: target_kind.to_owned(),
        target,
        detail,
        organization: None,
    })
}

const OF_TEAM: &str = "SELECT organization_id FROM teams WHERE id = $1";
const OF_TOKEN: &str = "SELECT t.organization_id FROM tokens AS k JOIN teams AS t ON t.id = k.team_id WHERE k.id = $1";
const OF_KEY: &str = "SELECT owner_id FROM credentials WHERE id = $1 AND scope = 'organization'";

/// The organization that a way leads to, as the change has it. What is deleted
/// keeps its row.
async fn organization_of(connection: &mut AnyConnection, way: Way) -> Result<Option<OrganizationId>, StoreError> {
    let (text, id) = match way {
        Way::Organization(id) => return Ok(Some(id)),
        Way::Unsaid => return Ok(None),
        Way::Team(id) => (OF_TEAM, id.to_string()),
        Way::Token(id) => (OF_TOKEN, id.to_string()),
        Way::Credential(id) => (OF_KEY, id.to_string()),
    };
    let found: Option<String> = sqlx::query_scalar(text).bind(id).fetch_optional(connection).await?;
    found.map(|id| id.parse().map_err(|_| StoreError::Integrity(format!("{id} is no organization's id")))).transpose()
}

/// The one field that every event has.
#[derive(serde::Deserialize)]
struct Tagged {
    action: String,
}

async fn insert(connection: &mut AnyConnection, row: &AuditRow, hash: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_events (seq, id, at, actor_kind, actor_id, token_id, address, action, target_kind, \
         target_id, detail, hash, organization_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(row.seq)
    .bind(row.id.to_string())
    .bind(row.at.as_micros())
    .bind(row.actor_kind.as_str())
    .bind(optional_id(row.actor))
    .bind(optional_id(row.token))
    .bind(row.address.as_deref())
    .bind(row.action.as_str())
    .bind(row.target_kind.as_str())
    .bind(row.target.as_deref())
    .bind(row.detail.as_str())
    .bind(hash)
    .bind(optional_id(row.organization))
    .execute(connection)
    .await?;
    Ok(())
}

/// HMAC-SHA256 over the former hash and the row, each field behind its length;
/// an absent field is told from an empty one. Rows without an organization are
/// linked as they were before there were any.
pub(super) fn link(key: &[u8; 32], previous: &str, row: &AuditRow) -> String {
    let (seq, id, at) = (row.seq.to_string(), row.id.to_string(), row.at.as_micros().to_string());
    let (actor, token, organization) = (optional_id(row.actor), optional_id(row.token), optional_id(row.organization));
    let fields = [
        Some(previous),
        Some(seq.as_str()),
        Some(id.as_str()),
        Some(at.as_str()),
        Some(row.actor_kind.as_str()),
        actor.as_deref(),
        token.as_deref(),
        row.address.as_deref(),
        Some(row.action.as_str()),
        Some(row.target_kind.as_str()),
        row.target.as_deref(),
        Some(row.detail.as_str()),
    ];
    let mut text = Vec::new();
    let of_organization = organization.as_deref().map(Some);
    for field in fields.into_iter().chain(of_organization) {
        let length = field.map_or(-1, |field| i64::try_from(field.len()).unwrap_or(i64::MAX));
        text.extend_from_slice(&length.to_be_bytes());
        text.extend_from_slice(field.unwrap_or_default().as_bytes());
    }
    hexadecimal(&fernet::hmac_sha256(key, &[&text]))
}
