//! `/v2/users`: looking after users, for admins.

use std::sync::Arc;

use app::App;
use app::Error;
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
use store::users::{Belongings, UserSearch};
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, List};
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
            says(tag, "Everybody who has an account, by e-mail address; for admins")
                .at_length("For a list of any length send the `id` of the last user as `after`; `count` is then still that of all.")
                .query::<UsersQuery>()
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
            Method::GET,
            "/v2/users/{id}/belongings",
            need,
            get(get_belongings),
            says(tag, "What belongs to a user, and goes with them").gives::<BelongingsView>(200, "How many of each"),
        ),
        door(
            Method::DELETE,
            "/v2/users/{id}/sessions",
            need,
            delete(end_sessions),
            says(tag, "Sign a user out everywhere; their gateway tokens go on, and so does your own session")
                .gives::<EndedView>(200, "How many ended"),
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

/// Which users, and where in their list to start.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct UsersQuery {
    /// With this in their e-mail address or name.
    #[param(max_length = 100)]
    q: Option<String>,
    /// In this state.
    #[param(pattern = "^(admin|invited|suspended)$")]
    state: Option<String>,
    /// The id of the last user of the page before.
    #[param(format = "uuid")]
    after: Option<String>,
    /// Rows to pass over, 0 to 10,000; not together with the others.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// How much belongs to a user.
#[derive(Serialize, ToSchema)]
struct BelongingsView {
    /// Personal provider keys.
    provider_keys: i64,
    /// Gateway tokens that are not revoked.
    tokens: i64,
    /// Chats.
    conversations: i64,
    /// Open sessions.
    sessions: i64,
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
struct EndedView {
    ended: usize,
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
    /// Whether they were invited and did not come in yet.
    is_invited: bool,
    created_at: String,
}

impl From<Account> for UserView {
    fn from(account: Account) -> Self {
        let is_invited = account.is_invited();
        Self {
            id: account.id.to_string(),
            email: account.email,
            display_name: account.display_name,
            role: account.role.as_str(),
            is_active: account.is_active,
            is_invited,
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

async fn list_users(State(app): State<Arc<App>>, Query(query): Query<UsersQuery>) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let is_search = query.q.is_some() || query.state.is_some() || query.after.is_some();
    let (accounts, count) = if is_search {
        if skip > 0 {
            return Err(Error::invalid("skip", "does not go together with q, state or after; leave it out").into());
        }
        if query.q.as_ref().is_some_and(|text| text.chars().count() > 100) {
            return Err(Error::invalid("q", "is longer than 100 characters; give less").into());
        }
        let not_an_id = |_| Error::invalid("after", "is not a user's id");
        let wanted = UserSearch {
            text: query.q,
            state: super::word("state", query.state.as_deref())?,
            after: query.after.map(|id| id.parse().map_err(not_an_id)).transpose()?,
            limit,
        };
        (administration::search(&app, &wanted).await?, administration::counts(&app).await?.all)
    } else {
        administration::list(&app, skip, limit).await?
    };
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

async fn get_belongings(State(app): State<Arc<App>>, Id(id): Id<UserId>) -> Result<Response, Failure> {
    let Belongings { keys, tokens, conversations, sessions } = administration::belongings(&app, id).await?;
    Ok(axum::Json(BelongingsView { provider_keys: keys, tokens, conversations, sessions }).into_response())
}

async fn end_sessions(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<UserId>,
) -> Result<Response, Failure> {
    let ended = administration::end_sessions(&app, &caller, id).await?;
    Ok(axum::Json(EndedView { ended }).into_response())
}

async fn create_reset_link(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<UserId>,
) -> Result<Response, Failure> {
    let reset_url = administration::reset_link(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, axum::Json(ResetLink { reset_url })).into_response())
}
