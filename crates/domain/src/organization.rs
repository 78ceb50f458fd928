//! Organizations: people and teams that share provider keys, and the rules
//! under which their calls are paid.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::credential::Scope;
use crate::ids::{InvitationId, OrganizationId, TeamId, UserId};
use crate::provider::ProviderId;
use crate::resolve::Fallback;
use crate::time::Timestamp;

/// The longest slug, in characters.
pub const SLUG_CHARACTERS: usize = 64;

/// The highest mark-up, in basis points: a thousandfold.
pub const HIGHEST_MARKUP: u32 = 10_000_000;

/// What somebody may do in an organization. The later in this list, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Uses it.
    Member,
    /// Looks after its keys, teams and members.
    Admin,
    /// As an admin; and says who else is an owner.
    Owner,
}

crate::text_enum!(MemberRole, "role" { Member => "member", Admin => "admin", Owner => "owner" });

/// What somebody may do in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Belongs to it.
    Member,
    /// Makes and revokes its tokens.
    Lead,
}

crate::text_enum!(TeamRole, "team role" { Member => "member", Lead => "lead" });

/// In which order the scopes are asked for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// A person's own keys, the organization's, the server's.
    #[default]
    PersonalFirst,
    /// The organization's keys, a person's own, the server's.
    OrgFirst,
    /// The organization's keys and no others.
    OrgOnly,
}

crate::text_enum!(KeyOrder, "order" {
    PersonalFirst => "personal_first",
    OrgFirst => "org_first",
    OrgOnly => "org_only",
});

impl KeyOrder {
    /// Where a scope stands in this order; smaller is asked first.
    #[must_use]
    pub const fn place(self, scope: Scope) -> u8 {
        match (self, scope) {
            (Self::PersonalFirst, Scope::Personal) => 0,
            (_, Scope::Organization) => 1,
            (_, Scope::Personal) => 2,
            (_, Scope::System) => 3,
        }
    }
}

/// The rules under which calls in an organization are paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// In which order the scopes are asked.
    pub order: KeyOrder,
    /// How far a call may go for a key, at most; `None`: nothing said.
    pub fallback: Option<Fallback>,
    /// Whether a call may leave a scope whose keys failed.
    pub may_cross: bool,
    /// Whether members' own keys may pay.
    pub personal_keys_allowed: bool,
    /// The providers that may be called; `None`: all.
    pub allowed_providers: Option<Vec<ProviderId>>,
    /// The mark-up on calls that shared keys pay.
    pub markup_basis_points: u32,
    /// Whether calls that members' own keys pay are marked up, too.
    pub personal_markup: bool,
    /// Whether budgets count what members' own keys pay.
    pub counts_personal: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            order: KeyOrder::PersonalFirst,
            fallback: None,
            may_cross: false,
            personal_keys_allowed: true,
            allowed_providers: None,
            markup_basis_points: 0,
            personal_markup: false,
            counts_personal: false,
        }
    }
}

impl Rules {
    /// Whether a key of this scope and provider may pay.
    #[must_use]
    pub fn allow(&self, scope: Scope, provider: ProviderId) -> bool {
        let is_in_scope = match scope {
            Scope::Organization => true,
            Scope::Personal => self.personal_keys_allowed && self.order != KeyOrder::OrgOnly,
            Scope::System => self.order != KeyOrder::OrgOnly,
        };
        is_in_scope && self.allowed_providers.as_ref().is_none_or(|allowed| allowed.contains(&provider))
    }

    /// The mark-up on a call that a key of this scope pays: the team's where it
    /// has one, else the organization's.
    #[must_use]
    pub fn markup(&self, scope: Scope, of_team: Option<u32>) -> u32 {
        match scope {
            Scope::Personal if !self.personal_markup => 0,
            _ => of_team.unwrap_or(self.markup_basis_points),
        }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its short name in addresses and headers.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Under which rules calls are paid.
    pub rules: Rules,
    /// Since when nothing works in it.
    pub suspended_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Option<UserId>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<UserId>,
}

/// A team of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its short name, unique in its organization.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its own mark-up; `None`: the organization's.
    pub markup_basis_points: Option<u32>,
    /// The models and aliases its tokens may name; `None`: all.
    pub models: Option<Vec<String>>,
    /// Since when its tokens do not work.
    pub suspended_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Option<UserId>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<UserId>,
}

/// Somebody's place in an organization, as callers carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// As what.
    pub role: MemberRole,
    /// Whether nothing works in it.
    pub is_suspended: bool,
}

/// Somebody's place in a team, as callers carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamPlace {
    /// Which team.
    pub team: TeamId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// As what.
    pub role: TeamRole,
}

/// Where somebody belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belonging {
    /// In which organizations.
    pub organizations: Vec<Membership>,
    /// In which of their teams.
    pub teams: Vec<TeamPlace>,
}

