//! Where on `/keys` somebody is: the scope, the provider, what they search for.
//! All of it is in the address.

use domain::credential::Scope;
use domain::ids::CredentialId;
use domain::{Caller, ProviderId};
use http::header::REFERER;
use http::{HeaderMap, Uri};
use serde::Deserialize;

/// The query of `/keys`. What is not understood is as if it was not there.
#[derive(Default, Deserialize)]
pub(super) struct KeysQuery {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// A place on `/keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) scope: Scope,
    pub(super) provider: Option<ProviderId>,
    pub(super) search: String,
    pub(super) after: Option<CredentialId>,
}

impl Spot {
    pub(super) fn of(query: &KeysQuery, caller: &Caller) -> Self {
        let scope = query.scope.parse().ok().filter(|scope| scopes(caller).contains(scope));
        Self {
            scope: scope.unwrap_or(Scope::Personal),
            provider: query.provider.parse().ok(),
            search: query.q.trim().to_owned(),
            after: query.after.parse().ok(),
        }
    }

    /// The first page of another scope.
    pub(super) fn in_scope(&self, scope: Scope) -> Self {
        Self { scope, after: None, ..self.clone() }
    }

    /// The first page of another provider.
    pub(super) fn of_provider(&self, provider: Option<ProviderId>) -> Self {
        Self { provider, after: None, ..self.clone() }
    }

    /// What comes after a key.
    pub(super) fn after(&self, key: CredentialId) -> Self {
        Self { after: Some(key), ..self.clone() }
    }

    /// Its address.
    pub(super) fn href(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.scope != Scope::Personal {
            query.append_pair("scope", self.scope.as_str());
        }
        if let Some(provider) = self.provider {
            query.append_pair("provider", provider.as_str());
        }
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        if let Some(after) = self.after {
            query.append_pair("after", &after.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/keys".to_owned() } else { format!("/keys?{query}") }
    }
}

/// The page with keys that a form was on.
pub(super) fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let path = referer.and_then(|text| text.parse::<Uri>().ok()).and_then(|uri| uri.path_and_query().cloned());
    path.filter(|path| has_keys(path.path())).map_or_else(|| "/keys".to_owned(), |path| path.to_string())
}

fn has_keys(path: &str) -> bool {
    let is_one = path.strip_prefix("/keys/").is_some_and(|id| id.parse::<CredentialId>().is_ok());
    is_one || matches!(path, "/keys" | "/profile" | "/admin/provider-credentials" | "/admin/system-keys")
}

/// The place that `back` names.
pub(super) fn spot_of(headers: &HeaderMap, caller: &Caller) -> Spot {
    let back = back(headers);
    let query = back.split_once('?').map_or("", |(_, query)| query);
    let query = serde_urlencoded::from_str::<KeysQuery>(query).unwrap_or_default();
    Spot::of(&query, caller)
}

/// Whose keys somebody may look at: their own, those of the organization they act
/// in, and the server's for its admins.
pub(super) fn scopes(caller: &Caller) -> Vec<Scope> {
    let may_see = |scope: &Scope| match scope {
        Scope::Personal => true,
        Scope::Organization => caller.organization.is_some(),
        Scope::System => caller.is_admin(),
    };
    [Scope::Personal, Scope::Organization, Scope::System].into_iter().filter(may_see).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::caller::{Proof, Role};
    use domain::ids::{OrganizationId, UserId};

    use super::*;

    fn caller(role: Role, organization: Option<OrganizationId>) -> Caller {
        let user = UserId(uuid::Uuid::nil());
        Caller { user, role, organization, belonging: Arc::default(), fallback: None, proof: Proof::CommandLine }
    }

    #[test]
    fn a_place_is_in_its_address_and_back() {
        let query = |scope: &str, provider: &str, q: &str| KeysQuery {
            scope: scope.to_owned(),
            provider: provider.to_owned(),
            q: q.to_owned(),
            after: String::new(),
        };
        let spot = Spot::of(&query("system", "claude", " a&b "), &caller(Role::Admin, None));
        assert_eq!(spot.href(), "/keys?scope=system&provider=anthropic&q=a%26b");
        assert_eq!(spot.of_provider(None).in_scope(Scope::Personal).href(), "/keys?q=a%26b");
        let member = caller(Role::Member, Some(OrganizationId(uuid::Uuid::nil())));
        assert_eq!(Spot::of(&query("system", "nonsense", ""), &member).href(), "/keys");
        assert_eq!(Spot::of(&query("organization", "", ""), &member).href(), "/keys?scope=organization");
        assert_eq!(Spot::of(&query("organization", "", ""), &caller(Role::Admin, None)).href(), "/keys");
    }

    #[test]
    fn one_is_led_back_to_a_page_with_keys_only() {
        let from = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, referer.parse().unwrap());
            back(&headers)
        };
        assert_eq!(from("http://127.0.0.1:8000/keys?provider=openai"), "/keys?provider=openai");
        assert_eq!(from("http://127.0.0.1:8000/profile"), "/profile");
        assert_eq!(from("http://127.0.0.1:8000/keys/1/edit"), "/keys");
        assert_eq!(from("http://evil.example//keys"), "/keys");
        assert_eq!(back(&HeaderMap::new()), "/keys");
    }
}
