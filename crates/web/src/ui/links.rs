//! `/invite/{code}` and `/reset/{code}`: choosing a password by a one-time link,
//! and joining an organization by one.

use app::administration;
use app::error::{Code, Error};
use app::organizations::invitations::{self, Offered};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::secret::Password;
use http::{Method, StatusCode};
use maud::html;
use serde::Deserialize;
use store::setup_codes::Purpose;

use super::forms::{Anybody, is_for_the_form, redirect_with_cookie};
use super::oidc;
use super::view::{Page, Shape, Viewer, complaint, field, first_field, with_status};
use crate::body::{Form, Id};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::visitor::Knocking;

pub(super) fn doors() -> Vec<Door> {
    let open = Need::Nothing;
    vec![
        quiet_door(Method::GET, "/invite/{code}", open, get(show_invitation)),
        quiet_door(Method::POST, "/invite/{code}", open, post(accept_invitation)),
        quiet_door(Method::GET, "/reset/{code}", open, get(show_reset)),
        quiet_door(Method::POST, "/reset/{code}", open, post(reset_password)),
    ]
}

#[derive(Deserialize)]
struct PasswordForm {
    name: Option<String>,
    #[serde(default)]
    password: String,
}

async fn show_invitation(
    State(shared): State<Shared>,
    visitor: Anybody,
    Id(code): Id<String>,
) -> Result<Response, Failure> {
    match offered(&shared, &code).await? {
        Some(offered) => Ok(joining_page(&visitor, StatusCode::OK, &offered, "", None).into_response()),
        None => show(&shared, &visitor, &code, Purpose::Invite).await,
    }
}

/// What the code of an organization's invitation offers; `None`: it is none.
async fn offered(shared: &Shared, code: &str) -> Result<Option<Offered>, Error> {
    match invitations::offered(&shared.app, code).await {
        Ok(offered) => Ok(Some(offered)),
        Err(error) if error.code == Code::SetupLinkInvalid => Ok(None),
        Err(error) => Err(error),
    }
}

async fn show_reset(State(shared): State<Shared>, visitor: Anybody, Id(code): Id<String>) -> Result<Response, Failure> {
    show(&shared, &visitor, &code, Purpose::Reset).await
}

async fn accept_invitation(
    State(shared): State<Shared>,
    visitor: Anybody,
    knocking: Knocking,
    Id(code): Id<String>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Failure> {
    match offered(&shared, &code).await? {
        Some(offered) => join(&shared, &visitor, knocking, &code, &offered, form).await,
        None => choose(&shared, &visitor, knocking, &code, Purpose::Invite, form).await,
    }
}

/// Whoever is signed in joins as they are; whoever is new makes an account.
async fn join(
    shared: &Shared,
    visitor: &Anybody,
    Knocking(knocking): Knocking,
    code: &str,
    offered: &Offered,
    form: PasswordForm,
) -> Result<Response, Failure> {
    if let Some(caller) = &visitor.caller {
        invitations::join(&shared.app, caller, code).await?;
        return Ok(Redirect::to("/").into_response());
    }
    let name = form.name.clone().unwrap_or_default();
    let password = Password::new(form.password);
    match invitations::join_as_new(&shared.app, code, form.name.as_deref(), password, &knocking).await {
        Ok(opened) => redirect_with_cookie(shared, "/", Some(&opened.text)),
        Err(error) if is_for_the_form(&error) => {
            let status = problem::status_of(&error);
            Ok(joining_page(visitor, status, offered, &name, Some(&error.sentence)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn reset_password(
    State(shared): State<Shared>,
    visitor: Anybody,
    knocking: Knocking,
    Id(code): Id<String>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Failure> {
    choose(&shared, &visitor, knocking, &code, Purpose::Reset, PasswordForm { name: None, ..form }).await
}

async fn show(shared: &Shared, visitor: &Anybody, code: &str, purpose: Purpose) -> Result<Response, Failure> {
    let email = administration::check_link(&shared.app, code, purpose).await?;
    let asked = Asked { purpose, email: &email, name: "", problem: None };
    Ok(password_page(shared, &visitor.viewer, StatusCode::OK, &asked).into_response())
}

async fn choose(
    shared: &Shared,
    visitor: &Anybody,
    Knocking(knocking): Knocking,
    code: &str,
    purpose: Purpose,
    form: PasswordForm,
) -> Result<Response, Failure> {
    let password = Password::new(form.password);
    let used = administration::use_link(&shared.app, code, purpose, form.name.as_deref(), password, &knocking).await;
    match used {
        Ok(opened) => redirect_with_cookie(shared, "/", Some(&opened.text)),
        Err(error) if is_for_the_form(&error) => {
            let email = administration::check_link(&shared.app, code, purpose).await?;
            let name = form.name.unwrap_or_default();
            let asked = Asked { purpose, email: &email, name: &name, problem: Some(&error.sentence) };
            Ok(password_page(shared, &visitor.viewer, problem::status_of(&error), &asked).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What somebody is invited to, and what it takes: nothing more of whoever is
/// signed in, an account of whoever is new.
fn joining_page(visitor: &Anybody, status: StatusCode, offered: &Offered, name: &str, problem: Option<&str>) -> Page {
    let email = &offered.invitation.email;
    let content = html! {
        section.card {
            h1 { "Join " (offered.organization.name) }
            p { "You are invited as " strong { (offered.invitation.role) } "." }
            (complaint(problem))
            @if let Some(person) = &visitor.viewer.person {
                p.small { "Signed in as " strong { (person.email) } }
                form.form method="post" { button type="submit" { "Join " (offered.organization.name) } }
            } @else if offered.has_account {
                p { strong { (email) } " has an account here. Sign in, then open this link again." }
                p { a.button href="/login" { "Sign in" } }
            } @else {
                p.small { "For " strong { (email) } }
                form.form method="post" {
                    input type="text" name="username" value=(email) autocomplete="username" hidden;
                    (first_field("Your name", "name", "text", name, "name"))
                    (field("Password, at least 8 characters", "password", "password", "", "new-password"))
                    button type="submit" { "Make an account and join" }
                }
            }
        }
    };
    with_status(status, "Join an organization", &visitor.viewer, content).shaped(Shape::Narrow)
}

/// What a link's page asks, of whom, and what was wrong before.
struct Asked<'a> {
    purpose: Purpose,
    email: &'a str,
    name: &'a str,
    problem: Option<&'a str>,
}

/// The form posts to its own address, so that the code stays out of the page.
fn password_page(shared: &Shared, viewer: &Viewer, status: StatusCode, asked: &Asked<'_>) -> Page {
    let is_new = asked.purpose == Purpose::Invite;
    let title = if is_new { "Welcome to Ownkey" } else { "Choose a new password" };
    let label = "Password, at least 8 characters";
    let content = html! {
        section.card {
            h1 { (title) }
            p { @if is_new { "Choose a name and a password, and you are in." } @else { "Every other session of yours ends." } }
            p.small { "For " strong { (asked.email) } }
            (complaint(asked.problem))
            @if let Some(button) = oidc::button(shared).filter(|_| is_new) { (button) (oidc::or()) }
            form.form method="post" {
                input type="text" name="username" value=(asked.email) autocomplete="username" hidden;
                @if is_new {
                    (first_field("Your name", "name", "text", asked.name, "name"))
                    (field(label, "password", "password", "", "new-password"))
                } @else {
                    (first_field(label, "password", "password", "", "new-password"))
                }
                button type="submit" { "Save and sign in" }
            }
        }
    };
    with_status(status, title, viewer, content).shaped(Shape::Narrow)
}
