//! `/setup`, `/login` and `/logout`.

use app::credentials::ShownKey;
use app::error::{Code, Error};
use app::setup::{self, FirstAdmin, Offers};
use app::sign_in;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::Timestamp;
use domain::access::Need;
use domain::secret::Password;
use http::{HeaderValue, Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{Anybody, is_for_the_form, redirect_with_cookie};
use super::oidc;
use super::view::{Icon, Page, Shape, Viewer, clock_time, complaint, field, first_field, icon, with_status};
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

#[derive(Default, Deserialize)]
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
    if query.code.is_empty() && setup::is_needed(&shared.app).await? {
        return Ok(waiting_page(&visitor.viewer).into_response());
    }
    let offers = setup::offers(&shared.app, &query.code).await?;
    let form = SetupForm { code: query.code, ..SetupForm::default() };
    Ok(setup_page(&visitor.viewer, StatusCode::OK, &form, &offers, None).into_response())
}

/// For whoever comes without the link, before anybody has an account.
fn waiting_page(viewer: &Viewer) -> Page {
    let content = card("Ownkey waits to be set up", html! { (how_to_begin()) });
    with_status(StatusCode::FORBIDDEN, "Set up", viewer, content).shaped(Shape::Narrow)
}

fn how_to_begin() -> Markup {
    html! {
        p { "Nobody has an account here yet. Open the set-up link that Ownkey printed to its terminal when it started." }
        p.small { "It works once, within an hour. For a new one, run " code { "ownkey user setup-link" } " on that machine." }
    }
}

fn setup_page(viewer: &Viewer, status: StatusCode, form: &SetupForm, offers: &Offers, problem: Option<&str>) -> Page {
    let content = card(
        "Set up Ownkey",
        html! {
            p { "You will be this server's admin. Keys and chats are kept here; a provider gets only what you send it." }
            (complaint(problem))
            (already_there(offers))
            form.form method="post" action="/setup" {
                input type="hidden" name="code" value=(form.code);
                (first_field("Your name", "name", "text", &form.name, "name"))
                (field("E-mail address", "email", "email", &form.email, "username"))
                (field("Password, at least 8 characters", "password", "password", "", "new-password"))
                button type="submit" { "Create account" }
            }
        },
    );
    with_status(status, "Set up", viewer, content).shaped(Shape::Narrow)
}

/// Keys and local servers that need nothing more to be used.
fn already_there(offers: &Offers) -> Markup {
    html! {
        @if !offers.keys.is_empty() || !offers.servers.is_empty() {
            div.offers {
                strong { "Ready to use" }
                ul {
                    @for key in &offers.keys {
                        li { (key.credential.provider.display_name()) ", from " code { (key.credential.source_text()) } (count(key)) }
                    }
                    @for server in &offers.servers {
                        li { (server.credential.provider.display_name()) ", on this machine" (count(server)) }
                    }
                }
            }
        }
    }
}

fn count(key: &ShownKey) -> String {
    match key.models {
        None | Some(0) => String::new(),
        Some(1) => ": 1 model".to_owned(),
        Some(models) => format!(": {models} models"),
    }
}

