//! Gateway tokens: ours, for clients. Shown once, stored as a hash.

mod edit;

use domain::audit::Event;
use domain::caller::TokenScope;
use domain::gateway_token::{self, Params, TokenKind};
use domain::ids::{TeamId, TokenId};
use domain::resolve::Fallback;
use domain::{Caller, Timestamp, access, text};
use store::tokens::Token;
use store::usage::UsageFilter;
use zeroize::Zeroizing;

use crate::App;
use crate::budgets::{self, Wanted};
use crate::callers;
use crate::error::{Code, Error, Result};
use crate::organizations;
use crate::sign_in;
use crate::teams;

pub use edit::{Edit, Rotated, edit, rotate};

/// The highest rate.
const MOST_A_MINUTE: i64 = 1_000_000_000;

/// A token as somebody asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// The team it is for; absent: its maker's own.
    pub team: Option<TeamId>,
    /// Its name.
    pub name: String,
    /// What it may do; absent: call models.
    pub scopes: Option<Vec<TokenScope>>,
    /// The models it may call; absent: all.
    pub models: Option<Vec<String>>,
    /// How far its calls may go for a key; absent: as its user says.
    pub policy: Option<Fallback>,
    /// What becomes of parameters that a model cannot take; absent: as its
    /// maker's own token, else refused.
    pub params: Option<Params>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Calls a minute; absent: no limit.
    pub rate_limit: Option<i64>,
    /// Tokens of text a minute; absent: no limit.
    pub tokens_per_minute: Option<i64>,
    /// What it may spend; absent: no limit of its own.
    pub budget: Option<Wanted>,
}

/// A fresh token; its text is shown now and never again.
pub struct Minted {
    /// The row.
    pub token: Token,
    /// The text to give to a client.
    pub text: Zeroizing<String>,
}

/// What a team's token may do: it is nobody's in particular, so it looks after
/// nothing of anybody's.
const SCOPES_OF_TEAMS: [TokenScope; 2] = [TokenScope::Models, TokenScope::ReadUsage];

