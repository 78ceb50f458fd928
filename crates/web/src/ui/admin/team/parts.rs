//! The parts of a team's page.

use domain::ids::UserId;
use domain::organization::{MemberRole, Organization, Team, TeamRole};
use maud::{Markup, html};
use store::memberships::Member;

use super::super::organization::{address, suspended};
use super::super::percent::percent_text;
use super::super::{counted, grouped};
use super::ActForm;
use crate::ui::view::{Icon, badge, icon, time};

pub(super) fn head(team: &Team, organization: &Organization, manages: bool) -> Markup {
    let to = address(organization);
    html! {
        nav.back aria-label="Back" {
            @if manages { a href={ (to) "/teams" } { (icon(Icon::Left)) "Teams of " bdi { (organization.name) } } }
            @else { a href="/admin" { (icon(Icon::Left)) "Summary" } }
        }
        div.lead {
            div {
                h2.person { bdi { (team.name) } " " @if team.suspended_at.is_some() { (suspended()) } }
                p { "A team of " bdi { (organization.name) } " · " code { (team.slug) } " · made " (time(team.created_at)) }
            }
        }
        @if organization.suspended_at.is_some() {
            p.notice role="note" { (icon(Icon::Pause)) span { "The whole organization is suspended: no token of this team works." } }
        } @else if team.suspended_at.is_some() {
            p.notice role="note" { (icon(Icon::Pause)) span { "This team is suspended: its tokens do not work." } }
        }
    }
}

pub(super) fn new_token(team: &Team, typed: &ActForm) -> Markup {
    let name = if typed.act == "token" { typed.name.as_str() } else { "" };
    html! {
        section.card aria-labelledby="token-title" {
            h2 #token-title { "Make a token for this team" }
            form.invite method="post" action={ "/admin/teams/" (team.id) } {
                div.field.grow {
                    label for="token-name" { "Name" }
                    input #token-name name="name" type="text" value=(name) maxlength="100" autocomplete="off" required
                        placeholder="What will use it, such as “search backend”";
                }
                div.field {
                    label for="token-until" { "Works until" }
                    select #token-until name="until" {
                        @for (days, words) in [("", "somebody revokes it"), ("7", "7 days from now"), ("30", "30 days from now"), ("90", "90 days from now"), ("365", "a year from now")] {
                            option value=(days) selected[typed.until == days] { (words) }
                        }
                    }
                }
                button type="submit" name="act" value="token" { (icon(Icon::Plus)) "Make token" }
            }
            p.small { "It acts for the team, not for you: it never uses anybody's own keys, and goes on when its maker leaves." }
        }
    }
}

pub(super) fn members(
    team: &Team,
    people: &[Member<TeamRole>],
    others: &[Member<MemberRole>],
    own: UserId,
    manages: bool,
) -> Markup {
    let to = format!("/admin/teams/{}", team.id);
    html! {
        section.card aria-labelledby="members-title" {
            h2 #members-title { "Members" }
            @if people.is_empty() { p.soft { "Nobody yet. Its tokens work all the same." } }
            ul.people {
                @for member in people {
                    li {
                        div.grow { strong { bdi { (member.display_name) } } @if member.user == own { " " span.chip { "you" } } div.small { (member.email) } }
                        (member_forms(&to, member, own, manages))
                    }
                }
            }
            @if !others.is_empty() {
                form.invite method="post" action=(to) {
                    div.field.grow {
                        label for="new-member" { "Take in" }
                        select #new-member name="user" required {
                            option value="" { "A member of the organization…" }
                            @for one in others { option value=(one.user) { (one.display_name) " · " (one.email) } }
                        }
                    }
                    div.field {
                        label for="new-role" { "As" }
                        select #new-role name="role" { option value="member" { "Member" } option value="lead" { "Lead" } }
                    }
                    button.quiet type="submit" name="act" value="member" { (icon(Icon::Plus)) "Take in" }
                }
            }
            p.small { "Leads make and revoke the team's tokens. Whoever is not in the organization is invited there first." }
        }
    }
}

