//! Editing and rotating a gateway token. What comes of it never exceeds whoever
//! does it: a token can neither widen another nor get the text of a wider one.

use std::time::Duration;

use domain::audit::Event;
use domain::caller::{Proof, TokenScope};
use domain::gateway_token::{self, Params};
use domain::ids::TokenId;
use domain::resolve::Fallback;
use domain::{Caller, Timestamp, text};
use store::tokens::{Token, TokenEdit};

use super::{Minted, checked_models, checked_policy, checked_rate, checked_scopes, get, refuse_scopes_of_people};
use crate::App;
use crate::budgets::{self, Wanted};
use crate::callers;
use crate::error::{Code, Error, Result};
use crate::sign_in;

/// The longest grace of a former text.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// What is to change. `None` leaves as is; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// A new name.
    pub name: Option<String>,
    /// Other scopes; cleared: call models.
    pub scopes: Option<Option<Vec<TokenScope>>>,
    /// Other models; cleared: all that the caller may call.
    pub models: Option<Option<Vec<String>>>,
    /// Another policy; cleared: as its user says.
    pub policy: Option<Option<Fallback>>,
    /// Another treatment of parameters that a model cannot take.
    pub params: Option<Params>,
    /// Another end; cleared: none.
    pub expires_at: Option<Option<Timestamp>>,
    /// Other calls a minute; cleared: no limit.
    pub rate_limit: Option<Option<i64>>,
    /// Other tokens of text a minute; cleared: no limit.
    pub tokens_per_minute: Option<Option<i64>>,
    /// Another budget in place of the one its owner gave it; cleared: none.
    pub budget: Option<Option<Wanted>>,
}

/// A token with its new text, and until when the former one works.
pub struct Rotated {
    /// The token and its text.
    pub minted: Minted,
    /// When the former text ends.
    pub former_until: Timestamp,
}

/// Edits a token of the caller's.
///
/// # Errors
/// `not_found`, `invalid_request`, `forbidden` for more than the caller has,
/// `conflict` for a revoked token.
pub async fn edit(app: &App, caller: &Caller, id: TokenId, edit: Edit) -> Result<Token> {
    get(app, caller, id).await?;
    budgets::refuse_bounded_token(app, caller).await?;
    let own = own_token(app, caller).await?;
    let expires_at = match edit.expires_at {
        Some(Some(at)) => Some(Some(crate::credentials::future(app, "expires_at", at)?)),
        other => other,
    };
    let last_day = own.as_ref().and_then(|own| own.expires_at);
    let changes = TokenEdit {
        name: edit
            .name
            .map(|name| text::line(&name, 100).map_err(|problem| Error::invalid("name", problem)))
            .transpose()?,
        scopes: edit.scopes.map(|scopes| checked_scopes(caller, scopes)).transpose()?,
        models: edit.models.map(|models| checked_models(caller, models)).transpose()?,
        policy: edit.policy.map(|policy| checked_policy(caller, policy)).transpose()?,
        params: edit.params,
        expires_at: expires_at.map(|at| at.into_iter().chain(last_day).min()),
        rate_limit: edit.rate_limit.map(|rate| checked_rate("rate_limit", rate)).transpose()?,
        tokens_per_minute: edit.tokens_per_minute.map(|rate| checked_rate("tokens_per_minute", rate)).transpose()?,
    };
    let fields = changed_names(&changes);
    if fields.is_empty() && edit.budget.is_none() {
        return get(app, caller, id).await;
    }
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    let before =
        store::tokens::by_id_within(&mut change, id).await?.ok_or_else(|| Error::not_found("gateway token"))?;
    let after = Token {
        scopes: changes.scopes.clone().unwrap_or_else(|| before.scopes.clone()),
        models: changes.models.clone().unwrap_or_else(|| before.models.clone()),
        expires_at: changes.expires_at.unwrap_or(before.expires_at),
        ..before
    };
    within_rights(caller, own.as_ref(), &after)?;
    refuse_scopes_of_people(after.team, &after.scopes)?;
    if !store::tokens::update(&mut change, id, &changes).await? {
        change.rollback().await?;
        return Err(revoked());
    }
    let mut events = Vec::new();
    if !fields.is_empty() {
        events.push(Event::TokenUpdated { token: id, fields });
    }
    if let Some(budget) = edit.budget {
        events.extend(budgets::edit_of_token(app, caller, &mut change, id, budget).await?);
    }
    if events.is_empty() {
        change.rollback().await?;
    } else {
        change.commit_all(events).await?;
    }
    app.callers.forget_all();
    app.budgets.forget(Some(id.into()));
    budgets::limits_changed(app, id.into()).await;
    get(app, caller, id).await
}

