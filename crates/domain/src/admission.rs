//! What the operator says about people who sign in through an OpenID provider:
//! whose addresses it speaks for, who may make an account, and what its groups
//! mean here.

use std::collections::BTreeMap;

use crate::caller::Role;
use crate::organization::{self, MemberRole};

/// The most groups of one person that are looked at.
pub const MOST_GROUPS: usize = 2_000;

/// Of which domains the provider's word about an e-mail address counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Domains {
    /// Nothing was said: of all, for accounts that are here; nobody new comes in.
    #[default]
    Unsaid,
    /// Of all, and anybody may come in.
    Any,
    /// Of these, in lower case, without their sub-domains.
    Listed(Vec<String>),
}

/// A group of the provider, and what it makes of its people in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The group.
    pub group: String,
    /// The organization's slug, folded.
    pub organization: String,
    /// What they are there.
    pub role: MemberRole,
}

/// The operator's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Whose addresses count.
    pub domains: Domains,
    /// Groups whose people may make an account; empty: nothing said.
    pub groups: Vec<String>,
    /// Groups whose people look after this server; empty: the groups say nothing
    /// about that.
    pub admin_groups: Vec<String>,
    /// What groups are in organizations.
    pub map: Vec<Mapped>,
    /// Whether an account that is here already is taken over by whoever proves to
    /// have its address.
    pub links: bool,
}

/// Why somebody may not come in. `Display` is the sentence for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Nobody new comes in by themselves.
    #[error("You have no account here yet, and new people come in by invitation. Ask an admin of this server for one.")]
    InvitedOnly,
    /// Their address is of another domain.
    #[error("Addresses of your domain may not sign in here. Ask an admin of this server.")]
    Domain,
    /// They are in none of the groups.
    #[error("You are in none of the groups that may sign in here. Ask an admin of this server.")]
    Group,
    /// The account here is not the provider's to give.
    #[error(
        "There is an account with your address here, and it is signed in to with its password only. Use the password, or ask an admin of this server."
    )]
    NotLinked,
    /// An address that could be mistaken for another.
    #[error(
        "Your address has letters beyond plain ASCII, which can be mistaken for others, so it is linked to no account. Ask an admin of this server."
    )]
    Unplain,
}

impl Admission {
    /// Whether a newcomer with this verified address and these groups may make an
    /// account.
    ///
    /// # Errors
    /// Why not.
    pub fn admit_new(&self, email: &str, groups: &[String]) -> Result<(), NotAdmitted> {
        if self.domains == Domains::Unsaid && self.groups.is_empty() {
            return Err(NotAdmitted::InvitedOnly);
        }
        self.check_address(email)?;
        let is_in = |group: &String| groups.contains(group);
        if self.groups.is_empty() || self.groups.iter().any(is_in) { Ok(()) } else { Err(NotAdmitted::Group) }
    }

    /// Whether whoever has this verified address may have the account with it.
    ///
    /// # Errors
    /// Why not.
    pub fn admit_known(&self, email: &str, has_password: bool) -> Result<(), NotAdmitted> {
        self.check_address(email)?;
        // Whoever was invited, and has no password yet, has no other way in to lose.
        if self.links || !has_password { Ok(()) } else { Err(NotAdmitted::NotLinked) }
    }

    /// Whether anything depends on groups.
    #[must_use]
    pub fn asks_for_groups(&self) -> bool {
        !(self.groups.is_empty() && self.admin_groups.is_empty() && self.map.is_empty())
    }

    fn check_address(&self, email: &str) -> Result<(), NotAdmitted> {
        if !email.is_ascii() {
            return Err(NotAdmitted::Unplain);
        }
        let Domains::Listed(listed) = &self.domains else { return Ok(()) };
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        if domain.is_some_and(|domain| listed.contains(&domain)) { Ok(()) } else { Err(NotAdmitted::Domain) }
    }

    /// The role that these groups give; `None` where groups say nothing about it.
    #[must_use]
    pub fn role(&self, groups: &[String]) -> Option<Role> {
        if self.admin_groups.is_empty() {
            return None;
        }
        let is_admin = self.admin_groups.iter().any(|group| groups.contains(group));
        Some(if is_admin { Role::Admin } else { Role::Member })
    }

    /// What these groups make of their person in each organization that groups say
    /// something about, by its slug; `None`: nothing, they are out. Of several
    /// roles the highest.
    #[must_use]
    pub fn memberships(&self, groups: &[String]) -> BTreeMap<&str, Option<MemberRole>> {
        let mut found: BTreeMap<&str, Option<MemberRole>> = BTreeMap::new();
        for mapped in &self.map {
            let role = found.entry(&mapped.organization).or_default();
            if groups.contains(&mapped.group) {
                *role = (*role).max(Some(mapped.role));
            }
        }
        found
    }
}

/// A comma-separated list of domains, or `*`.
///
/// # Errors
/// What is wrong with an entry, to follow the setting's name.
pub fn domains(text: &str) -> Result<Domains, String> {
    let listed = list(text);
    if listed.is_empty() {
        return Ok(Domains::Unsaid);
    }
    if listed == ["*"] {
        return Ok(Domains::Any);
    }
    let is_domain =
        |name: &String| name.is_ascii() && !name.contains(['@', '*', '/', ' ', ':']) && !name.starts_with('.');
    match listed.iter().find(|name| !is_domain(name)) {
        Some(wrong) => Err(format!("has the entry “{wrong}”; write domains like example.org, or * alone for all")),
        None => Ok(Domains::Listed(listed.iter().map(|name| name.to_ascii_lowercase()).collect())),
    }
}

