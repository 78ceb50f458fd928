//! Credentials of one owner, some at a time, in the order in which they serve.
//! The next ones are found by the last one, not by counting.

use domain::ProviderId;
use domain::credential::{Credential, Owner, Scope};
use domain::ids::{CredentialId, OrganizationId, UserId};

use super::{SYSTEM_OWNER, read_row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, optional_id};

/// A deleted key keeps its place, so that whoever looks at it can go on from it.
const SHELF: &str = "SELECT * FROM credentials WHERE deleted_at IS NULL AND scope = $1 AND owner_id = $2 \
     AND (CAST($3 AS TEXT) IS NULL OR provider = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR LOWER(name) LIKE $4 ESCAPE '!' OR LOWER(note) LIKE $4 ESCAPE '!' \
          OR LOWER(masked) LIKE $4 ESCAPE '!') \
     AND (CAST($5 AS TEXT) IS NULL OR (provider, 1 - is_primary, priority, created_at, id) > \
          (SELECT a.provider, 1 - a.is_primary, a.priority, a.created_at, a.id FROM credentials AS a \
           WHERE a.id = $5 AND a.scope = $1 AND a.owner_id = $2)) \
     ORDER BY provider, 1 - is_primary, priority, created_at, id LIMIT $6";

const COUNTS: &str = "SELECT scope, provider, COUNT(*) AS count FROM credentials WHERE deleted_at IS NULL \
     AND ((scope = 'personal' AND owner_id = $1) OR (scope = 'organization' AND owner_id = $2) \
          OR (scope = 'system' AND $3 = 1)) \
     GROUP BY scope, provider ORDER BY scope, provider";

/// Which credentials of one owner to read.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Whose.
    pub owner: Owner,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// With this, in lower case, in their name, note or mask.
    pub search: Option<String>,
    /// Those after this one.
    pub after: Option<CredentialId>,
    /// How many at most.
    pub limit: i64,
}

/// How many credentials there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Of this scope.
    pub scope: Scope,
    /// Of this provider.
    pub provider: ProviderId,
    /// So many.
    pub keys: i64,
}

/// Credentials of one owner: by provider, the primary one first, then by
/// priority and age.
///
/// # Errors
/// When the database cannot be read.
pub async fn shelf(store: &Store, wanted: &Shelf) -> Result<Vec<Credential>, StoreError> {
    let owner = wanted.owner.id().map_or_else(|| SYSTEM_OWNER.to_owned(), |id| id.to_string());
    let rows = sqlx::query(SHELF)
        .bind(wanted.owner.scope().as_str())
        .bind(owner)
        .bind(wanted.provider.map(ProviderId::as_str))
        .bind(wanted.search.as_deref().map(containing))
        .bind(optional_id(wanted.after))
        .bind(wanted.limit)
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(|row| read_row(row).map(|stored| stored.credential)).collect()
}

/// How many credentials a user has, an organization's, and the system's, by
/// provider.
///
/// # Errors
/// When the database cannot be read.
pub async fn counts(
    store: &Store,
    user: UserId,
    organization: Option<OrganizationId>,
    with_system: bool,
) -> Result<Vec<Count>, StoreError> {
    let rows = sqlx::query(COUNTS)
        .bind(user.to_string())
        .bind(optional_id(organization))
        .bind(i64::from(with_system))
        .fetch_all(store.pool())
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(Count { scope: row.parsed("scope")?, provider: row.parsed("provider")?, keys: row.number("count")? })
        })
        .collect()
}

/// The pattern of `LIKE` for a text anywhere.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add_credential, add_user, on_both};

    #[tokio::test]
    async fn a_shelf_goes_on_after_the_last_key_and_finds_by_name() {
        on_both(async |place| {
            let store = place.open().await;
            let ann = add_user(&store, "ann@example.org").await;
            for name in ["one", "two", "50% off", "four"] {
                add_credential(&store, ann.id, name, &format!("sk-{name}")).await;
            }
            let wanted = |search: Option<&str>, after, limit| Shelf {
                owner: Owner::User(ann.id),
                provider: None,
                search: search.map(str::to_owned),
                after,
                limit,
            };
            let all = shelf(&store, &wanted(None, None, 10)).await.unwrap();
            assert!(all.len() == 4 && all[0].is_primary);
            let first = shelf(&store, &wanted(None, None, 2)).await.unwrap();
            let rest = shelf(&store, &wanted(None, Some(first[1].id), 10)).await.unwrap();
            assert_eq!([first, rest].concat(), all);
            let found = shelf(&store, &wanted(Some("50%"), None, 10)).await.unwrap();
            assert_eq!(found.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["50% off"]);
            let provider = all[0].provider;
            let count = Count { scope: Scope::Personal, provider, keys: 4 };
            assert_eq!(counts(&store, ann.id, None, true).await.unwrap(), [count]);
            store.close().await;
        })
        .await;
    }

    #[test]
    fn what_is_searched_for_means_itself() {
        assert_eq!(containing("50%_off!"), "%50!%!_off!!%");
    }
}