/// A link that lets somebody into an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Into which.
    pub organization: OrganizationId,
    /// For whom.
    pub email: String,
    /// As what.
    pub role: MemberRole,
    /// Into which of its teams.
    pub teams: Vec<TeamId>,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Option<UserId>,
    /// When somebody came.
    pub accepted_at: Option<Timestamp>,
    /// Who came.
    pub accepted_by: Option<UserId>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Whether it still lets somebody in.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_at.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Why a slug is not taken. `Display` is a sentence's end: "slug …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SlugProblem {
    /// Nothing left.
    #[error("is empty: type at least one character")]
    Empty,
    /// More than fits.
    #[error("is {0} characters long; at most {SLUG_CHARACTERS} fit")]
    TooLong(usize),
    /// A character that addresses could not carry.
    #[error("contains “{0}”; only A-Z, a-z, 0-9 and . _ - are taken")]
    Character(char),
    /// It would look like a sign in front of nothing.
    #[error("begins with “{0}”; begin with a letter or a digit")]
    Beginning(char),
    /// It would be read as an id.
    #[error("looks like an id; choose a name")]
    LooksLikeAnId,
}

/// A slug as it may be.
///
/// # Errors
/// Says what is wrong with it.
pub fn slug(raw: &str) -> Result<String, SlugProblem> {
    let slug = raw.trim();
    let length = slug.chars().count();
    let is_taken = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let Some(first) = slug.chars().next() else { return Err(SlugProblem::Empty) };
    if length > SLUG_CHARACTERS {
        Err(SlugProblem::TooLong(length))
    } else if let Some(other) = slug.chars().find(|c| !is_taken(c)) {
        Err(SlugProblem::Character(other))
    } else if !first.is_ascii_alphanumeric() {
        Err(SlugProblem::Beginning(first))
    } else if Uuid::parse_str(slug).is_ok() {
        Err(SlugProblem::LooksLikeAnId)
    } else {
        Ok(slug.to_owned())
    }
}

/// A slug made from a name: lower case, with `-` between words; `None` where
/// nothing of it can stay.
#[must_use]
pub fn slug_of(name: &str) -> Option<String> {
    let words = name.to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let joined: String = words.join("-").chars().take(SLUG_CHARACTERS).collect();
    slug(joined.trim_end_matches('-')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_plain_and_no_id() {
        for (raw, expected) in [
            ("org-123", Ok("org-123")),
            (" Acme.Berlin_2 ", Ok("Acme.Berlin_2")),
            ("", Err(SlugProblem::Empty)),
            ("-acme", Err(SlugProblem::Beginning('-'))),
            ("a/b", Err(SlugProblem::Character('/'))),
            ("01a1ee56-5e00-7000-8000-000000000000", Err(SlugProblem::LooksLikeAnId)),
        ] {
            assert_eq!(slug(raw), expected.map(str::to_owned), "{raw}");
        }
        assert_eq!(slug(&"a".repeat(65)), Err(SlugProblem::TooLong(65)));
        assert_eq!(slug_of("Ärzte & Söhne GmbH").as_deref(), Some("rzte-s-hne-gmbh"));
        assert_eq!(slug_of("東京"), None);
    }

    #[test]
    fn scopes_are_asked_in_the_order_of_the_organization() {
        for (order, expected) in [
            (KeyOrder::PersonalFirst, [Scope::Personal, Scope::Organization, Scope::System]),
            (KeyOrder::OrgFirst, [Scope::Organization, Scope::Personal, Scope::System]),
            (KeyOrder::OrgOnly, [Scope::Organization, Scope::Personal, Scope::System]),
        ] {
            let mut scopes = [Scope::System, Scope::Personal, Scope::Organization];
            scopes.sort_by_key(|scope| order.place(*scope));
            assert_eq!(scopes, expected, "{order}");
        }
    }

    #[test]
    fn rules_say_whose_keys_of_which_providers_may_pay() {
        let (usual, only) = (Rules::default(), Rules { order: KeyOrder::OrgOnly, ..Rules::default() });
        let shared = Rules { personal_keys_allowed: false, ..Rules::default() };
        let few = Rules { allowed_providers: Some(vec![ProviderId::Groq]), ..Rules::default() };
        for (rules, expected) in [
            (&usual, [true, true, true]),
            (&only, [false, true, false]),
            (&shared, [false, true, true]),
            (&few, [false, false, false]),
        ] {
            let scopes = [Scope::Personal, Scope::Organization, Scope::System];
            assert_eq!(scopes.map(|scope| rules.allow(scope, ProviderId::OpenAi)), expected, "{rules:?}");
        }
        assert!(few.allow(Scope::System, ProviderId::Groq));
    }

    #[test]
    fn the_teams_mark_up_goes_before_the_organizations_and_own_keys_have_none() {
        let rules = Rules { markup_basis_points: 2_000, ..Rules::default() };
        let all = Rules { personal_markup: true, ..rules.clone() };
        for (rules, scope, team, expected) in [
            (&rules, Scope::Organization, None, 2_000),
            (&rules, Scope::System, Some(500), 500),
            (&rules, Scope::System, Some(0), 0),
            (&rules, Scope::Personal, None, 0),
            (&all, Scope::Personal, None, 2_000),
        ] {
            assert_eq!(rules.markup(scope, team), expected, "{scope} {team:?}");
        }
    }
}
