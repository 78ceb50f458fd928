//! Whose a thing is that a caller makes or changes, when it is an organization's.

use std::borrow::Cow;

use domain::Caller;
use domain::credential::Owner;
use domain::ids::OrganizationId;

use crate::App;
use crate::error::{Error, Result};
use crate::organizations::{may_manage, missing};

/// The organization whose things the caller changes: the one they name, else the
/// one they act in.
///
/// # Errors
/// `not_found`, `forbidden`, `invalid_request` when there is none.
pub(crate) async fn organization(app: &App, caller: &Caller, named: Option<OrganizationId>) -> Result<Owner> {
    let Some(id) = named.or(caller.organization) else {
        return Err(Error::invalid("organization_id", "is missing; say whose it is to be"));
    };
    known(app, caller, id).await?;
    may_manage(caller, id)?;
    Ok(Owner::Organization(id))
}

/// Passes for an organization that is there and that the caller may know of.
///
/// # Errors
/// `not_found`.
pub(crate) async fn known(app: &App, caller: &Caller, id: OrganizationId) -> Result<()> {
    if !caller.may_know_of(id) || store::organizations::by_id(&app.store, id).await?.is_none() {
        return Err(missing().of_field("organization_id"));
    }
    Ok(())
}

/// The caller, acting where a thing of this owner is seen.
pub(crate) fn acting_for(caller: &Caller, owner: Owner) -> Cow<'_, Caller> {
    match owner {
        Owner::Organization(id) if caller.organization != Some(id) => {
            Cow::Owned(Caller { organization: Some(id), ..caller.clone() })
        }
        _ => Cow::Borrowed(caller),
    }
}

/// Refuses an organization beside another scope.
///
/// # Errors
/// `invalid_request`.
pub(crate) fn refuse_stray(named: Option<OrganizationId>) -> Result<()> {
    match named {
        None => Ok(()),
        Some(_) => Err(Error::invalid("organization_id", "goes with scope organization only; leave it out")),
    }
}
