//! The order in which a provider's keys step in after the primary one.

use domain::Caller;
use domain::audit::Event;
use domain::credential::{Credential, Scope};
use domain::ids::CredentialId;
use store::credentials::{CredentialEdit, StoredCredential};

use super::{find_stored, refuse_former};
use crate::App;
use crate::error::{Error, Result};
use crate::sign_in;

/// How far apart places are set.
const STEP: i64 = 10;

/// Where a key is to go among those after the primary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One up.
    Up,
    /// One down.
    Down,
    /// Right before this one.
    Before(CredentialId),
    /// To the end.
    Last,
}

/// Moves a key among those of its provider and owner. One at the end of its way
/// stays where it is.
///
/// # Errors
/// `not_found`; `invalid_request` for the primary key, which is always first.
pub async fn arrange(app: &App, caller: &Caller, id: CredentialId, to: Place) -> Result<()> {
    let row = find_stored(app, caller, id).await?;
    let moved = &row.credential;
    refuse_former(moved)?;
    if moved.is_primary {
        return Err(Error::invalid(
            "place",
            "cannot change: this is the primary key, which goes first; make another one primary instead",
        ));
    }
    let keys = after_the_primary(app, moved).await?;
    let Some(order) = reordered(&keys.iter().map(|key| key.id).collect::<Vec<_>>(), id, to) else {
        return Err(Error::not_found("provider key"));
    };
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let mut events = Vec::new();
    for (key, place) in order.iter().zip(1_i64..) {
        let Some(key) = keys.iter().find(|known| known.id == *key) else { continue };
        let priority = place * STEP;
        if key.priority == priority {
            continue;
        }
        let edit = CredentialEdit { priority: Some(priority), ..CredentialEdit::default() };
        if store::credentials::update_fields(&mut change, key.id, &edit, Some(caller.user)).await? {
            let (fields, origin) = (vec!["priority"], key.origin.clone());
            events.push(Event::CredentialUpdated { credential: key.id, fields, origin });
        }
    }
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    app.reach.forget(moved.owner);
    Ok(())
}

/// The keys of the same provider and owner that step in when the primary fails,
/// in their order.
async fn after_the_primary(app: &App, like: &Credential) -> Result<Vec<Credential>> {
    let rows: Vec<StoredCredential> = match (like.scope, like.owner, like.organization) {
        (Scope::Personal, Some(user), _) => store::credentials::of_user(&app.store, user).await?,
        (Scope::Organization, _, Some(organization)) => {
            store::credentials::of_organization(&app.store, organization).await?
        }
        _ => store::credentials::of_system(&app.store).await?,
    };
    let keys = rows.into_iter().map(|row| row.credential);
    Ok(keys.filter(|key| key.provider == like.provider && !key.is_primary && key.grace_of.is_none()).collect())
}

/// The ids in their new order; `None` when the key, or the one it is to stand
/// before, is not among them.
fn reordered(ids: &[CredentialId], moved: CredentialId, to: Place) -> Option<Vec<CredentialId>> {
    let at = ids.iter().position(|id| *id == moved)?;
    let mut rest: Vec<CredentialId> = ids.iter().copied().filter(|id| *id != moved).collect();
    let place = match to {
        Place::Up => at.saturating_sub(1),
        Place::Down => (at + 1).min(rest.len()),
        Place::Last => rest.len(),
        Place::Before(other) if other == moved => at,
        Place::Before(other) => rest.iter().position(|id| *id == other)?,
    };
    rest.insert(place, moved);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use domain::{Entropy, Timestamp};

    use super::*;

    #[test]
    fn a_key_goes_where_it_is_sent_and_no_further() {
        let mut next = 0_u8;
        let mut id = || {
            next += 1;
            let byte = next;
            CredentialId::generate(Timestamp::from_seconds(1), &Entropy::new(move |bytes| bytes.fill(byte)))
        };
        let (a, b, c, stranger) = (id(), id(), id(), id());
        let all = [a, b, c];
        for (moved, to, expected) in [
            (b, Place::Up, Some(vec![b, a, c])),
            (a, Place::Up, Some(vec![a, b, c])),
            (b, Place::Down, Some(vec![a, c, b])),
            (c, Place::Down, Some(vec![a, b, c])),
            (c, Place::Before(a), Some(vec![c, a, b])),
            (a, Place::Before(c), Some(vec![b, a, c])),
            (a, Place::Before(a), Some(vec![a, b, c])),
            (a, Place::Last, Some(vec![b, c, a])),
            (stranger, Place::Up, None),
            (a, Place::Before(stranger), None),
        ] {
            assert_eq!(reordered(&all, moved, to), expected, "{to:?}");
        }
    }
}