/// A comma-separated list of `group=organization:role`; a role left out is member.
///
/// # Errors
/// What is wrong with an entry, to follow the setting's name.
pub fn group_map(text: &str) -> Result<Vec<Mapped>, String> {
    list(text).iter().map(|entry| mapped(entry)).collect()
}

fn mapped(entry: &str) -> Result<Mapped, String> {
    let wrong = || format!("has the entry “{entry}”; write it like staff=acme:member");
    let (group, place) = entry.rsplit_once('=').ok_or_else(wrong)?;
    let (slug, role) = place.split_once(':').unwrap_or((place, MemberRole::Member.as_str()));
    let (group, slug) = (group.trim(), organization::slug(slug).map_err(|_| wrong())?);
    if group.is_empty() {
        return Err(wrong());
    }
    let role = role.trim().parse().map_err(|_| wrong())?;
    Ok(Mapped { group: group.to_owned(), organization: crate::text::folded(&slug), role })
}

/// What stands between commas.
#[must_use]
pub fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn admission(of_domains: &str, of_groups: &str) -> Admission {
        Admission {
            domains: domains(of_domains).unwrap(),
            groups: list(of_groups),
            links: true,
            ..Admission::default()
        }
    }

    #[test]
    fn newcomers_come_in_where_each_thing_that_was_said_lets_them() {
        for (of_domains, of_groups, email, of_person, expected) in [
            ("", "", "ann@example.org", &["staff"][..], Err(NotAdmitted::InvitedOnly)),
            ("*", "", "ann@anywhere.test", &[], Ok(())),
            ("example.org", "", "Ann@EXAMPLE.org", &[], Ok(())),
            ("example.org", "", "ann@sub.example.org", &[], Err(NotAdmitted::Domain)),
            ("example.org", "", "ann@notexample.org", &[], Err(NotAdmitted::Domain)),
            ("example.org", "", "ann@evil.test@example.com", &[], Err(NotAdmitted::Domain)),
            ("*", "", "ann@\u{212a}elvin.org", &[], Err(NotAdmitted::Unplain)),
            ("", "staff", "ann@anywhere.test", &["staff"], Ok(())),
            ("", "staff", "ann@anywhere.test", &["Staff"], Err(NotAdmitted::Group)),
            ("example.org", "staff,ops", "ann@example.org", &["ops"], Ok(())),
            ("example.org", "staff", "ann@example.com", &["staff"], Err(NotAdmitted::Domain)),
            ("example.org", "staff", "ann@example.org", &["guests"], Err(NotAdmitted::Group)),
        ] {
            let rules = admission(of_domains, of_groups);
            assert_eq!(rules.admit_new(email, &groups(of_person)), expected, "{of_domains} {of_groups} {email}");
        }
    }

    #[test]
    fn an_account_with_a_password_is_linked_only_where_that_was_not_ruled_out() {
        let mut rules = admission("", "");
        assert_eq!(rules.admit_known("ann@example.org", true), Ok(()));
        rules.links = false;
        assert_eq!(rules.admit_known("ann@example.org", true), Err(NotAdmitted::NotLinked));
        assert_eq!(rules.admit_known("ann@example.org", false), Ok(()), "invited, and nothing to take over");
        rules.domains = domains("example.com").unwrap();
        assert_eq!(rules.admit_known("ann@example.org", false), Err(NotAdmitted::Domain));
    }

    #[test]
    fn groups_give_the_highest_role_and_take_it_back() {
        let rules = Admission {
            admin_groups: list("ops, root"),
            map: group_map("staff=Acme:member, leads=acme:admin, cn=x=globex:owner, all=globex").unwrap(),
            ..Admission::default()
        };
        for (of_person, role, acme, globex) in [
            (&["staff", "leads"][..], Role::Member, Some(MemberRole::Admin), None),
            (&["leads", "staff", "root"], Role::Admin, Some(MemberRole::Admin), None),
            (&["all"], Role::Member, None, Some(MemberRole::Member)),
            (&["all", "cn=x"], Role::Member, None, Some(MemberRole::Owner)),
            (&[], Role::Member, None, None),
        ] {
            let of_person = groups(of_person);
            assert_eq!(rules.role(&of_person), Some(role), "{of_person:?}");
            let expected = BTreeMap::from([("acme", acme), ("globex", globex)]);
            assert_eq!(rules.memberships(&of_person), expected, "{of_person:?}");
        }
        assert_eq!(Admission::default().role(&groups(&["root"])), None);
        assert!(Admission::default().memberships(&groups(&["staff"])).is_empty());
    }

    #[test]
    fn what_is_no_domain_and_no_map_is_named() {
        for wrong in ["@example.org", "https://example.org", "*.example.org", "example.org,*"] {
            assert!(domains(wrong).is_err(), "{wrong}");
        }
        for wrong in ["staff", "staff=", "=acme", "staff=acme:boss", "staff=a b"] {
            let problem = group_map(wrong).unwrap_err();
            assert!(problem.contains(wrong) && problem.contains("staff=acme:member"), "{problem}");
        }
    }
}
