//! Table `spreads`: how calls are spread over the keys of one provider and
//! owner. No row: the primary serves.

use domain::ProviderId;
use domain::credential::{Owner, Scope};
use domain::ids::{OrganizationId, UserId};
use domain::spread::Spread;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, optional_id, owner_column};

const SET: &str = "INSERT INTO spreads (scope, owner_id, provider, spread) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (scope, owner_id, provider) DO UPDATE SET spread = excluded.spread";

/// How calls are spread over the keys of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The scope of the keys.
    pub scope: Scope,
    /// Their provider.
    pub provider: ProviderId,
    /// How.
    pub spread: Spread,
}

/// What is settled for `user`, for `organization` and for the server.
///
/// # Errors
/// When the database cannot be read.
pub async fn seen_by(
    store: &Store,
    user: Option<UserId>,
    organization: Option<OrganizationId>,
) -> Result<Vec<Setting>, StoreError> {
    let rows = sqlx::query(
        "SELECT scope, provider, spread FROM spreads WHERE (scope = 'personal' AND owner_id = $1) \
         OR (scope = 'organization' AND owner_id = $2) OR scope = 'system' ORDER BY provider",
    )
    .bind(optional_id(user))
    .bind(optional_id(organization))
    .fetch_all(store.pool())
    .await?;
    let mut settings: Vec<Setting> = rows.iter().map(read).collect::<Result<_, _>>()?;
    settings.sort_by_key(|setting| setting.scope);
    Ok(settings)
}

/// Settles it; other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn set(change: &mut Mutation, owner: Owner, provider: ProviderId, spread: Spread) -> Result<(), StoreError> {
    sqlx::query(SET)
        .bind(owner.scope().as_str())
        .bind(owner_column(owner))
        .bind(provider.as_str())
        .bind(spread.as_str())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Spread, &owner_column(owner));
    Ok(())
}

fn read(row: &AnyRow) -> Result<Setting, StoreError> {
    let row = Columns(row);
    Ok(Setting { scope: row.parsed("scope")?, provider: row.parsed("provider")?, spread: row.parsed("spread")? })
}

#[cfg(test)]
mod tests {
    use domain::audit::{Actor, Event};

    use super::*;
    use crate::testing::{NOW, add_user, on_both};

    async fn settle(store: &Store, owner: Owner, provider: ProviderId, spread: Spread) {
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        set(&mut change, owner, provider, spread).await.unwrap();
        change.commit(Event::SpreadSet { scope: owner.scope(), provider, spread }).await.unwrap();
    }

    #[tokio::test]
    async fn each_owner_settles_their_own_and_the_last_word_counts() {
        on_both(async |place| {
            let store = place.open().await;
            let (ann, bob) = (add_user(&store, "ann@x.org").await.id, add_user(&store, "bob@x.org").await.id);
            let seq = crate::changes::latest(&store).await.unwrap();
            settle(&store, Owner::User(ann), ProviderId::OpenAi, Spread::RoundRobin).await;
            settle(&store, Owner::User(ann), ProviderId::OpenAi, Spread::LeastUsed).await;
            settle(&store, Owner::System, ProviderId::Groq, Spread::RoundRobin).await;
            let system = Setting { scope: Scope::System, provider: ProviderId::Groq, spread: Spread::RoundRobin };
            let hers = Setting { scope: Scope::Personal, provider: ProviderId::OpenAi, spread: Spread::LeastUsed };
            assert_eq!(seen_by(&store, Some(ann), None).await.unwrap(), [hers, system]);
            assert_eq!(seen_by(&store, Some(bob), None).await.unwrap(), [system]);
            let told = crate::changes::since(&store, seq, 10).await.unwrap();
            assert_eq!(told.iter().filter(|change| change.kind == Some(ChangeKind::Spread)).count(), 3);
            store.close().await;
        })
        .await;
    }
}
