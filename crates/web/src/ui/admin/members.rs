//! `/admin/organizations/{id}/members`: who belongs to it and as what, and
//! inviting more.

mod invite;

use app::error::Error;
use app::organizations::invitations::{self, Invited, NewInvitation};
use app::organizations::{self, members};
use app::teams;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Caller;
use domain::ids::{InvitationId, TeamId, UserId};
use domain::organization::{MemberRole, Organization};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use store::memberships::Member;

use self::invite::{fresh, invitation, open};
use super::organization::{Room, address, framed, role_badge};
use super::{counted, kept_out};
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, badge, complaint, icon, time};

/// How many members a page shows.
const PAGE: i64 = 50;

/// The teams that an invitation offers.
const TEAMS: i64 = 100;

#[derive(Default, Deserialize)]
pub(super) struct MembersQuery {
    #[serde(default)]
    skip: String,
    /// Somebody who may be about to go.
    #[serde(default)]
    remove: String,
}

/// What a form on this page holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    act: String,
    user: String,
    invitation: String,
    email: String,
    role: String,
    days: String,
    teams: Vec<String>,
}

impl Filled {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "act" => filled.act = value,
                "user" => filled.user = value,
                "invitation" => filled.invitation = value,
                "email" => filled.email = value,
                "role" => filled.role = value,
                "days" => filled.days = value,
                "team" => filled.teams.push(value),
                _ => {}
            }
        }
        filled
    }

    fn role(&self) -> Result<MemberRole, Error> {
        self.role.parse().map_err(|problem: String| Error::invalid("role", problem))
    }

    fn user(&self) -> Result<UserId, Error> {
        self.user.parse().map_err(|_| Error::not_found("member"))
    }

    fn invited(&self) -> Result<NewInvitation, Error> {
        let teams: Result<Vec<TeamId>, _> = self.teams.iter().map(|id| id.parse()).collect();
        Ok(NewInvitation {
            email: self.email.clone(),
            role: self.role()?,
            teams: teams.map_err(|_| Error::not_found("team"))?,
            days: self.days.parse().ok(),
        })
    }
}

/// What is told above the members.
#[derive(Default)]
struct Said<'a> {
    invited: Option<&'a Invited>,
    error: Option<&'a Error>,
    filled: Filled,
    skip: i64,
    leaving: Option<UserId>,
}

pub(super) async fn show_members(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Query(query): Query<MembersQuery>,
) -> Result<Response, Failure> {
    let skip = query.skip.parse().unwrap_or(0).clamp(0, 1_000_000);
    let said = Said { skip, leaving: query.remove.parse().ok(), ..Said::default() };
    members_page(&shared, &signed_in, &named, said).await
}

