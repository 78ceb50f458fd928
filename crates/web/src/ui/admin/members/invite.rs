//! Inviting somebody into an organization, and the invitations that wait.

use app::organizations::invitations::Invited;
use domain::Timestamp;
use domain::organization::{Invitation, MemberRole, Team};
use maud::{Markup, html};

use super::super::counted;
use super::super::organization::role_badge;
use super::{Filled, roles};
use crate::ui::view::{Icon, badge, copyable, icon, time};

/// For how many days a link may work.
const DAYS: [(&str, &str); 4] = [("1", "a day"), ("3", "three days"), ("7", "a week"), ("30", "30 days")];

/// A link that was made just now.
pub(super) fn fresh(invited: &Invited, now: Timestamp) -> Markup {
    let days = i64::try_from(invited.invitation.expires_at.since(now).as_secs().div_ceil(86_400)).unwrap_or(0);
    html! {
        section.card.fresh role="status" {
            h2 { "Pass this link on to " (invited.invitation.email) }
            p { strong { "Copy it now: it is not shown again." } " It works once, within " (counted(days, "day", "days"))
                ". Whoever has an account here signs in and joins; whoever is new makes one with it." }
            (copyable(&invited.link, "the invitation"))
        }
    }
}

pub(super) fn invitation(to: &str, filled: &Filled, teams: &[Team], may_own: bool) -> Markup {
    let role = filled.role.parse().unwrap_or(MemberRole::Member);
    let days = if filled.days.is_empty() { "7" } else { &filled.days };
    html! {
        section.card aria-labelledby="invite-title" {
            h2 #invite-title { "Invite somebody" }
            form method="post" action=(to) {
                div.invite {
                    div.field.grow {
                        label for="email" { "E-mail address" }
                        input #email name="email" type="email" value=(filled.email) maxlength="254" autocomplete="off" required placeholder="somebody@example.org";
                    }
                    div.field { label for="role" { "Role" } select #role name="role" { (roles(role, may_own)) } }
                    div.field {
                        label for="days" { "Works for" }
                        select #days name="days" { @for (value, words) in DAYS { option value=(value) selected[value == days] { (words) } } }
                    }
                    button type="submit" name="act" value="invite" { (icon(Icon::Plus)) "Make an invitation" }
                }
                @if !teams.is_empty() {
                    fieldset {
                        legend { "Into these teams " span.soft { "(optional)" } }
                        div.ticklist {
                            @for team in teams {
                                label.check {
                                    input type="checkbox" name="team" value=(team.id) checked[filled.teams.contains(&team.id.to_string())];
                                    span { bdi { (team.name) } }
                                }
                            }
                        }
                    }
                }
            }
            p.small { "No mail is sent: you get a link to pass on. Admins look after keys, teams and members; owners also say who else is an owner." }
        }
    }
}

/// Invitations that nobody used or took back.
pub(super) fn open(to: &str, waiting: &[Invitation], count: i64, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="open-title" {
            h2 #open-title { "Open invitations" }
            div.card.flush {
                table.list.userlist {
                    thead { tr { th { "For" } th { "Role" } th { "Works until" } th { "Made" } th { span.sr { "Actions" } } } }
                    tbody { @for one in waiting { (row(to, one, now)) } }
                }
            }
            @if count > i64::try_from(waiting.len()).unwrap_or(0) { p.small { "The latest of " (count) "." } }
        }
    }
}

fn row(to: &str, one: &Invitation, now: Timestamp) -> Markup {
    let teams = i64::try_from(one.teams.len()).unwrap_or(0);
    html! {
        tr {
            td { strong { (one.email) } @if teams > 0 { div.small { "into " (counted(teams, "team", "teams")) } } }
            td data-name="Role" { (role_badge(one.role)) }
            td data-name="Works until" { @if one.is_open(now) { (time(one.expires_at)) } @else { (badge("grey", Icon::Clock, "Too old")) } }
            td data-name="Made" { (time(one.created_at)) }
            td.end {
                form method="post" action=(to) {
                    input type="hidden" name="invitation" value=(one.id);
                    button.quiet.little.danger type="submit" name="act" value="revoke" aria-label={ "Revoke the invitation of " (one.email) } { "Revoke" }
                }
            }
        }
    }
}
