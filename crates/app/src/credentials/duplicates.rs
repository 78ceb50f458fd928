//! The same key twice, among the keys of one owner, for one provider and
//! origin. Nobody hears of anybody else's.

use domain::audit::Event;
use domain::credential::Credential;
use domain::ids::{CredentialId, UserId};
use store::Mutation;

use crate::error::{Code, Error, Result};

/// Former secrets that are the key which comes back.
pub(super) struct Returned {
    /// What to tell of.
    pub(super) events: Vec<Event>,
    /// What its owner should know.
    pub(super) warning: Option<String>,
}

/// Refuses a key that another row of the same owner has. One that is only kept
/// for its grace gives way: its row ends here, because the key has another.
///
/// # Errors
/// `duplicate_secret`, naming the row.
pub(super) async fn settle(
    change: &mut Mutation,
    like: &Credential,
    fingerprint: &str,
    except: Option<CredentialId>,
    by: UserId,
) -> Result<Returned> {
    let mut returned = Returned { events: Vec::new(), warning: None };
    for row in store::credentials::with_secret(change, like, fingerprint).await? {
        if Some(row.id) == except {
            continue;
        }
        let Some(of) = row.grace_of else { return Err(already_saved(&row)) };
        if store::credentials::tombstone(change, row.id, Some(by)).await? {
            returned.events.push(Event::CredentialGraceEnded { credential: row.id, of });
            returned.warning = Some(
                "This key was replaced before and was still kept for its grace. It is in use again as this one, and that grace has ended."
                    .to_owned(),
            );
        }
    }
    Ok(returned)
}

/// The sentence for a key that is there already.
pub(crate) fn already_saved(known: &Credential) -> Error {
    let masked = if known.masked.is_empty() { "…" } else { &known.masked };
    Error::new(
        Code::DuplicateSecret,
        format!(
            "The same key is already saved as “{}” ({masked}). Use that one, or delete it before you save the key again.",
            known.name
        ),
    )
    .of_field("api_key")
}
