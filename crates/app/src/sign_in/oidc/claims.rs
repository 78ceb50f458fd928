//! What a provider says about a person, from the ID token and, where that is
//! silent, from its user-info endpoint.

use domain::Timestamp;
use domain::admission::MOST_GROUPS;
use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Every claim that has no place in the standard's own set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

/// Somebody, as the provider knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    /// Who it is; never given to anybody else.
    pub(super) subject: String,
    /// Their address.
    pub(super) email: Option<String>,
    /// Whether the provider made sure that the address is theirs.
    pub(super) is_verified: Option<bool>,
    /// Their name.
    pub(super) name: Option<String>,
    /// Their groups; `None`: not told.
    pub(super) groups: Option<Vec<String>>,
    /// Whether they are in more groups than a token has room for.
    pub(super) has_unnamed_groups: bool,
    /// When they last signed in there.
    pub(super) authenticated_at: Option<Timestamp>,
}

impl Person {
    /// Fills in what was not told yet. An address comes with the word on it:
    /// neither is taken without the other.
    pub(super) fn or(mut self, more: Self) -> Self {
        if self.email.is_none() || self.is_verified.is_none() {
            let is_same = self.email.is_none() || self.email == more.email;
            if is_same {
                (self.email, self.is_verified) = (more.email, more.is_verified);
            }
        }
        self.name = self.name.or(more.name);
        self.groups = self.groups.or(more.groups);
        self.has_unnamed_groups |= more.has_unnamed_groups;
        self
    }
}

impl Extra {
    /// The groups in the claim `name`; where there is none, of a path with dots.
    pub(super) fn groups(&self, name: &str) -> Option<Vec<String>> {
        let value = self.claims.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = self.claims.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        })?;
        match value {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(all) => {
                Some(all.iter().filter_map(Value::as_str).take(MOST_GROUPS).map(str::to_owned).collect())
            }
            _ => None,
        }
    }

    /// Whether the groups are elsewhere, because they are too many (as Entra does).
    pub(super) fn has_unnamed_groups(&self, name: &str) -> bool {
        self.claims.get("_claim_names").is_some_and(|names| names.get(name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extra(claims: Value) -> Extra {
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn groups_are_a_list_or_a_word_by_name_or_by_path() {
        for (claims, name, expected) in [
            (json!({"groups": ["a", "b", 3]}), "groups", Some(vec!["a", "b"])),
            (json!({"groups": "a"}), "groups", Some(vec!["a"])),
            (json!({"groups": []}), "groups", Some(vec![])),
            (json!({"realm_access": {"roles": ["a"]}}), "realm_access.roles", Some(vec!["a"])),
            (json!({"https://example.org/groups": ["a"]}), "https://example.org/groups", Some(vec!["a"])),
            (json!({"groups": {"a": true}}), "groups", None),
            (json!({"roles": ["a"]}), "groups", None),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(extra(claims.clone()).groups(name), expected, "{claims}");
        }
        let too_many = extra(json!({"_claim_names": {"groups": "src1"}}));
        assert!(too_many.has_unnamed_groups("groups") && !too_many.has_unnamed_groups("roles"));
    }

    #[test]
    fn an_address_and_the_word_on_it_come_from_one_place() {
        let of = |email: Option<&str>, is_verified| Person {
            email: email.map(str::to_owned),
            is_verified,
            ..Person::default()
        };
        for (token, asked, expected) in [
            (of(None, None), of(Some("a@b"), Some(true)), of(Some("a@b"), Some(true))),
            (of(Some("a@b"), None), of(Some("a@b"), Some(true)), of(Some("a@b"), Some(true))),
            (of(Some("a@b"), None), of(Some("c@d"), Some(true)), of(Some("a@b"), None)),
            (of(Some("a@b"), Some(false)), of(Some("a@b"), Some(true)), of(Some("a@b"), Some(false))),
            (of(None, Some(true)), of(Some("c@d"), None), of(Some("c@d"), None)),
        ] {
            assert_eq!(token.clone().or(asked), expected, "{token:?}");
        }
    }
}
