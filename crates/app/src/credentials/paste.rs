//! Keys as people paste them: one, or many with names and quotes around them.
//! Each is saved like any other key; what cannot be is told line by line.

use std::sync::Arc;

use domain::credential::Scope;
use domain::key_paste::{self, PastedKey};
use domain::text::is_invisible;
use domain::{Caller, ProviderId, key_shape};

use super::{NewKey, Saved, create};
use crate::App;
use crate::error::{Code, Error, Result};

/// A pasted text, and what was said beside it.
pub struct Paste {
    /// The text.
    pub text: String,
    /// Whose keys they are where neither shape nor variable says so.
    pub provider: Option<ProviderId>,
    /// Whose they are to be.
    pub scope: Scope,
    /// Whether to wait for the check where it is one key only.
    pub wait_for_check: bool,
}

/// The most characters of a pasted text.
const LONGEST: usize = 100_000;

/// What became of one pasted key.
pub struct Pasted {
    /// The line it stands in, counted from 1.
    pub line: usize,
    /// The variable it was assigned to.
    pub variable: Option<String>,
    /// Whose key it is, as far as that is known.
    pub provider: Option<ProviderId>,
    /// What may be shown of it.
    pub masked: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What becomes of a pasted key.
pub enum Outcome {
    /// It is saved, and being checked.
    Saved(Box<Saved>),
    /// Nothing says whose key it is: somebody has to.
    WhoseKey,
    /// It is not taken.
    Refused(Box<Error>),
}

/// Saves the keys in a pasted text, each for its provider.
///
/// # Errors
/// `invalid_request` when there is no key in it, or more than can be taken at
/// once; what is wrong with one key is told with that key.
pub async fn paste(app: &Arc<App>, caller: &Caller, paste: Paste) -> Result<Vec<Pasted>> {
    check_text(&paste.text)?;
    let keys = key_paste::read(&paste.text);
    if keys.is_empty() {
        return Err(Error::invalid("text", "has no key in it; paste one key on each line"));
    }
    if keys.len() > key_paste::MOST {
        let sentence = format!("has {} keys; paste at most {} at once", keys.len(), key_paste::MOST);
        return Err(Error::invalid("text", sentence));
    }
    let waits = paste.wait_for_check && keys.len() == 1;
    // The provider that somebody chose speaks of keys without a name of their own.
    // A variable that is no provider's may hold another service's secret: it goes
    // nowhere, unless it is all that there is to ask about.
    let open = keys.iter().filter(|key| key.provider.is_none()).count();
    let mut all = Vec::new();
    for mut key in keys {
        let is_meant = open == 1 || key.variable.is_none();
        key.provider = key.provider.or(paste.provider.filter(|_| is_meant));
        all.push(save(app, caller, paste.scope, key, waits).await?);
    }
    Ok(all)
}

/// Passes for what people paste: lines of readable text, not too many.
fn check_text(text: &str) -> Result<()> {
    if text.chars().count() > LONGEST {
        return Err(Error::invalid("text", format!("is longer than {LONGEST} characters; paste the keys only")));
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.chars().any(|c| is_invisible(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid("text", "has characters that cannot be seen; paste it as plain text"));
    }
    Ok(())
}

async fn save(
    app: &Arc<App>,
    caller: &Caller,
    scope: Scope,
    pasted: PastedKey,
    wait_for_check: bool,
) -> Result<Pasted> {
    let PastedKey { line, variable, provider, key } = pasted;
    let masked = key_shape::masked(key.trim());
    let outcome = match provider {
        Some(provider) => {
            let new = NewKey { scope, api_key: Some(key), wait_for_check, ..NewKey::of(provider) };
            match create(app, caller, new).await {
                Ok(saved) => Outcome::Saved(Box::new(saved)),
                Err(error) if is_about_the_key(&error) => Outcome::Refused(Box::new(error)),
                Err(error) => return Err(error),
            }
        }
        // What can be nobody's key is told at once, without asking whose it is.
        None => match key_shape::clean(&key, ProviderId::Custom) {
            Ok(_) => Outcome::WhoseKey,
            Err(problem) => {
                Outcome::Refused(Box::new(Error::new(Code::InvalidRequest, problem.to_string()).of_field("text")))
            }
        },
    };
    Ok(Pasted { line, variable, provider, masked, outcome })
}

const fn is_about_the_key(error: &Error) -> bool {
    matches!(
        error.code,
        Code::InvalidRequest | Code::DuplicateSecret | Code::EndpointNotAllowed | Code::Forbidden | Code::Conflict
    )
}
