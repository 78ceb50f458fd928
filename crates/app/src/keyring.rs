//! The master key's life: sealing everything again under a new one, and letting
//! the former one go. Done at the command line by whoever has both, beside
//! running servers.

use domain::audit::{Actor, Event};
use domain::{Clock, MasterKeyId};
use store::Store;
use store::keyring::{Retirement, Unopened};
use store::rewrap::{self, Position};

use crate::error::{Code, Error, Result};

/// After how many runs over all rows those still changing are left to the next.
const RUNS: usize = 3;

/// What came of sealing everything again.
#[derive(Debug)]
pub struct Rewrapped {
    /// Under which master key.
    pub to: MasterKeyId,
    /// How many secrets were sealed again.
    pub rewrapped: u64,
    /// Those that do not open; they are as they were.
    pub unopened: Vec<Unopened>,
    /// How many are under another master key still, the unopened among them.
    pub left: i64,
}

/// Seals everything again under the first master key, `rows` secrets in a
/// transaction. `tell` hears how many are done, of how many.
///
/// # Errors
/// `conflict` while a running server lacks that key; when the database cannot be
/// written. What is done by then stays done: run it again.
pub async fn rewrap(
    store: &Store,
    clock: &Clock,
    actor: Actor,
    rows: i64,
    mut tell: impl FnMut(u64, i64),
) -> Result<Rewrapped> {
    store::keyring::follow(store, clock.now()).await?;
    let to = store.vault().sealing_kid();
    refuse_while_servers_lack_it(store, clock, to).await?;
    let pending = rewrap::pending(store).await?;
    let mut done = Rewrapped { to, rewrapped: 0, unopened: Vec::new(), left: pending };
    if pending == 0 {
        return Ok(done);
    }
    let change = store.begin(clock.now(), actor.clone(), None).await?;
    change.commit(Event::KeyringRewrapStarted { to, rows: pending }).await?;
    for _ in 0..RUNS {
        done.unopened.clear();
        let mut position = Some(Position::default());
        while let Some(from) = position {
            let batch = rewrap::batch(store, clock.now(), &from, rows).await?;
            done.rewrapped += batch.rewrapped;
            done.unopened.extend(batch.unopened);
            position = batch.next;
            tell(done.rewrapped, pending);
        }
        done.left = rewrap::pending(store).await?;
        // More are left when somebody saved one under the former key meanwhile.
        if usize::try_from(done.left).is_ok_and(|left| left == done.unopened.len()) {
            break;
        }
    }
    let finished = Event::KeyringRewrapFinished { to, rewrapped: done.rewrapped, unopened: done.unopened.len() };
    store.begin(clock.now(), actor, None).await?.commit(finished).await?;
    Ok(done)
}

/// Nobody seals under a key that a running server could not open.
async fn refuse_while_servers_lack_it(store: &Store, clock: &Clock, to: MasterKeyId) -> Result<()> {
    let Some(first) = store.vault().kids().first().copied().filter(|first| *first != to) else { return Ok(()) };
    let nodes = store::keyring::serving_nodes(store, clock.now()).await?;
    let lacking: Vec<String> =
        nodes.iter().filter(|node| !node.kids.contains(&first)).map(|node| node.id.to_string()).collect();
    Err(Error::new(
        Code::Conflict,
        format!(
            "A running server does not have the master key {first} yet (node {}). Give it the list with the new key first and the former one second, restart it, and run this again; a server that was killed counts for 30 s.",
            lacking.join(", ")
        ),
    ))
}

/// Lets a master key go that nothing is sealed under.
///
/// # Errors
/// `conflict` while something is, or while somebody seals under it; `not_found`
/// for a key that the keyring does not have.
pub async fn retire(store: &Store, clock: &Clock, actor: Actor, kid: MasterKeyId) -> Result<()> {
    let mut change = store.begin(clock.now(), actor, None).await?;
    let problem = match store::keyring::retire(store, &mut change, kid).await? {
        Retirement::Done => return Ok(change.commit(Event::KeyringKeyRetired { key: kid }).await?),
        Retirement::Unknown => Error::new(
            Code::NotFound,
            format!("The keyring has no master key {kid}. `ownkey keyring status` shows which there are."),
        ),
        Retirement::SealsHere => Error::new(
            Code::Conflict,
            format!("The master key {kid} is the one that seals. Put a new one before it in MASTER_KEY first."),
        ),
        Retirement::SealsAt(node) => Error::new(
            Code::Conflict,
            format!(
                "The running server {node} seals under the master key {kid}. Give it the list with the new key first and restart it."
            ),
        ),
        Retirement::Needed(held) => {
            let held: Vec<String> = held.iter().map(|held| format!("{} in {}", held.rows, held.table)).collect();
            Error::new(
                Code::Conflict,
                format!(
                    "The master key {kid} is needed: secrets are sealed under it ({}). Run `ownkey keyring rewrap`; what that names as not opening has to be deleted or typed in again.",
                    held.join(", ")
                ),
            )
        }
    };
    change.rollback().await?;
    Err(problem)
}
