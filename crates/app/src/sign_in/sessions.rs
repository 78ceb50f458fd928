//! One's own sessions: where one is signed in, and how to end that.

use domain::Caller;
use domain::audit::Event;
use domain::ids::SessionId;
use store::sessions::Session;

use super::actor;
use crate::App;
use crate::error::{Error, Result};

/// The caller's open sessions, web and access tokens.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Session>> {
    Ok(store::sessions::open_of_user(&app.store, caller.user, app.clock.now()).await?)
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// `not_found`.
pub async fn end(app: &App, caller: &Caller, id: SessionId) -> Result<()> {
    let session = store::sessions::by_id(&app.store, id).await?;
    if session.is_none_or(|session| session.user != caller.user) {
        return Err(Error::not_found("session"));
    }
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    if store::sessions::end(&mut change, id).await? {
        change.commit(Event::SessionEnded { session: id }).await?;
    } else {
        change.rollback().await?;
    }
    app.callers.forget_all();
    Ok(())
}

/// Ends all of the caller's sessions but the one they came with. Returns how many.
///
/// # Errors
/// When the store cannot be written.
pub async fn end_others(app: &App, caller: &Caller) -> Result<usize> {
    let mut change = app.store.begin(app.clock.now(), actor(caller), None).await?;
    let ended = store::sessions::end_all_of_user(&mut change, caller.user, caller.session()).await?;
    let events: Vec<Event> = ended.iter().map(|&session| Event::SessionEnded { session }).collect();
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    app.callers.forget_all();
    Ok(ended.len())
}
