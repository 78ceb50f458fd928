//! The events of the audit log, in words.

mod budgets;
mod organizations;

use app::audit::{Labels, member};
use domain::Timestamp;
use domain::provider::ProviderId;
use maud::{Markup, html};
use serde_json::Value;
use store::audit::AuditRow;

use crate::ui::view::time;

/// Every action by its stable name, and what it is called, in groups.
pub(super) const ACTIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "Users",
        &[
            ("user.created", "User made"),
            ("user.invited", "User invited"),
            ("user.invitation_accepted", "Invitation accepted"),
            ("user.updated", "Account edited"),
            ("user.password_changed", "Password changed"),
            ("user.identity_linked", "Account linked"),
            ("user.identity_unlinked", "Account unlinked"),
            ("user.reset_link_created", "Password link made"),
            ("user.role_changed", "Role changed"),
            ("user.deactivated", "User suspended"),
            ("user.activated", "User let in again"),
            ("user.deleted", "User deleted"),
            ("setup.link_created", "Set-up link made"),
        ],
    ),
    ("Sessions", &[("session.created", "Signed in"), ("session.ended", "Session ended")]),
    (
        "Gateway tokens",
        &[
            ("token.created", "Token made"),
            ("token.updated", "Token edited"),
            ("token.rotated", "Token rotated"),
            ("token.revoked", "Token revoked"),
        ],
    ),
    (
        "Budgets",
        &[("budget.created", "Budget set"), ("budget.updated", "Budget edited"), ("budget.deleted", "Budget lifted")],
    ),
    (
        "Provider keys",
        &[
            ("credential.created", "Key saved"),
            ("credential.updated", "Key edited"),
            ("credential.secret_replaced", "Secret replaced"),
            ("credential.rotated", "Key rotated"),
            ("credential.grace_ended", "Former secret destroyed"),
            ("credential.activated", "Key switched on"),
            ("credential.deactivated", "Key switched off"),
            ("credential.made_primary", "Key made primary"),
            ("credential.deleted", "Key deleted"),
            ("credential.revealed", "Key copied"),
            ("credential.reveal_refused", "Copying refused"),
            ("credential.checked", "Key checked"),
            ("credential.tried", "Abilities tried"),
            ("credential.origin_moved", "Key sealed to another origin"),
            ("credential.exported", "Keys exported"),
            ("spread.set", "Spread of calls settled"),
            ("integrity.violation", "Key does not open"),
        ],
    ),
    (
        "Models",
        &[
            ("alias.created", "Alias made"),
            ("alias.updated", "Alias edited"),
            ("alias.deleted", "Alias deleted"),
            ("model.registered", "Model registered"),
            ("model.updated", "Model edited"),
            ("model.unregistered", "Model taken out"),
            ("price.set", "Price set"),
            ("price.withdrawn", "Price withdrawn"),
            ("prices.imported", "Prices imported"),
            ("library.pull_started", "Model fetched"),
            ("library.delete_asked", "Model thrown away"),
        ],
    ),
    (
        "Organizations",
        &[
            ("organization.created", "Organization made"),
            ("organization.updated", "Organization edited"),
            ("organization.suspended", "Organization suspended"),
            ("organization.resumed", "Organization let work again"),
            ("organization.deleted", "Organization deleted"),
            ("member.set", "Member or role set"),
            ("member.removed", "Member removed"),
            ("invitation.created", "Invitation made"),
            ("invitation.revoked", "Invitation revoked"),
            ("invitation.used", "Invitation used"),
            ("team.created", "Team made"),
            ("team.updated", "Team edited"),
            ("team.suspended", "Team suspended"),
            ("team.resumed", "Team let work again"),
            ("team.deleted", "Team deleted"),
            ("team_member.set", "Team member set"),
            ("team_member.removed", "Team member removed"),
        ],
    ),
    (
        "Master keys",
        &[
            ("keyring.rewrap_started", "Sealing anew begun"),
            ("keyring.rewrap_finished", "Sealing anew done"),
            ("keyring.key_retired", "Master key retired"),
        ],
    ),
    ("Webhook", &[("webhook.secret_rotated", "Signing secret replaced")]),
];

