//! `/admin` and below: for whoever looks after this server, an organization or a
//! team.

mod alias;
mod aliases;
mod audit;
mod credentials;
mod events;
mod members;
mod organization;
mod organizations;
mod own;
mod percent;
mod prices;
mod reconcile;
mod settings;
mod summary;
mod team;
mod teams;
mod usage;
mod user;
mod users;

use app::error::{Code, Error};
use axum::routing::{get, post};
use domain::Caller;
use domain::access::Need;
use domain::organization::{MemberRole, Membership, TeamRole};
use http::{Method, StatusCode};
use maud::{Markup, html};

use super::forms::SignedIn;
use super::view::{Page, Place, Shape, with_status};
use crate::router::{Door, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::ManageUsers;
    let mut doors = vec![
        quiet_door(Method::GET, "/admin/users", need, get(users::show_users)),
        quiet_door(Method::POST, "/admin/users", need, post(users::invite_user)),
        quiet_door(Method::GET, "/admin/users/{id}", need, get(user::show_user)),
        quiet_door(Method::POST, "/admin/users/{id}", need, post(user::act_on_user)),
        quiet_door(Method::GET, "/admin/usage", need, get(usage::show_usage)),
        quiet_door(Method::GET, "/admin/usage/reconcile", need, get(reconcile::show_reconcile)),
        quiet_door(Method::POST, "/admin/usage/reconcile", need, post(reconcile::reconcile)),
        quiet_door(Method::POST, "/admin/audit/verify", need, post(audit::verify_audit)),
        quiet_door(Method::GET, "/admin/system-keys", need, get(credentials::show_system_keys)),
        quiet_door(Method::POST, "/admin/system-keys", need, post(credentials::add_system_key)),
    ];
    doors.extend(of_organizations());
    doors.extend(prices::doors());
    doors
}

/// For whoever looks after an organization or a team; each page says whose.
fn of_organizations() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/admin", need, get(own::show_landing)),
        quiet_door(Method::GET, "/admin/organizations", need, get(organizations::show_organizations)),
        quiet_door(Method::POST, "/admin/organizations", need, post(organizations::make_organization)),
        quiet_door(Method::GET, "/admin/organizations/{id}", need, get(organization::show_organization)),
        quiet_door(Method::POST, "/admin/organizations/{id}", need, post(organization::act_on_organization)),
        quiet_door(Method::GET, "/admin/organizations/{id}/settings", need, get(settings::show_settings)),
        quiet_door(Method::POST, "/admin/organizations/{id}/settings", need, post(settings::save_settings)),
        quiet_door(Method::GET, "/admin/organizations/{id}/members", need, get(members::show_members)),
        quiet_door(Method::POST, "/admin/organizations/{id}/members", need, post(members::act_on_members)),
        quiet_door(Method::GET, "/admin/organizations/{id}/teams", need, get(teams::show_teams)),
        quiet_door(Method::POST, "/admin/organizations/{id}/teams", need, post(teams::make_team)),
        quiet_door(Method::GET, "/admin/teams/{id}", need, get(team::show_team)),
        quiet_door(Method::POST, "/admin/teams/{id}", need, post(team::act_on_team)),
        quiet_door(Method::GET, "/admin/provider-credentials", need, get(credentials::show_credentials)),
        quiet_door(Method::POST, "/admin/provider-credentials", need, post(credentials::add_credential)),
        quiet_door(Method::GET, "/admin/audit", need, get(audit::show_audit)),
        quiet_door(Method::GET, "/admin/aliases", need, get(aliases::show_aliases)),
        quiet_door(Method::POST, "/admin/aliases", need, post(alias::make_alias)),
        quiet_door(Method::GET, "/admin/aliases/{id}", need, get(alias::show_alias)),
        quiet_door(Method::POST, "/admin/aliases/{id}", need, post(alias::act_on_alias)),
    ]
}

/// The organizations that somebody is owner or admin of.
fn looked_after(caller: &Caller) -> impl Iterator<Item = &Membership> {
    caller.belonging.organizations.iter().filter(|place| place.role >= MemberRole::Admin)
}

/// Whether somebody who is no admin of the server finds anything here.
pub(super) fn has_rooms(caller: &Caller) -> bool {
    let leads = caller.belonging.teams.iter().any(|place| place.role == TeamRole::Lead);
    leads || looked_after(caller).next().is_some()
}

/// Whether there is an audit log that somebody may read.
pub(super) fn reads_audit(caller: &Caller) -> bool {
    let_in(caller).is_ok()
}

/// Passes for admins of the server, and for whoever looks after an organization.
fn let_in(caller: &Caller) -> Result<(), Error> {
    if caller.is_admin() || looked_after(caller).next().is_some() {
        return Ok(());
    }
    Err(kept_out())
}

fn kept_out() -> Error {
    Error::new(Code::Forbidden, "Only an admin of this server can do this. Ask one of them.")
}

/// A part of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Summary,
    Organizations,
    Credentials,
    SystemKeys,
    Aliases,
    Prices,
    Usage,
    Users,
    Audit,
}

impl Part {
    const ALL: [Self; 9] = [
        Self::Summary,
        Self::Organizations,
        Self::Credentials,
        Self::SystemKeys,
        Self::Aliases,
        Self::Prices,
        Self::Usage,
        Self::Users,
        Self::Audit,
    ];

    const fn facts(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("/admin", "Summary"),
            Self::Organizations => ("/admin/organizations", "Organizations"),
            Self::Credentials => ("/admin/provider-credentials", "Provider credentials"),
            Self::SystemKeys => ("/admin/system-keys", "System keys"),
            Self::Aliases => ("/admin/aliases", "Aliases"),
            Self::Prices => ("/admin/prices", "Prices"),
            Self::Usage => ("/admin/usage", "Usage"),
            Self::Users => ("/admin/users", "Users"),
            Self::Audit => ("/admin/audit", "Audit log"),
        }
    }

    /// Whether this part is there for the caller.
    fn is_for(self, caller: &Caller) -> bool {
        match self {
            Self::Summary => true,
            Self::Organizations | Self::Credentials | Self::Aliases | Self::Audit => let_in(caller).is_ok(),
            Self::SystemKeys | Self::Prices | Self::Usage | Self::Users => caller.is_admin(),
        }
    }
}

/// A page of the administration.
fn page(status: StatusCode, title: &str, signed_in: &SignedIn, part: Part, content: &Markup) -> Page {
    let caller = &signed_in.caller;
    let (name, words) = if caller.is_admin() {
        ("Administration", "Who may come in, whose keys pay for all, and what was changed by whom.")
    } else {
        ("Organization", "Its people and teams, the keys that pay for their calls, and the names they call models by.")
    };
    let framed = html! {
        div.lead { div { h1 { (name) } p { (words) } } }
        nav.tabs aria-label=(name) {
            @for other in Part::ALL.into_iter().filter(|part| part.is_for(caller)) {
                @let (to, name) = other.facts();
                a href=(to) aria-current=[(other == part).then_some("page")] { (name) }
            }
        }
        (content)
    };
    with_status(status, title, &signed_in.viewer, framed).at(Place::Admin).shaped(Shape::Wide)
}

/// `1 key`, `2 keys`.
fn counted(number: i64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { more })
}

/// `12,345`
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_counted() {
        for (number, text) in
            [(0, "0 keys"), (1, "1 key"), (999, "999 keys"), (1_000, "1,000 keys"), (-12_345, "-12,345 keys")]
        {
            assert_eq!(counted(number, "key", "keys"), text);
        }
    }
}
