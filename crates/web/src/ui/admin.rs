//! `/admin` and below: for whoever looks after this server.

mod audit;
mod events;
mod prices;
mod reconcile;
mod summary;
mod usage;
mod user;
mod users;

use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use http::{Method, StatusCode};
use maud::{Markup, html};

use super::forms::SignedIn;
use super::view::{Page, Place, with_status};
use crate::router::{Door, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::ManageUsers;
    let mut doors = vec![
        quiet_door(Method::GET, "/admin", need, get(summary::show_summary)),
        quiet_door(Method::GET, "/admin/users", need, get(users::show_users)),
        quiet_door(Method::POST, "/admin/users", need, post(users::invite_user)),
        quiet_door(Method::GET, "/admin/users/{id}", need, get(user::show_user)),
        quiet_door(Method::POST, "/admin/users/{id}", need, post(user::act_on_user)),
        quiet_door(Method::GET, "/admin/system-keys", need, get(show_system_keys)),
        quiet_door(Method::GET, "/admin/usage", need, get(usage::show_usage)),
        quiet_door(Method::GET, "/admin/usage/reconcile", need, get(reconcile::show_reconcile)),
        quiet_door(Method::POST, "/admin/usage/reconcile", need, post(reconcile::reconcile)),
        quiet_door(Method::GET, "/admin/audit", need, get(audit::show_audit)),
        quiet_door(Method::POST, "/admin/audit/verify", need, post(audit::verify_audit)),
    ];
    doors.extend(prices::doors());
    doors
}

/// The server's keys are where all keys are.
async fn show_system_keys() -> Response {
    Redirect::to("/keys?scope=system").into_response()
}

/// A part of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Summary,
    Users,
    SystemKeys,
    Prices,
    Usage,
    Audit,
}

impl Part {
    const ALL: [Self; 6] = [Self::Summary, Self::Users, Self::SystemKeys, Self::Prices, Self::Usage, Self::Audit];

    const fn facts(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("/admin", "Summary"),
            Self::Users => ("/admin/users", "Users"),
            Self::SystemKeys => ("/admin/system-keys", "System keys"),
            Self::Prices => ("/admin/prices", "Prices"),
            Self::Usage => ("/admin/usage", "Usage"),
            Self::Audit => ("/admin/audit", "Audit log"),
        }
    }
}

/// A page of the administration.
fn page(status: StatusCode, title: &str, signed_in: &SignedIn, part: Part, content: &Markup) -> Page {
    let framed = html! {
        div.lead { div { h1 { "Administration" } p { "Who may come in, whose keys pay for all, and what was changed by whom." } } }
        nav.tabs aria-label="Administration" {
            @for other in Part::ALL {
                @let (to, name) = other.facts();
                a href=(to) aria-current=[(other == part).then_some("page")] { (name) }
            }
        }
        (content)
    };
    with_status(status, title, &signed_in.viewer, framed).at(Place::Admin)
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