/// One event: a line that opens to all that was written down. The ways on stay in
/// the log of `organization`.
pub(super) fn event(row: &AuditRow, labels: &Labels, organization: &str) -> Markup {
    let named = form_urlencoded::byte_serialize(organization.trim().as_bytes()).collect::<String>();
    let log = if named.is_empty() { "/admin/audit?".to_owned() } else { format!("/admin/audit?organization={named}&") };
    html! {
        details.event id={ "event-" (row.seq) } {
            summary {
                span.when { (time(row.at)) }
                span.who { (actor(row, labels)) }
                span.what { (words(row, labels)) }
            }
            dl.facts {
                dt { "Event" } dd { (row.seq) ", " code { (row.action) } ", " (row.at) }
                @if let Some(target) = &row.target {
                    dt { "On" } dd { (row.target_kind) " " a href={ (log) "target=" (target) } { code { (target) } } }
                }
                @if let Some(id) = row.actor { dt { "By" } dd { a href={ (log) "who=" (id) } { code { (id) } } @if row.actor_kind == "cli" { ", at the command line" } } }
                @if let Some(token) = row.token { dt { "With the token" } dd { (labels.tokens.get(&token).map_or("that is gone", String::as_str)) " " code { (token) } } }
                @if let Some(address) = &row.address { dt { "From" } dd { code { (address) } } }
                dt { "As written" } dd { code { (row.detail) } }
            }
        }
    }
}

/// Who did it.
fn actor(row: &AuditRow, labels: &Labels) -> Markup {
    let name =
        row.actor.map(|id| labels.users.get(&id).cloned().flatten().unwrap_or_else(|| "a deleted user".to_owned()));
    html! {
        @match (row.actor_kind.as_str(), name) {
            ("cli", None) => "command line",
            ("cli", Some(name)) => { (name) span.chip title="At the command line" { "CLI" } }
            (_, Some(name)) => { (name) @if row.token.is_some() { span.chip { "token" } } }
            (_, None) => "the server",
        }
    }
}

/// What an event's own fields say.
struct Fields(Value);

impl Fields {
    fn of(row: &AuditRow) -> Self {
        Self(serde_json::from_str(&row.detail).unwrap_or_default())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or("?")
    }

    fn number(&self, name: &str) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    fn list(&self, name: &str) -> String {
        let list = self.0.get(name).and_then(Value::as_array);
        let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        words.join(", ").replace('_', " ")
    }

    fn provider(&self) -> &str {
        let name = self.text("provider");
        match name.parse::<ProviderId>() {
            Ok(provider) => provider.display_name(),
            Err(_) => name,
        }
    }

    /// Whose it is.
    fn scope(&self) -> &'static str {
        if self.text("scope") == "system" { " for everybody" } else { "" }
    }
}

