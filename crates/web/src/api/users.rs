//! `/v2/users/me`: one's own account.

use std::sync::Arc;

use app::App;
use app::error::Code;
use app::users::{self, Account, AccountEdit};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use domain::Caller;
use domain::access::Need;
use domain::ids::CredentialId;
use domain::resolve::Fallback;
use domain::secret::Password;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::paging::List;
use crate::auth::Authenticated;
use crate::body::{self, Json};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use crate::visitor::Knocking;

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/users/me",
            Need::OwnAccount,
            get(get_me),
            says("users", "Your account").gives::<Me>(200, "The account"),
        ),
        door(
            Method::PATCH,
            "/v2/users/me",
            Need::OwnAccount,
            patch(edit_me),
            says("users", "Change your name or preferences")
                .takes::<MeEdit>()
                .example(json!({"display_name": "Ann", "preferences": {"fallback": "strict"}}))
                .gives::<Me>(200, "The account")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/users/me/change-password",
            Need::SignedIn,
            post(change_password),
            says("users", "Change your password; your other sessions end")
                .takes::<PasswordChange>()
                .example(json!({"current_password": "correct horse battery", "new_password": "another good one"}))
                .gives_other(204, "Changed")
                .refuses(&[Code::IncorrectLogin, Code::TooManyLogins]),
        ),
        door(
            Method::GET,
            "/v2/users/me/identities",
            Need::OwnAccount,
            get(list_identities),
            says("users", "Who you are at OpenID providers")
                .gives_list::<List<IdentityView>, IdentityView>(200, "The linked accounts"),
        ),
        door(
            Method::POST,
            "/v2/users/me/identities/unlink",
            Need::SignedIn,
            post(unlink_identity),
            says("users", "Unlink an account elsewhere; from then on only your password lets you in")
                .at_length("Needs your password, and that passwords count. Your other sessions end. Whoever signs in there with your verified address is linked anew, where the operator allows that.")
                .takes::<Unlinking>()
                .example(json!({"issuer": "https://login.example.org", "password": "correct horse battery"}))
                .gives_other(204, "Unlinked")
                .refuses(&[Code::IncorrectLogin, Code::TooManyLogins, Code::NotFound, Code::Conflict]),
        ),
    ]
}

/// A user, as they see themselves.
#[derive(Serialize, ToSchema)]
struct Me {
    id: String,
    email: String,
    display_name: String,
    #[schema(pattern = "@role")]
    role: &'static str,
    is_active: bool,
    organizations: Vec<Membership>,
    /// The one you act in.
    organization_id: Option<String>,
    preferences: MyPreferences,
    created_at: String,
}

#[derive(Serialize, ToSchema)]
struct Membership {
    id: String,
    slug: String,
    name: String,
    /// Your role in it.
    #[schema(pattern = "@member-role")]
    role: &'static str,
    /// Whether nothing works in it.
    suspended: bool,
}

#[derive(Serialize, ToSchema)]
struct MyPreferences {
    /// How far calls go for a key: `cross`, `chain` or `strict`; `null`: not said, which means `chain`.
    #[schema(pattern = "@fallback")]
    fallback: Option<&'static str>,
    /// The key chosen to chat with.
    #[schema(format = "uuid")]
    chat_credential_id: Option<String>,
    /// The organization acted in unless a request says otherwise; `null`: the only one, if there is but one.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
}

impl Me {
    fn of(account: Account, caller: &Caller) -> Self {
        let membership = |own: &domain::organization::Membership| Membership {
            id: own.organization.to_string(),
            slug: own.slug.clone(),
            name: own.name.clone(),
            role: own.role.as_str(),
            suspended: own.is_suspended,
        };
        Self {
            id: account.id.to_string(),
            email: account.email,
            display_name: account.display_name,
            role: account.role.as_str(),
            is_active: account.is_active,
            organizations: caller.belonging.organizations.iter().map(membership).collect(),
            organization_id: caller.organization.map(|id| id.to_string()),
            preferences: MyPreferences {
                fallback: account.preferences.fallback.map(Fallback::as_str),
                chat_credential_id: account.preferences.chat_credential_id.map(|id| id.to_string()),
                organization_id: account.preferences.organization.map(|id| id.to_string()),
            },
            created_at: account.created_at.to_string(),
        }
    }
}

/// What may change; absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeEdit {
    /// Another name.
    #[schema(max_length = 100, pattern = "@line")]
    display_name: Option<String>,
    /// Other preferences.
    #[serde(default, deserialize_with = "body::object")]
    preferences: Option<PreferencesEdit>,
}

#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
struct PreferencesEdit {
    /// How far calls go for a key: `cross`, `chain` or `strict`; `null` takes it back.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(pattern = "@fallback")]
    fallback: Option<Option<String>>,
    /// The key to chat with; `null`: none in particular.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(format = "uuid")]
    chat_credential_id: Option<Option<String>>,
    /// The organization to act in unless a request says otherwise; `null`: none in particular.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(format = "uuid")]
    organization_id: Option<Option<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    current_password: String,
    #[schema(min_length = 8, max_length = 1000)]
    new_password: String,
}

/// Who somebody is at an OpenID provider.
#[derive(Serialize, ToSchema)]
struct IdentityView {
    /// The provider, by its own address.
    issuer: String,
    /// The address that it named last.
    email: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// When they last signed in with it.
    #[schema(format = "date-time")]
    last_seen_at: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Unlinking {
    /// The provider, by its own address.
    issuer: String,
    password: String,
}

async fn list_identities(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Failure> {
    let identities = users::identities(&app, &caller).await?;
    let view = |identity: store::identities::Identity| IdentityView {
        issuer: identity.issuer,
        email: identity.email,
        created_at: identity.created_at.to_string(),
        last_seen_at: identity.last_seen_at.to_string(),
    };
    let data: Vec<IdentityView> = identities.into_iter().map(view).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn unlink_identity(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Knocking(visitor): Knocking,
    Json(body): Json<Unlinking>,
) -> Result<Response, Failure> {
    users::unlink(&app, &caller, &body.issuer, Password::new(body.password), &visitor).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn get_me(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let account = users::me(&app, &caller).await?;
    Ok(axum::Json(Me::of(account, &caller)).into_response())
}

async fn edit_me(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(edit): Json<MeEdit>,
) -> Result<Response, Failure> {
    let preferences = edit.preferences.unwrap_or_default();
    let fallback = preferences
        .fallback
        .map(|text| super::word::<Fallback>("preferences.fallback", text.as_deref()))
        .transpose()?;
    let credential = |text: String| text.parse::<CredentialId>().map_err(|_| app::Error::not_found("provider key"));
    let chat_credential = preferences.chat_credential_id.map(|id| id.map(credential).transpose()).transpose()?;
    let organization = |text: String| text.parse().map_err(|_| app::Error::not_found("organization"));
    let organization = preferences.organization_id.map(|id| id.map(organization).transpose()).transpose()?;
    let edit = AccountEdit { display_name: edit.display_name, fallback, chat_credential, organization };
    let account = users::edit_me(&app, &caller, edit).await?;
    Ok(axum::Json(Me::of(account, &caller)).into_response())
}

async fn change_password(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Knocking(visitor): Knocking,
    Json(change): Json<PasswordChange>,
) -> Result<Response, Failure> {
    let current = Password::new(change.current_password);
    let new = Password::new(change.new_password);
    users::change_password(&app, &caller, current, new, &visitor).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