async fn complete_setup(
    State(shared): State<Shared>,
    visitor: Anybody,
    Knocking(knocking): Knocking,
    Form(mut form): Form<SetupForm>,
) -> Result<Response, Failure> {
    let admin = FirstAdmin {
        email: form.email.clone(),
        display_name: form.name.clone(),
        password: Password::new(std::mem::take(&mut form.password)),
    };
    match setup::complete(&shared.app, &form.code, admin, &knocking).await {
        Ok(opened) => {
            // The chat asks for a key itself where there is none.
            redirect_with_cookie(&shared, "/", Some(&opened.text))
        }
        Err(error) if is_for_the_form(&error) => {
            let (status, offers) = (problem::status_of(&error), setup::offers(&shared.app, &form.code).await?);
            Ok(setup_page(&visitor.viewer, status, &form, &offers, Some(&error.sentence)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Why somebody is at the log-in.
#[derive(Deserialize)]
struct LoginQuery {
    /// Present after they signed out: `there` when they may still be signed in at
    /// the OpenID provider.
    out: Option<String>,
}

async fn show_login(
    State(shared): State<Shared>,
    visitor: Anybody,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Failure> {
    if visitor.caller.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let needs_setup = setup::is_needed(&shared.app).await?;
    let told = match (needs_setup, query.out.as_deref()) {
        (true, _) => Told::NeedsSetup,
        (false, Some("there")) => Told::SignedOut(oidc_way_out(&shared).await),
        (false, Some(_)) => Told::SignedOut(None),
        (false, None) => Told::Nothing,
    };
    Ok(login_page(&shared, &visitor.viewer, "", &told).into_response())
}

/// Where they sign out at the provider as well, and what people call it.
async fn oidc_way_out(shared: &Shared) -> Option<(String, String)> {
    let name = shared.app.settings.oidc.as_deref()?.name.clone();
    Some((sign_in::oidc::way_out(&shared.app).await?, name))
}

/// What is told above the log-in.
enum Told<'a> {
    Nothing,
    NeedsSetup,
    SignedOut(Option<(String, String)>),
    Refused(&'a Error),
    /// Too many wrong passwords; until then.
    Locked(&'a Error, Timestamp),
}

impl<'a> Told<'a> {
    fn of(error: &'a Error, now: Timestamp) -> Self {
        match (error.code, error.details.retry_after) {
            (Code::TooManyLogins, Some(wait)) => Self::Locked(error, now.plus(wait)),
            _ => Self::Refused(error),
        }
    }

    const fn error(&self) -> Option<&'a Error> {
        match *self {
            Self::Refused(error) | Self::Locked(error, _) => Some(error),
            _ => None,
        }
    }
}

fn login_page(shared: &Shared, viewer: &Viewer, email: &str, told: &Told<'_>) -> Page {
    let status = told.error().map_or(StatusCode::OK, problem::status_of);
    let content = card(
        "Sign in",
        html! {
            @match told {
                Told::NeedsSetup => { (how_to_begin()) }
                Told::SignedOut(way_out) => {
                    div.praise role="status" { (icon(Icon::Check)) div { "You are signed out." } }
                    @if let Some((address, name)) = way_out {
                        p { "At " (name) " you may still be signed in. " a href=(address) { "Sign out at " (name) } }
                    }
                }
                Told::Locked(_, until) => {
                    div.notice role="alert" { (icon(Icon::Clock))
                        div { "Too many wrong passwords, so Ownkey takes no more of them for a quarter of an hour. Try again after "
                            strong.nowrap { time datetime=(until) { (clock_time(*until)) " UTC" } }
                            ", or ask an admin of this server for a reset link." }
                    }
                }
                Told::Refused(error) if error.code == Code::IncorrectLogin => {
                    (complaint(Some(&format!("{}. Try again, or ask an admin of this server for a reset link.", error.sentence))))
                }
                Told::Refused(error) => { (complaint(Some(&error.sentence))) }
                Told::Nothing => {}
            }
            @if !matches!(told, Told::NeedsSetup) {
                @match (oidc::button(shared), shared.app.settings.oidc.as_deref().is_none_or(|oidc| oidc.passwords)) {
                    (None, _) => { (password_form(email, true)) }
                    (Some(button), true) => { (button) (oidc::or()) (password_form(email, false)) }
                    (Some(button), false) => {
                        (button)
                        details.way-back open[told.error().is_some()] {
                            summary { "Sign in with a password" }
                            p.small { "Passwords are switched off here, but for the first admin's." }
                            (password_form(email, false))
                        }
                    }
                }
            }
        },
    );
    with_status(status, "Sign in", viewer, content).shaped(Shape::Narrow)
}

/// `is_all`: there is no other way in, so this is where somebody begins.
fn password_form(email: &str, is_all: bool) -> Markup {
    let begins = |is_first: bool| if is_first && is_all { first_field } else { field };
    html! {
        form.form method="post" action="/login" {
            (begins(email.is_empty())("E-mail address", "email", "email", email, "username"))
            (begins(!email.is_empty())("Password", "password", "password", "", "current-password"))
            button.quiet[!is_all] type="submit" { @if is_all { "Sign in" } @else { "Sign in with the password" } }
        }
    }
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
            let told = Told::of(&error, shared.app.clock.now());
            Ok(login_page(&shared, &visitor.viewer, &form.email, &told).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn log_out(State(shared): State<Shared>, visitor: Anybody) -> Result<Response, Failure> {
    let mut to = "/login?out=1";
    if let Some(caller) = &visitor.caller {
        if sign_in::oidc::is_known_there(&shared.app, caller).await? {
            to = "/login?out=there";
        }
        sign_in::close_session(&shared.app, caller).await?;
    }
    let mut response = redirect_with_cookie(&shared, to, None)?;
    // What was begun and not sent is nobody else's to read. Heeded over https and
    // on this machine; the page's own script does the same elsewhere.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    Ok(response)
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