/// What happened, said of its actor.
fn words(row: &AuditRow, labels: &Labels) -> Markup {
    let fields = Fields::of(row);
    let on = |before: &str, after: &str| html! { (before) " " (target(row, labels)) (after) };
    match row.action.as_str() {
        "user.created" => html! { "made " (target(row, labels)) ", " (fields.text("role")) },
        "user.invited" => html! { "invited " (target(row, labels)) " as " (fields.text("role")) },
        "user.invitation_accepted" => on("invitation accepted by", ""),
        "user.updated" => html! { "changed the " (fields.list("fields")) " of " (target(row, labels)) },
        "user.password_changed" => on("changed the password of", ""),
        "user.identity_linked" => {
            html! { "linked " (target(row, labels)) " to who signs in at " (fields.text("issuer")) }
        }
        "user.identity_unlinked" => {
            html! { "unlinked " (target(row, labels)) " from who signs in at " (fields.text("issuer")) }
        }
        "user.reset_link_created" => on("made a password link for", ""),
        "user.role_changed" => html! { "made " (target(row, labels)) " " strong { (fields.text("role")) } },
        "user.deactivated" => on("suspended", ""),
        "user.activated" => on("let in again", ""),
        "user.deleted" => html! { "deleted a user and what was theirs" },
        "setup.link_created" => html! { "made a set-up link" },
        "session.created" => signed_in(row, labels),
        "session.ended" => html! { "ended a session" },
        "token.created" => html! { "made the token " (target(row, labels)) " for: " (fields.list("scopes")) },
        "token.updated" => html! { "changed the " (fields.list("fields")) " of the token " (target(row, labels)) },
        "token.rotated" => on("rotated the token", ""),
        "token.revoked" => on("revoked the token", ""),
        "spread.set" => {
            html! { "settled how calls are spread over " (fields.provider()) " keys: " (fields.text("spread")) }
        }
        "alias.created" => {
            html! { "made the alias " strong { (fields.text("name")) } " for " (fields.list("targets")) }
        }
        "alias.updated" => {
            html! { "changed the alias " strong { (fields.text("name")) } ": " (fields.list("targets")) }
        }
        "alias.deleted" => html! { "deleted the alias " strong { (fields.text("name")) } },
        "model.registered" => html! { "registered the model " strong { (fields.text("name")) } (fields.scope()) },
        "model.updated" => {
            html! { "changed the " (fields.list("fields")) " of the model " strong { (fields.text("name")) } }
        }
        "model.unregistered" => html! { "took the model " strong { (fields.text("name")) } " out" },
        "price.set" => html! { "set the price of " (fields.provider()) " " strong { (fields.text("model")) } },
        "price.withdrawn" => {
            html! { "withdrew a price of " (fields.provider()) " " strong { (fields.text("model")) } }
        }
        "prices.imported" => html! {
            "took " (fields.number("added")) " new and " (fields.number("changed")) " changed prices from " (fields.text("source"))
        },
        "library.pull_started" => html! { "had " strong { (fields.text("model")) } " fetched" },
        "library.delete_asked" => html! { "had " strong { (fields.text("model")) } " thrown away" },
        "credential.exported" => {
            html! { "exported " (fields.number("credentials")) " keys" @if fields.0["with_secrets"] == true { ", with their secrets" } }
        }
        "keyring.rewrap_started" => html! { "began to seal " (fields.number("rows")) " secrets anew" },
        "keyring.rewrap_finished" => {
            html! { "sealed " (fields.number("rewrapped")) " secrets anew" @if fields.number("unopened") > 0 { "; " (fields.number("unopened")) " did not open" } }
        }
        "keyring.key_retired" => html! { "retired the master key " code { (fields.text("key")) } },
        "webhook.secret_rotated" => html! { "replaced what the webhook is signed with" },
        action if action.starts_with("budget.") => budgets::words(row, labels, &fields),
        action if is_of_organizations(action) => organizations::words(row, labels, &fields),
        _ => of_key(row, labels, &fields),
    }
}

/// Whether an action is about organizations, teams, members or invitations.
fn is_of_organizations(action: &str) -> bool {
    ["organization.", "member.", "invitation.", "team.", "team_member."].iter().any(|kind| action.starts_with(kind))
}

/// Who signed in, where it is not who did it.
fn signed_in(row: &AuditRow, labels: &Labels) -> Markup {
    let user = member(row, "user").and_then(|id| id.parse().ok()).filter(|user| row.actor != Some(*user));
    let name = user.and_then(|user| labels.users.get(&user).cloned().flatten());
    html! { @if let Some(name) = name { strong { (name) } " " } "signed in" }
}

