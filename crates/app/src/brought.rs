//! A provider key that a request brings along: used for this one call, at its
//! provider's default endpoint, and kept nowhere. The call is metered like any
//! other, under an id that tells the same key again and says nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use domain::credential::{Credential, Scope, Source};
use domain::ids::CredentialId;
use domain::key_shape;
use domain::provider::ProviderKind;
use domain::{Caller, ProviderId, Secret};
use store::credentials::StoredCredential;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::naming::{self, Place};
use crate::reach::{Key, Reach};
use crate::settings::Settings;
use crate::terms::Terms;

/// The header with the key.
pub const KEY_HEADER: &str = "x-ownkey-provider-key";

/// The header that says whose key it is.
pub const PROVIDER_HEADER: &str = "x-ownkey-provider";

/// A key that came with a request.
pub struct Brought {
    /// Whose key it is.
    pub(crate) provider: ProviderId,
    /// The key, for as long as the request lasts.
    pub(crate) secret: Secret,
}

impl fmt::Debug for Brought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brought").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Reads the two headers; `None` when neither is there. No error repeats what
/// they hold.
///
/// # Errors
/// `forbidden` where the operator did not switch this on, `invalid_request` when
/// one is missing or is not what it should be.
pub fn read(settings: &Settings, provider: Option<&str>, key: Option<&str>) -> Result<Option<Brought>> {
    if provider.is_none() && key.is_none() {
        return Ok(None);
    }
    if !settings.request_keys_allowed {
        return Err(Error::new(
            Code::Forbidden,
            "This server takes no provider key with a request. Save the key at /keys, then name it with x-ownkey-credential; or ask the operator to set OWNKEY_REQUEST_KEYS=on.",
        ));
    }
    let Some(key) = key else {
        return Err(Error::invalid(KEY_HEADER, "is missing: x-ownkey-provider needs the key beside it"));
    };
    let Some(provider) = provider else {
        return Err(Error::invalid(PROVIDER_HEADER, "is missing: it says whose key x-ownkey-provider-key is"));
    };
    let provider: ProviderId =
        provider.parse().map_err(|_| Error::invalid(PROVIDER_HEADER, "names no provider that Ownkey knows"))?;
    let has_endpoint = settings.default_base(provider).is_some();
    if provider.facts().kind != ProviderKind::External || provider.is_endpoint_bound() || !has_endpoint {
        return Err(Error::invalid(
            PROVIDER_HEADER,
            format!("cannot be {provider} here: a key in a request goes to its provider's default endpoint only"),
        ));
    }
    let clean = key_shape::clean(key, provider)
        .map_err(|problem| Error::new(Code::InvalidRequest, problem.to_string()).of_field(KEY_HEADER))?;
    Ok(Some(Brought { provider, secret: clean.secret }))
}

/// The one key that such a request can reach, and the model it means: whatever
/// the provider may know by that name.
///
/// # Errors
/// `forbidden` for a team's token and where the organization forbids it,
/// `endpoint_not_allowed`.
pub(crate) fn reach(
    app: &App,
    caller: &Caller,
    terms: &Arc<Terms>,
    brought: &Brought,
    model: &str,
) -> Result<(Arc<Reach>, Place)> {
    if caller.team().is_some() {
        return Err(Error::new(
            Code::Forbidden,
            "A team's token pays with the team's keys only. Leave out x-ownkey-provider-key, or use a token of your own.",
        )
        .of_field(KEY_HEADER));
    }
    if terms.rules.as_ref().is_some_and(|rules| !rules.allow(Scope::Personal, brought.provider)) {
        return Err(Error::new(
            Code::Forbidden,
            "The organization you act in does not let a key of your own pay at this provider. Leave out x-ownkey-provider-key.",
        )
        .of_field(KEY_HEADER));
    }
    // Not every key has a shape; this one is known.
    let model = brought.secret.struck_from(model);
    if model.contains('…') {
        return Err(naming::not_found("…"));
    }
    let place = naming::at_provider(brought.provider, &model, app.catalogue)?;
    let credential = credential(app, caller, brought)?;
    let stored = StoredCredential { credential, sealed: None, fingerprint: None };
    let reach = Reach::of_keys(vec![Arc::new(Key::new(stored, HashMap::new()))]);
    Ok((Arc::new(Reach { terms: Arc::clone(terms), ..reach }), place))
}

/// A stand-in for the row that such a key does not have.
fn credential(app: &App, caller: &Caller, brought: &Brought) -> Result<Credential> {
    let provider = brought.provider;
    let base = app.settings.default_base(provider).unwrap_or_default();
    let endpoint = app
        .guard
        .check_literal(provider, base)
        .map_err(|problem| Error::new(Code::EndpointNotAllowed, problem.to_string()))?;
    let fingerprint = app.store.vault().fingerprint(&brought.secret);
    // The fingerprint is keyed, and the user is in the name: two users with one
    // key have two ids, and neither id leads back to the key.
    let id = CredentialId::of_source(&format!("request:{}:{fingerprint}", caller.user));
    let (name, place) = ("of this request".to_owned(), (endpoint.base(), endpoint.origin()));
    Ok(Credential {
        owner: Some(caller.user),
        is_primary: true,
        created_by: Some(caller.user),
        updated_by: Some(caller.user),
        ..Credential::stand_in(id, Scope::Personal, provider, name, place, Source::Request, app.clock.now())
    })
}
