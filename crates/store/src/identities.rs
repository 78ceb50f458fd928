//! Tables `identities` and `spent_states`: who somebody is at an OpenID provider,
//! and the sign-ins that came back from one.

use domain::Timestamp;
use domain::ids::UserId;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::Columns;

/// Somebody at an OpenID provider, and who that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider, by its own address.
    pub issuer: String,
    /// Who it is there; never given to anybody else.
    pub subject: String,
    /// Who it is here.
    pub user: UserId,
    /// The address that the provider named last; empty when the user is gone.
    pub email: String,
    /// When the two were linked.
    pub created_at: Timestamp,
    /// When they last signed in with it.
    pub last_seen_at: Timestamp,
}

const LINK: &str = "INSERT INTO identities (issuer, subject, user_id, email, created_at, last_seen_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id, \
     email = excluded.email, created_at = excluded.created_at, last_seen_at = excluded.last_seen_at";

const UNLINKED: &str = "UPDATE users SET has_identity = 0 WHERE id = $1 \
     AND NOT EXISTS (SELECT 1 FROM identities AS i WHERE i.user_id = users.id)";

const SPEND: &str = "INSERT INTO spent_states (hash, spent_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";

/// The identity with this issuer and subject.
///
/// # Errors
/// When the database cannot be read.
pub async fn find(store: &Store, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
    let row = sqlx::query("SELECT * FROM identities WHERE issuer = $1 AND subject = $2")
        .bind(issuer)
        .bind(subject)
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// Who a user is elsewhere, the eldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_user(store: &Store, user: UserId) -> Result<Vec<Identity>, StoreError> {
    let rows = sqlx::query("SELECT * FROM identities WHERE user_id = $1 ORDER BY created_at, issuer, subject")
        .bind(user.to_string())
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(read).collect()
}

/// Links an identity to its user; one that led to somebody else leads here now.
///
/// # Errors
/// When the database cannot be written.
pub async fn link(change: &mut Mutation, identity: &Identity) -> Result<(), StoreError> {
    sqlx::query(LINK)
        .bind(identity.issuer.as_str())
        .bind(identity.subject.as_str())
        .bind(identity.user.to_string())
        .bind(identity.email.as_str())
        .bind(identity.created_at.as_micros())
        .bind(identity.last_seen_at.as_micros())
        .execute(change.connection())
        .await?;
    sqlx::query("UPDATE users SET has_identity = 1 WHERE id = $1")
        .bind(identity.user.to_string())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::User, &identity.user);
    Ok(())
}

/// Unlinks a user from who they are at one provider. `false`: they are nobody
/// there.
///
/// # Errors
/// When the database cannot be written.
pub async fn unlink(change: &mut Mutation, user: UserId, issuer: &str) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM identities WHERE user_id = $1 AND issuer = $2")
        .bind(user.to_string())
        .bind(issuer)
        .execute(change.connection())
        .await?;
    sqlx::query(UNLINKED).bind(user.to_string()).execute(change.connection()).await?;
    change.touch(ChangeKind::User, &user);
    Ok(done.rows_affected() > 0)
}

