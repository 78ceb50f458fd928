//! Which keys somebody looks at: all of it is in the address.

use domain::ProviderId;
use domain::credential::Scope;
use domain::ids::CredentialId;
use serde::Deserialize;

/// The query of these pages. What is not understood is as if it was not there.
#[derive(Default, Deserialize)]
pub(in crate::ui::admin) struct CredentialsQuery {
    #[serde(default)]
    organization: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Organizations' or the server's.
    pub(super) scope: Scope,
    /// One organization, by its id or slug; `None`: all that are looked after.
    pub(super) organization: Option<String>,
    pub(super) provider: Option<ProviderId>,
    pub(super) is_active: Option<bool>,
    pub(super) search: String,
    pub(super) after: Option<CredentialId>,
}

impl Asked {
    /// All of a scope.
    pub(super) const fn first(scope: Scope) -> Self {
        Self { scope, organization: None, provider: None, is_active: None, search: String::new(), after: None }
    }

    pub(super) fn of(query: &CredentialsQuery, scope: Scope) -> Self {
        let named = Some(query.organization.trim().to_owned()).filter(|named| !named.is_empty());
        Self {
            scope,
            organization: named.filter(|_| scope == Scope::Organization),
            provider: query.provider.parse().ok(),
            is_active: match query.show.as_str() {
                "active" => Some(true),
                "inactive" => Some(false),
                _ => None,
            },
            search: query.q.trim().to_owned(),
            after: query.after.parse().ok(),
        }
    }

    /// Whether something is left out.
    pub(super) const fn is_narrowed(&self) -> bool {
        self.provider.is_some() || self.is_active.is_some() || !self.search.is_empty()
    }

    /// The address of these keys' page, without any filter.
    pub(super) const fn page(&self) -> &'static str {
        match self.scope {
            Scope::Organization => "/admin/provider-credentials",
            Scope::Personal | Scope::System => "/admin/system-keys",
        }
    }

    /// The same, without filters but for the organization.
    pub(super) fn wide(&self) -> Self {
        Self { organization: self.organization.clone(), ..Self::first(self.scope) }
    }

    /// What comes after a key.
    pub(super) fn after(&self, key: Option<CredentialId>) -> Self {
        Self { after: key, ..self.clone() }
    }

    pub(super) fn href(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(organization) = &self.organization {
            query.append_pair("organization", organization);
        }
        if let Some(provider) = self.provider {
            query.append_pair("provider", provider.as_str());
        }
        if let Some(is_active) = self.is_active {
            query.append_pair("show", if is_active { "active" } else { "inactive" });
        }
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        if let Some(after) = self.after {
            query.append_pair("after", &after.to_string());
        }
        let query = query.finish();
        if query.is_empty() { self.page().to_owned() } else { format!("{}?{query}", self.page()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_in_the_address_and_back() {
        let query = CredentialsQuery {
            organization: " acme ".to_owned(),
            provider: "openai".to_owned(),
            show: "inactive".to_owned(),
            q: " a&b ".to_owned(),
            after: "nonsense".to_owned(),
        };
        let asked = Asked::of(&query, Scope::Organization);
        assert_eq!(asked.href(), "/admin/provider-credentials?organization=acme&provider=openai&show=inactive&q=a%26b");
        assert!(asked.is_narrowed() && !asked.wide().is_narrowed());
        assert_eq!(asked.wide().href(), "/admin/provider-credentials?organization=acme");
        let of_the_server = Asked::of(&query, Scope::System);
        assert_eq!(of_the_server.href(), "/admin/system-keys?provider=openai&show=inactive&q=a%26b");
        assert_eq!(Asked::first(Scope::System).href(), "/admin/system-keys");
    }
}