fn member_forms(to: &str, member: &Member<TeamRole>, own: UserId, manages: bool) -> Markup {
    let is_lead = member.role == TeamRole::Lead;
    html! {
        @if manages {
            form.row.tight method="post" action=(to) {
                input type="hidden" name="user" value=(member.user);
                select.short name="role" aria-label={ "Role of " (member.email) } {
                    option value="member" selected[!is_lead] { "Member" }
                    option value="lead" selected[is_lead] { "Lead" }
                }
                button.quiet.little type="submit" name="act" value="member" aria-label={ "Save the role of " (member.email) } { "Save" }
            }
        } @else if is_lead { (badge("blue", Icon::Star, "Lead")) }
        @if manages || !is_lead || member.user == own {
            form method="post" action=(to) {
                input type="hidden" name="user" value=(member.user);
                button.quiet.little.danger type="submit" name="act" value="remove" aria-label={ "Take out " (member.email) } { "Take out" }
            }
        }
    }
}

/// What the team's tokens may name.
pub(super) fn callable(team: &Team) -> Markup {
    let names = team.models.as_deref().unwrap_or_default().join("\n");
    html! {
        section.card aria-labelledby="callable-title" {
            h2 #callable-title { "What it may call" }
            form.form method="post" action={ "/admin/teams/" (team.id) } {
                div.field {
                    label for="models" { "Only these models and aliases (one a line; empty: all)" }
                    textarea #models name="models" rows="4" spellcheck="false" autocomplete="off" { (names) }
                    p.hint { "By the names that clients use. Aliases that are for other teams stay closed to this one." }
                }
                button.quiet type="submit" name="act" value="models" { "Save what it may call" }
            }
        }
    }
}

/// Its names and its mark-up.
pub(super) fn about(team: &Team, organization: &Organization) -> Markup {
    html! {
        section.card aria-labelledby="about-title" {
            h2 #about-title { "Name and mark-up" }
            form.form method="post" action={ "/admin/teams/" (team.id) } {
                div.field { label for="name" { "Name" } input #name name="name" type="text" value=(team.name) maxlength="100" required autocomplete="off"; }
                div.field { label for="slug" { "Slug" } input #slug name="slug" type="text" value=(team.slug) maxlength="64" required autocomplete="off" spellcheck="false"; }
                div.field {
                    label for="markup" { "Mark-up in per cent (empty: the organization's, " (percent_text(organization.rules.markup_basis_points)) " %)" }
                    input #markup.short name="markup" type="text" inputmode="decimal" value=(team.markup_basis_points.map(percent_text).unwrap_or_default()) maxlength="12" autocomplete="off";
                }
                button.quiet type="submit" name="act" value="edit" { "Save" }
            }
        }
    }
}

/// Suspending it and letting it go.
pub(super) fn access(team: &Team, tokens: i64) -> Markup {
    let to = format!("/admin/teams/{}", team.id);
    html! {
        section.card aria-labelledby="access-title" {
            h2 #access-title { "Access" }
            form.stack method="post" action=(to) {
                div.deed {
                    @if team.suspended_at.is_none() {
                        div { strong { "Suspend" } div.small { "Its tokens are refused within two seconds, until you let them work again." } }
                        button.quiet.little.danger type="submit" name="act" value="suspend" { (icon(Icon::Pause)) "Suspend" }
                    } @else {
                        div { strong { "Suspended" } div.small { "Its " (grouped(tokens)) " tokens do not work." } }
                        button.quiet.little type="submit" name="act" value="resume" { (icon(Icon::Check)) "Let it work again" }
                    }
                }
            }
            hr;
            h3 { "Delete" }
            p.soft { @if tokens > 0 { (counted(tokens, "gateway token stops", "gateway tokens stop")) " working for good. " } "Usage and the audit log keep its id." }
            form.stack method="post" action=(to) {
                label.check { input type="checkbox" name="sure" value="yes" required; span { "Yes, delete " strong { bdi { (team.name) } } } }
                div { button.danger type="submit" name="act" value="delete" { (icon(Icon::Bin)) "Delete this team" } }
            }
        }
    }
}