/// Gives a token of the caller's a new text. The former one works until the
/// grace ends; with none it stops at once.
///
/// # Errors
/// `not_found`, `invalid_request`, `forbidden` for a token that may do more than
/// the caller, `conflict` for a revoked token.
pub async fn rotate(app: &App, caller: &Caller, id: TokenId, grace: Duration) -> Result<Rotated> {
    if grace > LONGEST {
        return Err(Error::invalid("grace_seconds", "is too long; give 0 to 2592000, which is 30 days"));
    }
    get(app, caller, id).await?;
    let own = own_token(app, caller).await?;
    let now = app.clock.now();
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    let token = store::tokens::by_id_within(&mut change, id).await?.ok_or_else(|| Error::not_found("gateway token"))?;
    if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now) {
        return Err(revoked());
    }
    within_rights(caller, own.as_ref(), &token)?;
    let text = gateway_token::generate(token.kind, &app.entropy);
    let (hash, masked) = (callers::hash_hex(&text), gateway_token::masked(&text));
    let former_until = now.plus(grace);
    store::tokens::rotate(&mut change, &token, &hash, &masked, former_until).await?;
    change.commit(Event::TokenRotated { token: id, former_until: former_until.as_micros() }).await?;
    app.callers.forget_all();
    Ok(Rotated { minted: Minted { token: get(app, caller, id).await?, text }, former_until })
}

/// The token the caller came with.
async fn own_token(app: &App, caller: &Caller) -> Result<Option<Token>> {
    Ok(match caller.token() {
        Some(id) => store::tokens::by_id(&app.store, id).await?,
        None => None,
    })
}

/// Whether a token can do no more than the one the caller came with.
fn within_rights(caller: &Caller, own: Option<&Token>, token: &Token) -> Result<()> {
    let Proof::GatewayToken { scopes, models, team, .. } = &caller.proof else { return Ok(()) };
    let has_scopes = token.scopes.iter().all(|scope| scopes.contains(scope));
    let has_models = models
        .as_ref()
        .is_none_or(|own| token.models.as_ref().is_some_and(|theirs| theirs.iter().all(|model| own.contains(model))));
    let last_day = own.and_then(|own| own.expires_at);
    let lives_on = last_day.is_some_and(|last| token.expires_at.is_none_or(|end| end > last));
    if has_scopes && has_models && !lives_on && token.team == *team {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "That token may do more, or longer, than your own, so yours cannot change it. Sign in to do it.",
    ))
}

fn revoked() -> Error {
    Error::new(Code::Conflict, "This token was revoked or has expired, so nothing is changed. Make a new one.")
}

fn changed_names(edit: &TokenEdit) -> Vec<&'static str> {
    [
        (edit.name.is_some(), "name"),
        (edit.scopes.is_some(), "scopes"),
        (edit.models.is_some(), "models"),
        (edit.policy.is_some(), "policy"),
        (edit.params.is_some(), "params"),
        (edit.expires_at.is_some(), "expires_at"),
        (edit.rate_limit.is_some(), "rate_limit"),
        (edit.tokens_per_minute.is_some(), "tokens_per_minute"),
    ]
    .into_iter()
    .filter_map(|(changed, name)| changed.then_some(name))
    .collect()
}
