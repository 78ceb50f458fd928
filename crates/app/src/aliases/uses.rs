//! Who would miss an alias.

use domain::Caller;
use domain::alias::Alias;
use domain::credential::Owner;
use domain::ids::AliasId;
use store::aliases::Uses;

use crate::App;
use crate::error::{Error, Result};
use crate::organizations::may_manage;

/// Who called by this name lately, for whoever looks after it.
///
/// # Errors
/// `not_found`, `forbidden`, or when the store cannot be read.
pub async fn uses(app: &App, caller: &Caller, alias: &Alias) -> Result<Uses> {
    let organization = match alias.owner {
        Owner::Organization(organization) => {
            may_manage(caller, organization)?;
            Some(organization)
        }
        Owner::User(user) if user != caller.user => return Err(Error::not_found("alias")),
        Owner::System if !caller.is_admin() => return Err(Error::not_found("alias")),
        Owner::User(_) | Owner::System => None,
    };
    Ok(store::aliases::uses(&app.store, &alias.name, organization).await?)
}

/// Whose an alias is that the caller may know of.
///
/// # Errors
/// `not_found`, or when the store cannot be read.
pub async fn owner_of(app: &App, caller: &Caller, id: AliasId) -> Result<Owner> {
    let owner = store::aliases::owner_of(&app.store, id).await?;
    let may_know = |owner: &Owner| match owner {
        Owner::User(user) => *user == caller.user && caller.team().is_none(),
        Owner::Organization(organization) => caller.may_know_of(*organization),
        Owner::System => true,
    };
    owner.filter(may_know).ok_or_else(|| Error::not_found("alias"))
}
