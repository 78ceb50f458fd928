//! Events of budgets, in words.

use app::audit::{Labels, member};
use maud::{Markup, html};
use store::audit::AuditRow;

use super::Fields;

/// What happened, said of its actor.
pub(super) fn words(row: &AuditRow, labels: &Labels, fields: &Fields) -> Markup {
    let dollars = fields.0.get("limit").map(ToString::to_string).unwrap_or_default();
    match row.action.as_str() {
        "budget.created" => {
            let each = match fields.text("period") {
                "total" => "in all".to_owned(),
                period => format!("a {period}"),
            };
            html! { "set a budget of $" (dollars) " " (each) " for " (whose(row, labels, fields)) }
        }
        "budget.updated" => {
            html! { "changed the " (fields.list("fields")) " of a budget" (of(row, labels, fields)) ", now $" (dollars) }
        }
        _ => html! { "lifted a budget" (of(row, labels, fields)) },
    }
}

/// Whose it is; events of former versions do not say.
fn of(row: &AuditRow, labels: &Labels, fields: &Fields) -> Markup {
    html! { @if member(row, "owner").is_some() { " of " (whose(row, labels, fields)) } }
}

fn whose(row: &AuditRow, labels: &Labels, fields: &Fields) -> Markup {
    let id = member(row, "owner").unwrap_or_default();
    let kind = fields.text("owner_kind");
    let name = match kind {
        "user" => id.parse().ok().and_then(|id| labels.users.get(&id).cloned().flatten()),
        "token" => id.parse().ok().and_then(|id| labels.tokens.get(&id).map(|name| format!("“{name}”"))),
        "team" => id.parse().ok().and_then(|id| labels.teams.get(&id).cloned()),
        _ => id.parse().ok().and_then(|id| labels.organizations.get(&id).cloned()),
    };
    html! { "the " (kind) " " @match name { Some(name) => strong { (name) }, None => "that is gone" } }
}