/// What happened to a provider key.
fn of_key(row: &AuditRow, labels: &Labels, fields: &Fields) -> Markup {
    let key = target(row, labels);
    match row.action.as_str() {
        "credential.created" => html! { "saved the " (fields.provider()) " key " (key) (fields.scope()) },
        "credential.updated" => html! { "changed the " (fields.list("fields")) " of the key " (key) },
        "credential.secret_replaced" => html! { "replaced the secret of the key " (key) },
        "credential.rotated" => html! {
            "rotated the key " (key)
            @if let Some(until) = fields.0["former_until"].as_i64() { "; the former secret works until " (time(Timestamp::from_micros(until))) }
        },
        "credential.grace_ended" => html! { "destroyed the former secret " (key) },
        "credential.activated" => html! { "switched the key " (key) " on" },
        "credential.deactivated" => html! { "switched the key " (key) " off" },
        "credential.made_primary" => html! { "made the key " (key) " the primary one" },
        "credential.deleted" => html! { "deleted the key " (key) },
        "credential.revealed" => html! { "copied the key " (key) },
        "credential.reveal_refused" => html! { "was refused a copy of the key " (key) ": wrong password" },
        "credential.checked" => html! { "checked the key " (key) ": " (fields.text("status").replace('_', " ")) },
        "credential.tried" => html! { "tried what the key " (key) " can do, by " (fields.number("calls")) " calls" },
        "credential.origin_moved" => html! { "sealed the key " (key) " to " (fields.text("to")) },
        "integrity.violation" => html! { "found that the key " (key) " does not open" },
        // A name of a later version: better than nothing.
        other => html! { code { (other) } " " (key) },
    }
}

/// What was acted on, by the name it has for the reader. Of somebody else's key
/// no name is told.
fn target(row: &AuditRow, labels: &Labels) -> Markup {
    let Some(id) = row.target.as_deref() else { return html! {} };
    let mut mask = "";
    let name = match row.target_kind.as_str() {
        "user" => id.parse().ok().and_then(|id| labels.users.get(&id).cloned().flatten()),
        "token" => id.parse().ok().and_then(|id| labels.tokens.get(&id).map(|name| format!("“{name}”"))),
        "credential" => {
            let label = id.parse().ok().and_then(|id| labels.keys.get(&id));
            label.map(|key| {
                mask = &key.masked;
                format!("“{}”", key.name)
            })
        }
        "organization" => id.parse().ok().and_then(|id| labels.organizations.get(&id).cloned()),
        "team" => id.parse().ok().and_then(|id| labels.teams.get(&id).cloned()),
        _ => None,
    };
    let nameless = match row.target_kind.as_str() {
        "user" => "a deleted user",
        "credential" => "of a user",
        _ => "that is gone",
    };
    html! {
        @match name {
            Some(name) => { strong { (name) } @if !mask.is_empty() { " " span.soft { (mask) } } }
            None => (nameless),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::AuditId;

    use super::*;

    fn row(action: &str, kind: &str, detail: &str) -> AuditRow {
        AuditRow {
            seq: 1,
            id: AuditId(uuid::Uuid::nil()),
            at: Timestamp::from_seconds(0),
            actor_kind: "system".to_owned(),
            actor: None,
            token: None,
            address: None,
            action: action.to_owned(),
            target_kind: kind.to_owned(),
            target: Some("0198f7e0-0000-7000-8000-000000000000".to_owned()),
            detail: detail.to_owned(),
            organization: None,
        }
    }

    #[test]
    fn an_event_is_told_in_words_and_a_hostile_name_is_only_text() {
        let told = |action, kind, detail| words(&row(action, kind, detail), &Labels::default()).into_string();
        assert_eq!(told("user.invited", "user", r#"{"role":"member"}"#), "invited a deleted user as member");
        let saved = told("credential.created", "credential", r#"{"provider":"openai","scope":"system"}"#);
        assert_eq!(saved, "saved the OpenAI key of a user for everybody");
        let alias = told("alias.deleted", "alias", r#"{"name":"<script>alert(1)</script>"}"#);
        assert!(alias.contains("&lt;script&gt;") && !alias.contains("<script>"), "{alias}");
        let budget =
            told("budget.created", "budget", r#"{"owner_kind":"team","owner":"x","period":"month","limit":5}"#);
        assert_eq!(budget, "set a budget of $5 a month for the team that is gone");
        assert!(told("later.invented", "thing", "no json").contains("later.invented"));
    }

    #[test]
    fn every_action_to_choose_is_told_in_words_of_its_own() {
        for (action, _) in ACTIONS.iter().flat_map(|(_, actions)| *actions) {
            let told = words(&row(action, "credential", "{}"), &Labels::default()).into_string();
            assert!(!told.contains(action), "{action}: {told}");
        }
    }
}
