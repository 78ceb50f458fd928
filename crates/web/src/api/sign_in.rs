//! `/v2/login/access-token` and signing out.

use std::sync::Arc;

use app::{App, Code, sign_in};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::access::Need;
use domain::secret::Password;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::Form;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use crate::visitor::Knocking;

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::POST,
            "/v2/login/access-token",
            Need::Nothing,
            post(create_access_token),
            says("sign-in", "Exchange e-mail and password for an access token of eight hours")
                .takes_form::<LoginForm>()
                .example(json!({"username": "ann@example.org", "password": "correct horse battery"}))
                .gives::<AccessToken>(200, "The token")
                .refuses(&[Code::IncorrectLogin, Code::TooManyLogins, Code::Forbidden]),
        ),
        door(
            Method::GET,
            "/v2/login/ways",
            Need::Nothing,
            get(list_ways),
            says("sign-in", "How people sign in here").gives::<Ways>(200, "Passwords, and the OpenID provider"),
        ),
        door(
            Method::POST,
            "/v2/logout",
            Need::OwnAccount,
            post(log_out),
            says("sign-in", "End this session").gives_other(204, "Ended"),
        ),
    ]
}

/// The form of OAuth2's password grant; other fields of it are taken and not used.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginForm {
    /// The e-mail address.
    username: String,
    /// The password.
    password: String,
}

#[derive(Serialize, ToSchema)]
struct AccessToken {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(pattern = "^(bearer)$")]
    token_type: &'static str,
    expires_at: String,
}

/// How people sign in here.
#[derive(Serialize, ToSchema)]
struct Ways {
    /// Whether passwords count; where not, the first admin's still does.
    password: bool,
    /// The OpenID provider that people sign in through.
    oidc: Option<Elsewhere>,
}

#[derive(Serialize, ToSchema)]
struct Elsewhere {
    /// What people call it.
    name: String,
    /// The address it calls itself.
    issuer: String,
    /// Where a browser begins.
    url: String,
    /// Where a browser signs out there as well; `null`: it names no such page, or
    /// does not answer.
    sign_out_url: Option<String>,
}

async fn list_ways(State(app): State<Arc<App>>) -> Response {
    let oidc = app.settings.oidc.as_deref();
    let sign_out_url = sign_in::oidc::way_out(&app).await;
    let elsewhere = oidc.map(|oidc| Elsewhere {
        sign_out_url,
        name: oidc.name.clone(),
        issuer: oidc.issuer.clone(),
        url: format!("{}/login/oidc", app.settings.public_url),
    });
    axum::Json(Ways { password: oidc.is_none_or(|oidc| oidc.passwords), oidc: elsewhere }).into_response()
}

async fn create_access_token(
    State(app): State<Arc<App>>,
    Knocking(visitor): Knocking,
    Form(form): Form<LoginForm>,
) -> Result<Response, Failure> {
    let password = Password::new(form.password);
    let opened = sign_in::open_access_token(&app, &form.username, password, &visitor).await?;
    let body =
        AccessToken { access_token: opened.text, token_type: "bearer", expires_at: opened.expires_at.to_string() };
    Ok(axum::Json(body).into_response())
}

async fn log_out(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    sign_in::close_session(&app, &caller).await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}
