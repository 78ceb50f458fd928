//! `/setup`, `/login` and `/logout`.

use app::error::Error;
use app::setup::{self, FirstAdmin};
use app::sign_in;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::secret::Password;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{Anybody, is_for_the_form, redirect_with_cookie};
use super::view::{Page, Shape, Viewer, complaint, field, with_status};
use crate::body::{Form, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use crate::visitor::Knocking;

pub(super) fn doors() -> Vec<Door> {
    let open = Need::Nothing;
    vec![
        quiet_door(Method::GET, "/setup", open, get(show_setup)),
        quiet_door(Method::POST, "/setup", open, post(complete_setup)),
        quiet_door(Method::GET, "/login", open, get(show_login)),
        quiet_door(Method::POST, "/login", open, post(log_in)),
        quiet_door(Method::POST, "/logout", open, post(log_out)),
    ]
}

#[derive(Deserialize)]
struct SetupQuery {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct SetupForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

async fn show_setup(
    State(shared): State<Shared>,
    visitor: Anybody,
    Query(query): Query<SetupQuery>,
) -> Result<Response, Failure> {
    setup::check_code(&shared.app, &query.code).await?;
    Ok(setup_page(&visitor.viewer, StatusCode::OK, &query.code, "", "", None).into_response())
}

fn setup_page(viewer: &Viewer, status: StatusCode, code: &str, name: &str, email: &str, problem: Option<&str>) -> Page {
    let content = card(
        "Set up Ownkey",
        html! {
            p { "You will be this server's admin. Everything stays on this machine." }
            (complaint(problem))
            form.form method="post" action="/setup" {
                input type="hidden" name="code" value=(code);
                (field("Your name", "name", "text", name, "name"))
                (field("E-mail address", "email", "email", email, "email"))
                (field("Password, at least 8 characters", "password", "password", "", "new-password"))
                button type="submit" { "Create account" }
            }
        },
    );
    with_status(status, "Set up", viewer, content).shaped(Shape::Narrow)
}

async fn complete_setup(
    State(shared): State<Shared>,
    visitor: Anybody,
    Knocking(knocking): Knocking,
    Form(form): Form<SetupForm>,
) -> Result<Response, Failure> {
    let admin = FirstAdmin {
        email: form.email.clone(),
        display_name: form.name.clone(),
        password: Password::new(form.password),
    };
    match setup::complete(&shared.app, &form.code, admin, &knocking).await {
        Ok(opened) => redirect_with_cookie(&shared, "/", Some(&opened.text)),
        Err(error) if is_for_the_form(&error) => {
            let status = problem::status_of(&error);
            let page = setup_page(&visitor.viewer, status, &form.code, &form.name, &form.email, Some(&error.sentence));
            Ok(page.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_login(State(shared): State<Shared>, visitor: Anybody) -> Result<Response, Failure> {
    if visitor.caller.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let needs_setup = setup::is_needed(&shared.app).await?;
    Ok(login_page(&visitor.viewer, "", None, needs_setup).into_response())
}

fn login_page(viewer: &Viewer, email: &str, error: Option<&Error>, needs_setup: bool) -> Page {
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let content = card(
        "Sign in",
        html! {
            @if needs_setup {
                p { "Nobody has an account yet. Open the set-up link that Ownkey printed to its terminal." }
            }
            (complaint(error.map(|error| error.sentence.as_str())))
            form.form method="post" action="/login" {
                (field("E-mail address", "email", "email", email, "username"))
                (field("Password", "password", "password", "", "current-password"))
                button type="submit" { "Sign in" }
            }
        },
    );
    with_status(status, "Sign in", viewer, content).shaped(Shape::Narrow)
}

async fn log_in(
    State(shared): State<Shared>,
    visitor: Anybody,
    Knocking(knocking): Knocking,
    Form(form): Form<LoginForm>,
) -> Result<Response, Failure> {
    let password = Password::new(form.password);
    match sign_in::open_web_session(&shared.app, &form.email, password, &knocking).await {
        Ok(opened) => redirect_with_cookie(&shared, "/", Some(&opened.text)),
        Err(error) if is_for_the_form(&error) => {
            Ok(login_page(&visitor.viewer, &form.email, Some(&error), false).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn log_out(State(shared): State<Shared>, visitor: Anybody) -> Result<Response, Failure> {
    if let Some(caller) = &visitor.caller {
        sign_in::close_session(&shared.app, caller).await?;
    }
    redirect_with_cookie(&shared, "/login", None)
}

#[expect(clippy::needless_pass_by_value, reason = "the content is made for this one card")]
fn card(title: &str, content: Markup) -> Markup {
    html! {
        section.card {
            h1 { (title) }
            (content)
        }
    }
}
