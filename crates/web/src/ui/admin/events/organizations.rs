//! Events of organizations, teams, members and invitations, in words.

use app::audit::{Labels, member};
use maud::{Markup, html};
use store::audit::AuditRow;

use super::{Fields, target};

/// What happened, said of its actor.
pub(super) fn words(row: &AuditRow, labels: &Labels, fields: &Fields) -> Markup {
    let it = target(row, labels);
    let who = user(row, labels);
    let here = organization(row, labels);
    match row.action.as_str() {
        "organization.created" => html! { "made the organization " (it) },
        "organization.updated" => html! { "changed the " (fields.list("fields")) " of the organization " (it) },
        "organization.suspended" => html! { "suspended the organization " (it) },
        "organization.resumed" => html! { "let the organization " (it) " work again" },
        "organization.deleted" => html! { "deleted the organization " (it) " and what was its own" },
        "member.set" => html! { "made " (who) " " strong { (fields.text("role")) } " of " (it) },
        "member.removed" => html! { "removed " (who) " from " (it) },
        "invitation.created" => html! { "made an invitation into " (here) " as " (fields.text("role")) },
        "invitation.revoked" => html! { "revoked an invitation into " (here) },
        "invitation.used" => html! { (who) " came into " (here) " by an invitation" },
        "team.created" => html! { "made the team " (it) " of " (here) },
        "team.updated" => html! { "changed the " (fields.list("fields")) " of the team " (it) },
        "team.suspended" => html! { "suspended the team " (it) },
        "team.resumed" => html! { "let the team " (it) " work again" },
        "team.deleted" => html! { "deleted the team " (it) },
        "team_member.set" => html! { "made " (who) " " strong { (fields.text("role")) } " of the team " (it) },
        "team_member.removed" => html! { "took " (who) " out of the team " (it) },
        // A name of a later version: better than nothing.
        other => html! { code { (other) } " " (it) },
    }
}

/// The user whom it is about, beside its target.
fn user(row: &AuditRow, labels: &Labels) -> Markup {
    let name =
        member(row, "user").and_then(|id| id.parse().ok()).and_then(|id| labels.users.get(&id).cloned().flatten());
    html! { @match name { Some(name) => strong { (name) }, None => "a deleted user" } }
}

/// The organization that it happened in, beside its target.
fn organization(row: &AuditRow, labels: &Labels) -> Markup {
    let id = member(row, "organization").and_then(|id| id.parse().ok());
    let name = id.and_then(|id| labels.organizations.get(&id).cloned());
    html! { @match name { Some(name) => strong { (name) }, None => "an organization that is gone" } }
}
