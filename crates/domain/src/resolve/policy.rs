//! How far a call may go for a key, and whose word on it counts.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a caller may be served by the next scope when the nearer one has no
/// usable key. The later in this list, the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// As `Chain`; and when every key of a scope fails, the next scope's may pay.
    Cross,
    /// An absent key (also an inactive or expired one) falls through.
    Chain,
    /// The first scope that has any key decides, usable or not.
    Strict,
}

crate::text_enum!(Fallback, "policy" { Cross => "cross", Chain => "chain", Strict => "strict" });

impl Fallback {
    /// The stricter of two policies; the strictest word wins.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        self.max(other)
    }

    /// Reads a request header; `None` when absent.
    ///
    /// # Errors
    /// Lists the known policies.
    pub fn of_header(text: Option<&str>) -> Result<Option<Self>, String> {
        text.map(Self::from_str).transpose()
    }
}

/// What everybody with a say has said. `None`: nothing.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// The least strict policy of this server.
    pub server: Fallback,
    /// The least strict policy of the organization that the user acts in.
    pub organization: Option<Fallback>,
    /// The user's preference.
    pub user: Option<Fallback>,
    /// The gateway token's.
    pub token: Option<Fallback>,
    /// The request's own.
    pub request: Option<Fallback>,
}

/// Whose stricter word keeps a request from `cross`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossRefused {
    /// The operator's.
    Server,
    /// The organization's.
    Organization,
    /// The gateway token's.
    Token,
    /// The user's own.
    User,
}

impl Said {
    /// The policy in force: the strictest word, `chain` where nobody said one. A
    /// preference beyond what the server allows is cut to it; a request that
    /// asks for `cross` in vain is told so.
    ///
    /// # Errors
    /// Whose word is stricter than the `cross` that the request asks for.
    pub fn in_force(self) -> Result<Fallback, CrossRefused> {
        if self.request == Some(Fallback::Cross) {
            let is_stricter = |word: Option<Fallback>| word.is_some_and(|word| word > Fallback::Cross);
            if is_stricter(Some(self.server)) {
                return Err(CrossRefused::Server);
            }
            if is_stricter(self.organization) {
                return Err(CrossRefused::Organization);
            }
            if is_stricter(self.token) {
                return Err(CrossRefused::Token);
            }
            if is_stricter(self.user) {
                return Err(CrossRefused::User);
            }
        }
        let wanted = [self.user, self.token, self.request].into_iter().flatten().max();
        let least = self.organization.map_or(self.server, |word| word.strictest(self.server));
        Ok(wanted.unwrap_or(Fallback::Chain).strictest(least))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Server, organization, user, token, request; `-` for a word that was not said.
    fn in_force(words: &str) -> String {
        let said: Vec<Option<Fallback>> = words.split_whitespace().map(|word| word.parse().ok()).collect();
        let [server, organization, user, token, request] = said[..] else { panic!("{words}") };
        match (Said { server: server.unwrap(), organization, user, token, request }).in_force() {
            Ok(policy) => policy.to_string(),
            Err(refused) => format!("{refused:?} refuses"),
        }
    }

    #[test]
    fn the_strictest_word_wins() {
        for (words, expected) in [
            ("chain  -      -      -      -     ", "chain"),
            ("strict -      -      -      -     ", "strict"),
            ("chain  -      strict -      -     ", "strict"),
            ("chain  -      chain  strict -     ", "strict"),
            ("chain  -      chain  -      strict", "strict"),
            ("chain  -      strict -      chain ", "strict"),
            // Nobody leaves a scope who was not asked to.
            ("cross  -      -      -      -     ", "chain"),
            ("cross  -      cross  -      -     ", "cross"),
            ("cross  -      -      cross  -     ", "cross"),
            ("cross  -      cross  chain  -     ", "chain"),
            ("cross  -      cross  -      chain ", "chain"),
            // A preference is cut to what the server and the organization allow.
            ("cross  chain  cross  -      -     ", "chain"),
            ("cross  strict cross  -      -     ", "strict"),
            ("cross  strict -      -      -     ", "strict"),
            ("chain  cross  -      -      -     ", "chain"),
            ("cross  cross  cross  -      -     ", "cross"),
            ("chain  -      cross  -      -     ", "chain"),
            ("strict -      cross  cross  -     ", "strict"),
        ] {
            assert_eq!(in_force(words), expected, "{words}");
        }
    }

    #[test]
    fn a_request_leaves_its_scope_only_where_nobody_said_stricter() {
        for (words, expected) in [
            ("cross  -      -      -      cross ", "cross"),
            ("cross  -      cross  cross  cross ", "cross"),
            ("chain  -      cross  cross  cross ", "Server refuses"),
            ("strict -      -      -      cross ", "Server refuses"),
            ("cross  chain  cross  -      cross ", "Organization refuses"),
            ("cross  cross  -      -      cross ", "cross"),
            ("cross  -      chain  -      cross ", "User refuses"),
            ("cross  -      -      strict cross ", "Token refuses"),
            ("cross  -      strict chain  cross ", "Token refuses"),
        ] {
            assert_eq!(in_force(words), expected, "{words}");
        }
    }

    fn word() -> impl Strategy<Value = Option<Fallback>> {
        proptest::option::of(proptest::sample::select(Fallback::ALL))
    }

    proptest! {
        #[test]
        fn no_word_is_ever_overruled_by_a_laxer_one(server in word(), organization in word(), user in word(), token in word(), request in word()) {
            let said = Said { server: server.unwrap_or(Fallback::Chain), organization, user, token, request };
            if let Ok(policy) = said.in_force() {
                for word in [Some(said.server), organization, user, token, request].into_iter().flatten() {
                    prop_assert!(policy >= word);
                }
            }
        }
    }
}
