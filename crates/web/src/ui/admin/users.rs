//! `/admin/users`: everybody who has an account, and inviting more.

use app::administration::{self, Invited};
use app::error::Error;
use app::users::Account;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::caller::Role;
use domain::ids::UserId;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use store::users::{UserCounts, UserSearch, UserState};

use super::{Part, counted, grouped, page};
use crate::body::{Form, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, badge, complaint, copyable, empty, icon, time};

/// How many users a page shows.
const PAGE: i64 = 50;

/// The query of `/admin/users`. What is not understood is as if it was not there.
#[derive(Clone, Default, Deserialize)]
pub(super) struct UsersQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

impl UsersQuery {
    fn state(&self) -> Option<UserState> {
        self.state.parse().ok()
    }

    fn is_narrowed(&self) -> bool {
        !self.q.trim().is_empty() || self.state().is_some()
    }

    /// The address of the page after a user, or of the first one.
    fn href(&self, after: Option<UserId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.q.trim().is_empty() {
            query.append_pair("q", self.q.trim());
        }
        if let Some(state) = self.state() {
            query.append_pair("state", state.as_str());
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/admin/users".to_owned() } else { format!("/admin/users?{query}") }
    }
}

#[derive(Deserialize)]
pub(super) struct InvitationForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

pub(super) async fn show_users(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Query(query): Query<UsersQuery>,
) -> Result<Response, Failure> {
    users_page(&shared, &signed_in, &query, None, "", None).await
}

pub(super) async fn invite_user(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Form(form): Form<InvitationForm>,
) -> Result<Response, Failure> {
    let role = form.role.parse().unwrap_or(Role::Member);
    let query = UsersQuery::default();
    match administration::invite(&shared.app, &signed_in.caller, &form.email, role).await {
        Ok(invited) => users_page(&shared, &signed_in, &query, Some(&invited), "", None).await,
        Err(error) if is_for_the_form(&error) => {
            users_page(&shared, &signed_in, &query, None, &form.email, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn users_page(
    shared: &Shared,
    signed_in: &SignedIn,
    query: &UsersQuery,
    invited: Option<&Invited>,
    typed: &str,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let app = &shared.app;
    let after: Option<UserId> = query.after.parse().ok();
    let text = Some(query.q.trim().to_owned()).filter(|text| !text.is_empty());
    let wanted = UserSearch { text, state: query.state(), after, limit: PAGE + 1 };
    let mut users = administration::search(app, &wanted).await?;
    let counts = administration::counts(app).await?;
    let page_rows = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = users.len() > page_rows;
    users.truncate(page_rows);
    let content = html! {
        (complaint(error.map(|error| error.sentence.as_str())))
        @if let Some(invited) = invited { (fresh(invited)) }
        (invitation(typed))
        (search(query, counts))
        div.card.flush #users {
            @if users.is_empty() {
                (empty(Icon::Person, "Nobody is found", &html! { p { @if query.is_narrowed() { a href="/admin/users" { "Show everybody" } } @else { "There is nobody after that." } } }))
            } @else {
                table.list.userlist {
                    thead { tr { th { "User" } th { "Role" } th { "State" } th { "Here since" } th { span.sr { "Actions" } } } }
                    tbody { @for user in &users { (row(user, user.id == signed_in.caller.user)) } }
                }
            }
        }
        @if after.is_some() || has_more {
            nav.row.spread aria-label="Pages of users" {
                @if after.is_some() { a.button.quiet href=(query.href(None)) { "First page" } } @else { span {} }
                @if let Some(last) = users.last().filter(|_| has_more) {
                    a.button.quiet href=(query.href(Some(last.id))) rel="next" { "Next page" (icon(Icon::Right)) }
                }
            }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    Ok(page(status, "Users", signed_in, Part::Users, &content).into_response())
}

fn fresh(invited: &Invited) -> Markup {
    html! {
        section.card.fresh role="status" {
            h2 { "Pass this link on to " (invited.account.email) }
            p { strong { "Copy it now: it is not shown again." } " It works once, within seven days; whoever opens it chooses a password and is in." }
            (copyable(&invited.link, "the invitation"))
        }
    }
}

fn invitation(typed: &str) -> Markup {
    html! {
        section.card aria-labelledby="invite-title" {
            h2 #invite-title { "Invite somebody" }
            form.invite method="post" action="/admin/users" {
                div.field.grow {
                    label for="email" { "E-mail address" }
                    input #email name="email" type="email" value=(typed) maxlength="254" autocomplete="off" required placeholder="somebody@example.org";
                }
                div.field {
                    label for="role" { "Role" }
                    select #role name="role" { option value="member" { "Member" } option value="admin" { "Admin" } }
                }
                button type="submit" { (icon(Icon::Plus)) "Make an invitation" }
            }
            p.small { "No mail is sent: you get a link to pass on. Admins look after users, the server's keys and the audit log; nobody sees the keys of others." }
        }
    }
}

fn search(query: &UsersQuery, counts: UserCounts) -> Markup {
    let state = query.state();
    html! {
        form.filter role="search" method="get" action="/admin/users" {
            div.field.grow {
                label for="q" { "Search" }
                input #q type="search" name="q" value=(query.q) maxlength="100" placeholder="Part of a name or an e-mail address";
            }
            div.field {
                label for="state" { "Show" }
                select #state name="state" {
                    option value="" selected[state.is_none()] { "Everybody (" (grouped(counts.all)) ")" }
                    @for (choice, words, count) in [
                        (UserState::Admin, "Admins", counts.admins),
                        (UserState::Invited, "Invited, not here yet", counts.invited),
                        (UserState::Suspended, "Suspended", counts.suspended),
                    ] {
                        option value=(choice.as_str()) selected[state == Some(choice)] { (words) " (" (grouped(count)) ")" }
                    }
                }
            }
            button.quiet type="submit" { (icon(Icon::Search)) "Search" }
            @if query.is_narrowed() { a.button.quiet href="/admin/users" { "Show " (counted(counts.all, "user", "all users")) } }
        }
    }
}

/// Whether somebody may come in.
pub(super) fn state(user: &Account) -> Markup {
    if !user.is_active {
        badge("red", Icon::Pause, "Suspended")
    } else if user.is_invited() {
        badge("amber", Icon::Clock, "Invited")
    } else {
        badge("green", Icon::Check, "Active")
    }
}

fn row(user: &Account, is_self: bool) -> Markup {
    let page = format!("/admin/users/{}", user.id);
    html! {
        tr {
            td { a.name href=(page) { (user.display_name) } @if is_self { " " span.chip { "you" } } div.small { (user.email) } }
            td data-name="Role" { @if user.role == Role::Admin { span.row.tight { (icon(Icon::Shield)) "Admin" } } @else { "Member" } }
            td { (state(user)) }
            td data-name="Here since" { (time(user.created_at)) }
            td.end { a.button.quiet.little href=(page) aria-label={ "Manage " (user.email) } { "Manage" } }
        }
    }
}
