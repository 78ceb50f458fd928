//! `/v2/users`: looking after users, for admins.

use std::sync::Arc;

use app::App;
use app::administration::{self, UserEdit};
use app::users::Account;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::access::Need;
use domain::caller::Role;
use domain::ids::UserId;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::paging::{self, List, Paging};
use crate::auth::Authenticated;
use crate::body::{Id, Json, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    let (need, tag) = (Need::ManageUsers, "users");
    vec![
        door(
            Method::GET,
            "/v2/users",
            need,
            get(list_users),
            says(tag, "Everybody who has an account; for admins")
                .query::<Paging>()
                .gives_list::<List<UserView>, UserView>(200, "The users"),
        ),
        door(
            Method::POST,
            "/v2/users",
            need,
            post(invite_user),
            says(tag, "Invite somebody; the answer has the one-time link to pass on")
                .takes::<Invitation>()
                .example(json!({"email": "bob@example.org", "role": "member"}))
                .gives::<InvitedView>(201, "Invited"),
        ),
        door(
            Method::GET,
            "/v2/users/{id}",
            need,
            get(get_user),
            says(tag, "One user").gives::<UserView>(200, "The user"),
        ),
        door(
            Method::PATCH,
            "/v2/users/{id}",
            need,
            patch(edit_user),
            says(tag, "Change a role, switch an account on or off")
                .takes::<UserPatch>()
                .example(json!({"role": "admin"}))
                .gives::<UserView>(200, "The user"),
        ),
        door(
            Method::DELETE,
            "/v2/users/{id}",
            need,
            delete(delete_user),
            says(tag, "Destroy a user's keys and take their name out; usage stays").gives_other(204, "Deleted"),
        ),
        door(
            Method::POST,
            "/v2/users/{id}/reset-link",
            need,
            post(create_reset_link),
            says(tag, "A one-time link by which a user chooses a new password").gives::<ResetLink>(201, "The link"),
        ),
    ]
}

/// A user as admins see them.
#[derive(Serialize, ToSchema)]
struct UserView {
    id: String,
    email: String,
    display_name: String,
    #[schema(pattern = "@role")]
    role: &'static str,
    is_active: bool,
    created_at: String,
}

impl From<Account> for UserView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email,
            display_name: account.display_name,
            role: account.role.as_str(),
            is_active: account.is_active,
            created_at: account.created_at.to_string(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Invitation {
    /// Who is invited.
    #[schema(max_length = 254, pattern = "@email")]
    email: String,
    /// `member` unless said.
    #[schema(pattern = "@role")]
    role: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct InvitedView {
    #[serde(flatten)]
    user: UserView,
    /// Works once, within seven days.
    invite_url: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserPatch {
    /// Another role.
    #[schema(pattern = "@role")]
    role: Option<String>,
    /// Whether they may sign in and call.
    is_active: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct ResetLink {
    /// Works once, within an hour.
    reset_url: String,
}

async fn list_users(State(app): State<Arc<App>>, Query(paging): Query<Paging>) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let (accounts, count) = administration::list(&app, skip, limit).await?;
    let data: Vec<UserView> = accounts.into_iter().map(UserView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn invite_user(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<Invitation>,
) -> Result<Response, Failure> {
    let role = super::word::<Role>("role", body.role.as_deref())?.unwrap_or(Role::Member);
    let invited = administration::invite(&app, &caller, &body.email, role).await?;
    let view = InvitedView { user: invited.account.into(), invite_url: invited.link };
    Ok((StatusCode::CREATED, axum::Json(view)).into_response())
}

async fn get_user(State(app): State<Arc<App>>, Id(id): Id<UserId>) -> Result<Response, Failure> {
    Ok(axum::Json(UserView::from(administration::get(&app, id).await?)).into_response())
}

async fn edit_user(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<UserId>,
    Json(body): Json<UserPatch>,
) -> Result<Response, Failure> {
    let edit = UserEdit { role: super::word("role", body.role.as_deref())?, is_active: body.is_active };
    Ok(axum::Json(UserView::from(administration::edit(&app, &caller, id, edit).await?)).into_response())
}

async fn delete_user(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<UserId>,
) -> Result<Response, Failure> {
    administration::delete(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn create_reset_link(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<UserId>,
) -> Result<Response, Failure> {
    let reset_url = administration::reset_link(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, axum::Json(ResetLink { reset_url })).into_response())
}