/// Makes a token for the caller, or for a team that they lead. It can never do
/// more than its maker.
///
/// # Errors
/// `forbidden` for a scope the caller lacks, and for a team that is not theirs to
/// lead; `not_found`, `invalid_request`.
pub async fn create(app: &App, caller: &Caller, new: NewToken) -> Result<Minted> {
    budgets::refuse_bounded_token(app, caller).await?;
    let name = text::line(&new.name, 100).map_err(|problem| Error::invalid("name", problem))?;
    let team = match new.team {
        Some(team) => Some(teams::find_to_lead(app, caller, team).await.map_err(|error| error.of_field("team_id"))?.id),
        None => caller.team(),
    };
    let scopes = checked_scopes(caller, new.scopes)?;
    refuse_scopes_of_people(team, &scopes)?;
    let minter = match caller.token() {
        Some(id) => store::tokens::by_id(&app.store, id).await?,
        None => None,
    };
    let models = checked_models(caller, new.models)?;
    let policy = checked_policy(caller, new.policy)?;
    let expires_at = new.expires_at.map(|at| crate::credentials::future(app, "expires_at", at)).transpose()?;
    // A token made by a token does not outlive it and belongs to the same team.
    let last_day = minter.as_ref().and_then(|minter| minter.expires_at);
    let expires_at = expires_at.into_iter().chain(last_day).min();
    let kind = if team.is_some() { TokenKind::Team } else { TokenKind::User };
    let now = app.clock.now();
    let text = gateway_token::generate(kind, &app.entropy);
    let token = Token {
        id: TokenId::generate(now, &app.entropy),
        hash: callers::hash_hex(&text),
        masked: gateway_token::masked(&text),
        kind,
        user: caller.user,
        team,
        name,
        scopes,
        models,
        policy,
        params: new.params.unwrap_or(if caller.is_lenient() { Params::Lenient } else { Params::Strict }),
        rate_limit: checked_rate("rate_limit", new.rate_limit)?,
        tokens_per_minute: checked_rate("tokens_per_minute", new.tokens_per_minute)?,
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let mut change = app.store.begin(now, sign_in::actor(caller), None).await?;
    store::tokens::insert(&mut change, &token).await?;
    let mut events = vec![Event::TokenCreated {
        token: token.id,
        name: token.name.clone(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
    }];
    if let Some(budget) = new.budget {
        events.extend(budgets::edit_of_token(app, caller, &mut change, token.id, Some(budget)).await?);
    }
    change.commit_all(events).await?;
    app.budgets.forget(Some(token.id.into()));
    Ok(Minted { token, text })
}

/// A rate as a token may have it.
fn checked_rate(field: &str, rate: Option<i64>) -> Result<Option<i64>> {
    match rate {
        Some(rate) if !(1..=MOST_A_MINUTE).contains(&rate) => {
            Err(Error::invalid(field, "is not taken; give 1 to 1000000000 a minute, or leave it out for no limit"))
        }
        rate => Ok(rate),
    }
}

/// The scopes a token may be given: at least one, and never more than its
/// maker's.
fn checked_scopes(caller: &Caller, scopes: Option<Vec<TokenScope>>) -> Result<Vec<TokenScope>> {
    let mut scopes = scopes.unwrap_or_else(|| vec![TokenScope::Models]);
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", "is empty; give at least one, such as models"));
    }
    let grantable = access::grantable_scopes(caller);
    if let Some(missing) = scopes.iter().find(|scope| !grantable.contains(scope)) {
        return Err(Error::new(
            Code::Forbidden,
            format!("Your own token lacks the scope “{missing}”, so it cannot give it to another. Sign in to do it."),
        )
        .of_field("scopes"));
    }
    Ok(scopes)
}

/// The models a token may be given: bounded, and never more than its maker's.
fn checked_models(caller: &Caller, models: Option<Vec<String>>) -> Result<Option<Vec<String>>> {
    let own = match &caller.proof {
        domain::caller::Proof::GatewayToken { models, .. } => models.clone(),
        _ => None,
    };
    let Some(models) = models else { return Ok(own) };
    if models.is_empty() || models.len() > 500 {
        return Err(Error::invalid("models", "needs 1 to 500 names; leave it out to allow all"));
    }
    for model in &models {
        text::line(model, 256).map_err(|problem| Error::invalid("models", problem))?;
        if own.as_ref().is_some_and(|own| !own.contains(model)) {
            return Err(Error::new(
                Code::Forbidden,
                "Your own token may not call all of these models, so it cannot give them to another. Sign in to do it.",
            )
            .of_field("models"));
        }
    }
    Ok(Some(models))
}

/// The policy a token may be given: never laxer than its maker's.
fn checked_policy(caller: &Caller, policy: Option<Fallback>) -> Result<Option<Fallback>> {
    let own = caller.token_policy();
    match (policy, own) {
        (Some(policy), Some(own)) if policy < own => Err(Error::new(
            Code::Forbidden,
            format!("Your own token's policy is {own}, so it cannot give a laxer one to another. Sign in to do it."),
        )
        .of_field("policy")),
        (policy, own) => Ok(policy.or(own)),
    }
}

/// Refuses a team's token a scope that is about somebody's own things.
fn refuse_scopes_of_people(team: Option<TeamId>, scopes: &[TokenScope]) -> Result<()> {
    let Some(odd) = scopes.iter().find(|scope| !SCOPES_OF_TEAMS.contains(scope)) else { return Ok(()) };
    if team.is_none() {
        return Ok(());
    }
    Err(Error::invalid(
        "scopes",
        format!(
            "cannot have “{odd}” for a team's token: it calls models and reads its own usage; give models or read:usage"
        ),
    ))
}

/// Whose tokens to list.
#[derive(Clone, Copy, Debug, Default)]
pub enum Whose<'a> {
    /// The caller's own.
    #[default]
    Own,
    /// A team's.
    Team(TeamId),
    /// Those of all teams of an organization, by id or slug.
    Organization(&'a str),
}

/// The caller's tokens, or those of a team that they lead, or of an organization
/// that they look after.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn list(app: &App, caller: &Caller, whose: Whose<'_>, skip: i64, limit: i64) -> Result<(Vec<Token>, i64)> {
    Ok(match whose {
        Whose::Own if caller.team().is_some() => (Vec::new(), 0),
        Whose::Own => store::tokens::list(&app.store, caller.user, skip, limit).await?,
        Whose::Team(team) => {
            let team = teams::find_to_lead(app, caller, team).await?;
            store::tokens::of_teams(&app.store, team.organization, Some(team.id), skip, limit).await?
        }
        Whose::Organization(named) => {
            let organization = organizations::find_to_manage(app, caller, named).await?.id;
            store::tokens::of_teams(&app.store, organization, None, skip, limit).await?
        }
    })
}

/// One token of the caller's, or of a team that they lead.
///
/// # Errors
/// `not_found`.
pub async fn get(app: &App, caller: &Caller, id: TokenId) -> Result<Token> {
    let missing = || Error::not_found("gateway token");
    let token = store::tokens::by_id(&app.store, id).await?.ok_or_else(missing)?;
    let is_theirs = match token.team {
        None => token.user == caller.user && caller.team().is_none(),
        Some(team) => {
            let team = store::teams::by_id(&app.store, team).await?;
            team.is_some_and(|team| caller.team().is_none() && caller.leads(team.id, team.organization))
        }
    };
    if is_theirs { Ok(token) } else { Err(missing()) }
}

/// Whether a token of the caller's was ever used. It is known at once of calls,
/// and of all else within a few seconds.
///
/// # Errors
/// `not_found`.
pub async fn is_used(app: &App, caller: &Caller, id: TokenId) -> Result<bool> {
    let token = get(app, caller, id).await?;
    if token.last_used_at.is_some() {
        return Ok(true);
    }
    let filter =
        UsageFilter { user: Some(token.user), token: Some(id), from: Some(token.created_at), ..UsageFilter::default() };
    Ok(!store::usage::listed(&app.store, &filter, None, 1).await?.0.is_empty())
}

/// Stops a token from working, at once here and within two seconds everywhere.
///
/// # Errors
/// `not_found`.
pub async fn revoke(app: &App, caller: &Caller, id: TokenId) -> Result<()> {
    get(app, caller, id).await?;
    let mut change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    if store::tokens::revoke(&mut change, id).await? {
        change.commit(Event::TokenRevoked { token: id }).await?;
    } else {
        change.rollback().await?;
    }
    app.callers.forget_all();
    Ok(())
}
