//! `/admin/users/{id}`: one user: role, in or out, a link for a new password,
//! and letting them go.

use app::administration::{self, UserEdit};
use app::budgets;
use app::error::{Code, Error};
use app::users::Account;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::caller::Role;
use domain::ids::UserId;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use store::users::Belongings;

use super::users::state;
use super::{Part, counted, page};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::budgets::{Words, card};
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::view::{Icon, complaint, copyable, icon, time};

/// About a user's budgets.
const BUDGETS: Words<'static> = Words {
    title: "Budgets",
    none: "None: their calls are bounded by the budgets of their organizations and of their gateway tokens.",
    not_yours: "",
};

/// One thing to do with a user.
#[derive(Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    act: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    sure: String,
}

/// What is told above a user.
enum Said<'a> {
    Nothing,
    Link(&'a str),
    Done(&'a str),
    Refused(&'a Error),
}

pub(super) async fn show_user(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<UserId>,
) -> Result<Response, Failure> {
    user_page(&shared, &signed_in, id, Said::Nothing).await
}

pub(super) async fn act_on_user(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<UserId>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    match act(&shared, &signed_in, id, &form).await {
        Ok(Outcome::Back) => Ok(Redirect::to(&format!("/admin/users/{id}")).into_response()),
        Ok(Outcome::Gone) => Ok(Redirect::to("/admin/users").into_response()),
        Ok(Outcome::Link(link)) => user_page(&shared, &signed_in, id, Said::Link(&link)).await,
        Ok(Outcome::Done(words)) => user_page(&shared, &signed_in, id, Said::Done(&words)).await,
        Err(error) if is_for_the_form(&error) => user_page(&shared, &signed_in, id, Said::Refused(&error)).await,
        Err(error) => Err(error.into()),
    }
}

enum Outcome {
    Back,
    Gone,
    Link(String),
    Done(String),
}

async fn act(shared: &Shared, signed_in: &SignedIn, id: UserId, form: &ActForm) -> Result<Outcome, Error> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let edit = match form.act.as_str() {
        "role" => {
            let role = form.role.parse().map_err(|problem: String| Error::invalid("role", problem))?;
            UserEdit { role: Some(role), is_active: None }
        }
        "suspend" => UserEdit { role: None, is_active: Some(false) },
        "activate" => UserEdit { role: None, is_active: Some(true) },
        "link" => return Ok(Outcome::Link(administration::reset_link(app, caller, id).await?)),
        "sessions" => {
            let ended = administration::end_sessions(app, caller, id).await?;
            let ended = i64::try_from(ended).unwrap_or(i64::MAX);
            return Ok(Outcome::Done(format!("{} ended.", counted(ended, "session", "sessions"))));
        }
        "delete" if form.sure.is_empty() => {
            return Err(Error::new(
                Code::InvalidRequest,
                "Nothing was deleted: the box below was not ticked. Tick it if you are sure.",
            )
            .of_field("sure"));
        }
        "delete" => {
            administration::delete(app, caller, id).await?;
            return Ok(Outcome::Gone);
        }
        _ => return Err(Error::invalid("act", "is nothing that can be done with a user")),
    };
    administration::edit(app, caller, id, edit).await?;
    Ok(Outcome::Back)
}

async fn user_page(shared: &Shared, signed_in: &SignedIn, id: UserId, said: Said<'_>) -> Result<Response, Failure> {
    let user = administration::get(&shared.app, id).await?;
    let things = administration::belongings(&shared.app, id).await?;
    let panel = budgets::panel(&shared.app, &signed_in.caller, id.into()).await?;
    let is_self = id == signed_in.caller.user;
    let mut status = StatusCode::OK;
    let told = match said {
        Said::Nothing => html! {},
        Said::Link(link) => fresh(&user, link),
        Said::Done(words) => html! { p.praise role="status" { (icon(Icon::Check)) span { (words) } } },
        Said::Refused(error) => {
            status = problem::status_of(error);
            complaint(Some(&error.sentence))
        }
    };
    let content = html! {
        nav.back aria-label="Back" { a href="/admin/users" { (icon(Icon::Left)) "Users" } }
        div.lead {
            div {
                h2.person { (user.display_name) " " (state(&user)) @if is_self { " " span.chip { "you" } } }
                p { (user.email) " · here since " (time(user.created_at)) }
            }
            div.actions {
                a.button.quiet.little href={ "/admin/audit?who=" (id) } { "What they did" }
                a.button.quiet.little href={ "/admin/audit?target=" (id) } { "What was done to them" }
            }
        }
        (told)
        div.halves {
            div { (role(&user, is_self)) @if !is_self { (delete(&user, things)) } }
            (access(&user, things, is_self))
        }
        (card(&panel, &BUDGETS))
    };
    Ok(page(status, &user.display_name, signed_in, Part::Users, &content).into_response())
}

fn fresh(user: &Account, link: &str) -> Markup {
    html! {
        section.card.fresh role="status" {
            h2 { "Pass this link on to " (user.email) }
            p { strong { "Copy it now: it is not shown again." } " It works once, within an hour. Every session of theirs ends when they use it, and keys saved before are not shown to them again." }
            (copyable(link, "the link"))
        }
    }
}

fn role(user: &Account, is_self: bool) -> Markup {
    html! {
        section.card aria-labelledby="role-title" {
            h2 #role-title { "Role" }
            p.soft { "Admins look after users, the server's keys and the audit log. Nobody, admins neither, sees anybody else's keys." }
            form.row method="post" {
                select.short name="role" aria-label="Role" {
                    @for (role, words) in [(Role::Member, "Member"), (Role::Admin, "Admin")] {
                        option value=(role.as_str()) selected[user.role == role] { (words) }
                    }
                }
                button.quiet type="submit" name="act" value="role" { "Save role" }
            }
            @if is_self { p.small { "This is you: as a member you could not come back here." } }
        }
    }
}

fn access(user: &Account, things: Belongings, is_self: bool) -> Markup {
    html! {
        section.card aria-labelledby="access-title" {
            h2 #access-title { "Access" }
            form.stack method="post" {
                div.deed {
                    div { strong { "Password" } div.small { "A one-time link by which " @if user.has_password { "they choose another" } @else if user.has_identity { "they choose one, beside signing in elsewhere" } @else { "they choose their first, where the invitation is lost or too old" } "." } }
                    button.quiet.little type="submit" name="act" value="link" { (icon(Icon::Key)) "Make a link" }
                }
                div.deed {
                    div { strong { "Sessions" } div.small { @if things.sessions == 0 { "None is open." } @else { (counted(things.sessions, "session is", "sessions are")) " open. Gateway tokens go on." } } }
                    @if things.sessions > 0 { button.quiet.little type="submit" name="act" value="sessions" { (icon(Icon::Leave)) "Sign out everywhere" } }
                }
                @if !is_self {
                    div.deed {
                        @if user.is_active {
                            div { strong { "Suspend" } div.small { "Out within two seconds: sessions end and gateway tokens stop. Keys and chats stay." } }
                            button.quiet.little.danger type="submit" name="act" value="suspend" { (icon(Icon::Pause)) "Suspend" }
                        } @else {
                            div { strong { "Suspended" } div.small { "They cannot sign in, and their gateway tokens do not work." } }
                            button.quiet.little type="submit" name="act" value="activate" { (icon(Icon::Check)) "Let in again" }
                        }
                    }
                }
            }
        }
    }
}

fn delete(user: &Account, things: Belongings) -> Markup {
    html! {
        section.card aria-labelledby="delete-title" {
            h2 #delete-title { "Delete" }
            p.soft { "Goes for good, at once:" }
            ul.goes {
                @if things.keys > 0 { li { (counted(things.keys, "provider key", "provider keys")) ", destroyed" } }
                @if things.tokens > 0 { li { (counted(things.tokens, "gateway token", "gateway tokens")) ", revoked" } }
                @if things.conversations > 0 { li { (counted(things.conversations, "chat", "chats")) ", erased" } }
                li { "name and e-mail address; usage and the audit log keep a bare id" }
            }
            form.stack method="post" {
                label.check { input type="checkbox" name="sure" value="yes" required; span { "Yes, delete " strong { (user.email) } } }
                div { button.danger type="submit" name="act" value="delete" { (icon(Icon::Bin)) "Delete this user" } }
            }
        }
    }
}