pub(super) async fn act_on_members(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(named): Id<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let filled = Filled::of(fields);
    match act(&shared, &signed_in.caller, &named, &filled).await {
        Ok(Some(invited)) => {
            let said = Said { invited: Some(&invited), ..Said::default() };
            members_page(&shared, &signed_in, &named, said).await
        }
        Ok(None) if signed_in.caller.user.to_string() == filled.user && filled.act == "remove" => {
            Ok(Redirect::to("/").into_response())
        }
        Ok(None) => Ok(Redirect::to(&format!("/admin/organizations/{named}/members")).into_response()),
        Err(error) if is_for_the_form(&error) => {
            let said = Said { error: Some(&error), filled, ..Said::default() };
            members_page(&shared, &signed_in, &named, said).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn act(shared: &Shared, caller: &Caller, named: &str, filled: &Filled) -> Result<Option<Invited>, Error> {
    let app = &shared.app;
    match filled.act.as_str() {
        "invite" => return invitations::create(app, caller, named, filled.invited()?).await.map(Some),
        "revoke" => {
            let id: InvitationId = filled.invitation.parse().map_err(|_| Error::not_found("invitation"))?;
            invitations::revoke(app, caller, named, id).await?;
        }
        "role" => members::set(app, caller, named, filled.user()?, filled.role()?).await.map(drop)?,
        "remove" => members::remove(app, caller, named, filled.user()?).await?,
        _ => return Err(Error::invalid("act", "is nothing that can be done with members")),
    }
    Ok(None)
}

async fn members_page(shared: &Shared, signed_in: &SignedIn, named: &str, said: Said<'_>) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let organization = organizations::find_to_manage(app, caller, named).await?;
    let (found, count) = members::list(app, caller, named, said.skip, PAGE).await?;
    let (waiting, waiting_count) = invitations::list(app, caller, named, 0, PAGE).await?;
    let (of_organization, _) = teams::list(app, caller, Some(named), 0, TEAMS).await?;
    let to = format!("{}/members", address(&organization));
    let leaving = said.leaving.and_then(|id| found.iter().find(|member| member.user == id));
    let may_own =
        caller.is_admin() || caller.membership(organization.id).is_some_and(|own| own.role == MemberRole::Owner);
    let now = app.clock.now();
    let content = html! {
        (complaint(said.error.map(|error| error.sentence.as_str())))
        @if let Some(invited) = said.invited { (fresh(invited, now)) }
        @if let Some(member) = leaving { (removal(shared, caller, &organization, member, &to).await?) }
        div.card.flush #members {
            table.list.userlist {
                thead { tr { th { "Member" } th { "Role" } th { "Since" } th { span.sr { "Actions" } } } }
                tbody { @for member in &found { (row(caller, member, &to, may_own)) } }
            }
        }
        (pages(&to, said.skip, count))
        (invitation(&to, &said.filled, &of_organization, may_own))
        @if !waiting.is_empty() { (open(&to, &waiting, waiting_count, now)) }
    };
    let status = said.error.map_or(StatusCode::OK, problem::status_of);
    Ok(framed(status, signed_in, &organization, Room::Members, &content).into_response())
}

fn row(caller: &Caller, member: &Member<MemberRole>, to: &str, may_own: bool) -> Markup {
    let is_self = member.user == caller.user;
    let may_change = may_own || member.role != MemberRole::Owner;
    html! {
        tr {
            td {
                strong { bdi { (member.display_name) } } @if is_self { " " span.chip { "you" } }
                @if !member.is_active { " " (badge("red", Icon::Pause, "Suspended")) }
                div.small { (member.email) }
            }
            td data-name="Role" {
                @if may_change {
                    form.row.tight method="post" action=(to) {
                        input type="hidden" name="user" value=(member.user);
                        select.short name="role" aria-label={ "Role of " (member.email) } { (roles(member.role, may_own)) }
                        button.quiet.little type="submit" name="act" value="role" aria-label={ "Save the role of " (member.email) } { "Save" }
                    }
                } @else { (role_badge(member.role)) }
            }
            td data-name="Since" { (time(member.created_at)) }
            td.end {
                @if may_change || is_self {
                    a.button.quiet.little.danger href={ (to) "?remove=" (member.user) } aria-label={ (if is_self { "Leave" } else { "Remove" }) " " (member.email) } {
                        @if is_self { "Leave" } @else { "Remove" }
                    }
                }
            }
        }
    }
}

/// The roles that may be given.
fn roles(chosen: MemberRole, may_own: bool) -> Markup {
    html! {
        @for (role, words) in [(MemberRole::Member, "Member"), (MemberRole::Admin, "Admin"), (MemberRole::Owner, "Owner")] {
            @if may_own || role != MemberRole::Owner { option value=(role) selected[role == chosen] { (words) } }
        }
    }
}

/// What goes when somebody leaves, asked once more.
async fn removal(
    shared: &Shared,
    caller: &Caller,
    organization: &Organization,
    member: &Member<MemberRole>,
    to: &str,
) -> Result<Markup, Failure> {
    if !caller.looks_after(organization.id) {
        return Err(kept_out().into());
    }
    let places = store::memberships::of_user(&shared.app.store, member.user).await.map_err(Error::from)?;
    let teams = places.teams.iter().filter(|place| place.organization == organization.id).count();
    let teams = i64::try_from(teams).unwrap_or(i64::MAX);
    let is_self = member.user == caller.user;
    Ok(html! {
        section.card.sure #remove aria-labelledby="remove-title" {
            h2 #remove-title { @if is_self { "Leave " bdi { (organization.name) } "?" } @else { "Remove " bdi { (member.display_name) } "?" } }
            ul.goes {
                li { "Calls for the organization end within two seconds; its keys, aliases and teams are out of sight." }
                @if teams > 0 { li { (counted(teams, "team loses a member", "teams lose a member")) ". Gateway tokens of teams go on: they are the teams'." } }
                li { "The account, its own keys, chats and tokens stay." }
            }
            form.actions method="post" action=(to) {
                input type="hidden" name="user" value=(member.user);
                button.danger.sure type="submit" name="act" value="remove" { (icon(Icon::Leave)) @if is_self { "Leave" } @else { "Remove " (member.email) } }
                a.button.quiet href=(to) { "Cancel" }
            }
        }
    })
}

fn pages(to: &str, skip: i64, count: i64) -> Markup {
    html! {
        @if skip > 0 || skip + PAGE < count {
            nav.row.spread aria-label="Pages of members" {
                @if skip > 0 { a.button.quiet href={ (to) "?skip=" ((skip - PAGE).max(0)) } { (icon(Icon::Left)) "Before" } } @else { span {} }
                span.small { (counted(count, "member", "members")) }
                @if skip + PAGE < count { a.button.quiet href={ (to) "?skip=" (skip + PAGE) } rel="next" { "Next page" (icon(Icon::Right)) } } @else { span {} }
            }
        }
    }
}