/// Takes the address out of the identities of a user who is let go. The subjects
/// stay, so that whoever was let go stays out.
///
/// # Errors
/// When the database cannot be written.
pub async fn forget_address(change: &mut Mutation, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE identities SET email = '' WHERE user_id = $1")
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Notes that somebody signed in with it, and the address they have now.
///
/// # Errors
/// When the database cannot be written.
pub async fn note_seen(
    store: &Store,
    issuer: &str,
    subject: &str,
    email: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE identities SET email = $3, last_seen_at = $4 WHERE issuer = $1 AND subject = $2")
        .bind(issuer)
        .bind(subject)
        .bind(email)
        .bind(at.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Spends the state of a sign-in under way. `false`: it was spent before.
///
/// # Errors
/// When the database cannot be written.
pub async fn spend_state(store: &Store, hash: &str, at: Timestamp) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(SPEND).bind(hash).bind(at.as_micros()).execute(write.connection()).await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets states that were spent before `before`, when none of them could come
/// back any more.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune_states(store: &Store, before: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM spent_states WHERE spent_at < $1")
        .bind(before.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

fn read(row: &AnyRow) -> Result<Identity, StoreError> {
    let row = Columns(row);
    Ok(Identity {
        issuer: row.text("issuer")?,
        subject: row.text("subject")?,
        user: row.parsed("user_id")?,
        email: row.text("email")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::audit::{Actor, Event};

    use super::*;
    use crate::testing::{NOW, add_user, on_both};

    const ISSUER: &str = "https://login.example.org";

    async fn linked(store: &Store, subject: &str, user: UserId) -> Identity {
        let identity = Identity {
            issuer: ISSUER.to_owned(),
            subject: subject.to_owned(),
            user,
            email: format!("{subject}@example.org"),
            created_at: NOW,
            last_seen_at: NOW,
        };
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        link(&mut change, &identity).await.unwrap();
        change.commit(Event::IdentityLinked { user, issuer: ISSUER.to_owned() }).await.unwrap();
        identity
    }

    #[tokio::test]
    async fn an_identity_is_found_by_issuer_and_subject_alone() {
        on_both(async |place| {
            let store = place.open().await;
            let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
            assert!(!ann.has_identity);
            let hers = linked(&store, "s-1", ann.id).await;
            assert_eq!(find(&store, ISSUER, "s-1").await.unwrap(), Some(hers.clone()));
            assert_eq!(find(&store, ISSUER, "S-1").await.unwrap(), None);
            assert_eq!(find(&store, "https://login.example.com", "s-1").await.unwrap(), None);
            assert_eq!(of_user(&store, ann.id).await.unwrap(), [hers]);
            assert_eq!(of_user(&store, bob.id).await.unwrap(), []);
            assert!(crate::users::by_id(&store, ann.id).await.unwrap().unwrap().has_identity);

            let later = NOW.plus(Duration::from_secs(5));
            note_seen(&store, ISSUER, "s-1", "new@example.org", later).await.unwrap();
            let seen = find(&store, ISSUER, "s-1").await.unwrap().unwrap();
            assert_eq!((seen.email.as_str(), seen.last_seen_at, seen.created_at), ("new@example.org", later, NOW));

            // Let go, and invited again under another account.
            let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
            forget_address(&mut change, ann.id).await.unwrap();
            change.commit(Event::UserDeleted { user: ann.id }).await.unwrap();
            assert_eq!(find(&store, ISSUER, "s-1").await.unwrap().unwrap().email, "");
            linked(&store, "s-1", bob.id).await;
            assert_eq!(find(&store, ISSUER, "s-1").await.unwrap().unwrap().user, bob.id);
        })
        .await;
    }

    #[tokio::test]
    async fn who_is_unlinked_from_all_providers_signs_in_elsewhere_no_more() {
        on_both(async |place| {
            let store = place.open().await;
            let (ann, bob) = (add_user(&store, "ann@example.org").await, add_user(&store, "bob@example.org").await);
            linked(&store, "s-ann", ann.id).await;
            linked(&store, "s-bob", bob.id).await;
            for (issuer, is_linked) in [("https://login.example.com", false), (ISSUER, true), (ISSUER, false)] {
                let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
                assert_eq!(unlink(&mut change, ann.id, issuer).await.unwrap(), is_linked);
                change.commit(Event::IdentityUnlinked { user: ann.id, issuer: issuer.to_owned() }).await.unwrap();
                let user = crate::users::by_id(&store, ann.id).await.unwrap().unwrap();
                assert_eq!(user.has_identity, issuer != ISSUER);
            }
            assert_eq!(find(&store, ISSUER, "s-ann").await.unwrap(), None);
            assert!(crate::users::by_id(&store, bob.id).await.unwrap().unwrap().has_identity);
            store.close().await;
        })
        .await;
    }

    #[tokio::test]
    async fn a_state_is_spent_once_and_forgotten_later() {
        on_both(async |place| {
            let store = place.open().await;
            assert!(spend_state(&store, "one", NOW).await.unwrap());
            assert!(!spend_state(&store, "one", NOW).await.unwrap());
            assert!(spend_state(&store, "two", NOW.plus(Duration::from_secs(60))).await.unwrap());
            prune_states(&store, NOW.plus(Duration::from_secs(30))).await.unwrap();
            assert!(spend_state(&store, "one", NOW).await.unwrap());
            assert!(!spend_state(&store, "two", NOW).await.unwrap());
        })
        .await;
    }
}
