//! Looking over all users: finding some, counting them, what belongs to one.

use domain::Timestamp;
use domain::ids::UserId;
use domain::text::folded;
use sqlx::AssertSqlSafe;

use super::{User, read};
use crate::credentials::containing;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, optional_id, placeholders};

const SEARCH: &str = "SELECT * FROM users WHERE deleted_at IS NULL \
     AND email_folded > COALESCE((SELECT email_folded FROM users WHERE id = $2), '') \
     AND (CAST($1 AS TEXT) IS NULL OR email_folded LIKE $1 ESCAPE '!' OR LOWER(display_name) LIKE $1 ESCAPE '!') \
     AND (CAST($3 AS TEXT) IS NULL OR role = $3) \
     AND (CAST($4 AS BIGINT) IS NULL OR is_active = $4) \
     AND (CAST($5 AS BIGINT) IS NULL OR (CASE WHEN password_hash IS NULL AND has_identity = 0 THEN 1 ELSE 0 END) = $5) \
     ORDER BY email_folded LIMIT $6";

const COUNTS: &str = "SELECT COUNT(*) AS every, \
     CAST(COALESCE(SUM(CASE WHEN role = 'admin' THEN 1 ELSE 0 END), 0) AS BIGINT) AS admins, \
     CAST(COALESCE(SUM(CASE WHEN is_active = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS suspended, \
     CAST(COALESCE(SUM(CASE WHEN is_active = 1 AND password_hash IS NULL AND has_identity = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS invited \
     FROM users WHERE deleted_at IS NULL";

const BELONGINGS: &str = "SELECT \
     (SELECT COUNT(*) FROM credentials WHERE scope = 'personal' AND owner_id = $1 AND deleted_at IS NULL) AS keys, \
     (SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND revoked_at IS NULL) AS tokens, \
     (SELECT COUNT(*) FROM conversations WHERE user_id = $1) AS conversations, \
     (SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2) AS sessions";

/// Which users to read. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct UserSearch {
    /// With this in their address or name.
    pub text: Option<String>,
    /// After this one, in the order of addresses.
    pub after: Option<UserId>,
    /// In this state.
    pub state: Option<UserState>,
    /// How many at most.
    pub limit: i64,
}

/// A state that users are looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// Looks after the server.
    Admin,
    /// Was invited and has no password yet.
    Invited,
    /// May not sign in.
    Suspended,
}

domain::text_enum!(UserState, "user state" { Admin => "admin", Invited => "invited", Suspended => "suspended" });

/// How many users there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserCounts {
    /// All but deleted ones.
    pub all: i64,
    /// Of them, admins.
    pub admins: i64,
    /// Those who may not sign in.
    pub suspended: i64,
    /// Those who were invited and did not come yet.
    pub invited: i64,
}

/// What belongs to a user, and goes with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Personal provider keys.
    pub keys: i64,
    /// Gateway tokens that are not revoked.
    pub tokens: i64,
    /// Chats.
    pub conversations: i64,
    /// Open sessions.
    pub sessions: i64,
}

/// Users that pass, by address.
///
/// # Errors
/// When the database cannot be read.
pub async fn search(store: &Store, wanted: &UserSearch) -> Result<Vec<User>, StoreError> {
    let (role, active, invited) = match wanted.state {
        None => (None, None, None),
        Some(UserState::Admin) => (Some("admin"), None, None),
        Some(UserState::Suspended) => (None, Some(0_i64), None),
        Some(UserState::Invited) => (None, Some(1), Some(1_i64)),
    };
    let rows = sqlx::query(SEARCH)
        .bind(wanted.text.as_deref().map(|text| containing(&folded(text))))
        .bind(optional_id(wanted.after))
        .bind(role)
        .bind(active)
        .bind(invited)
        .bind(wanted.limit)
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(read).collect()
}

/// How many users there are.
///
/// # Errors
/// When the database cannot be read.
pub async fn counts(store: &Store) -> Result<UserCounts, StoreError> {
    let row = sqlx::query(COUNTS).fetch_one(store.pool()).await?;
    let row = Columns(&row);
    Ok(UserCounts {
        all: row.number("every")?,
        admins: row.number("admins")?,
        suspended: row.number("suspended")?,
        invited: row.number("invited")?,
    })
}

/// What belongs to a user at `now`.
///
/// # Errors
/// When the database cannot be read.
pub async fn belongings(store: &Store, id: UserId, now: Timestamp) -> Result<Belongings, StoreError> {
    let row = sqlx::query(BELONGINGS).bind(id.to_string()).bind(now.as_micros()).fetch_one(store.pool()).await?;
    let row = Columns(&row);
    Ok(Belongings {
        keys: row.number("keys")?,
        tokens: row.number("tokens")?,
        conversations: row.number("conversations")?,
        sessions: row.number("sessions")?,
    })
}

/// The users with these ids, also deleted ones.
///
/// # Errors
/// When the database cannot be read.
pub async fn some(store: &Store, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT * FROM users WHERE id IN ({})", placeholders(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    query.fetch_all(store.pool()).await?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add_user, on_both};

    #[tokio::test]
    async fn users_are_found_by_parts_of_their_address_and_a_page_goes_on_after_the_last() {
        on_both(async |place| {
            let store = place.open().await;
            let mut ids = Vec::new();
            for name in ["Ann", "bob", "c%d", "dora"] {
                ids.push(add_user(&store, &format!("{name}@example.org")).await.id);
            }
            let find = |text: Option<&str>, after, limit| UserSearch {
                text: text.map(str::to_owned),
                after,
                limit,
                ..UserSearch::default()
            };
            let all = search(&store, &find(None, None, 10)).await.unwrap();
            assert_eq!(all.iter().map(|user| user.id).collect::<Vec<_>>(), ids);
            let first = search(&store, &find(None, None, 2)).await.unwrap();
            let rest = search(&store, &find(None, Some(first[1].id), 10)).await.unwrap();
            assert_eq!([first, rest].concat(), all);
            for (text, expected) in [("ANN@", &ids[..1]), ("%", &ids[2..3]), ("nobody", &[])] {
                let found = search(&store, &find(Some(text), None, 10)).await.unwrap();
                assert_eq!(found.iter().map(|user| user.id).collect::<Vec<_>>(), expected, "{text}");
            }
            assert_eq!(counts(&store).await.unwrap().all, 4);
            assert_eq!(some(&store, &ids[1..3]).await.unwrap().len(), 2);
            let now = Timestamp::from_seconds(0);
            assert_eq!(belongings(&store, ids[0], now).await.unwrap(), Belongings::default());
            store.close().await;
        })
        .await;
    }
}
