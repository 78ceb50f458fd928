//! `/v2/organizations/{organization}/members`: who is in, and as what.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::organizations::members;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, put};
use domain::access::Need;
use domain::ids::UserId;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::memberships::Member;
use utoipa::ToSchema;

use super::super::paging::{self, List, Paging};
use super::TAG;
use crate::auth::Authenticated;
use crate::body::{Id, Ids, Json, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    let set = |method, handler| {
        door(
            method,
            "/v2/organizations/{organization}/members/{user_id}",
            need,
            handler,
            says(TAG, "Give a member another role; admins of the server also take somebody in")
                .takes::<MemberBody>()
                .example(json!({"role": "admin"}))
                .gives::<MemberView>(200, "The member")
                .refuses(&[Code::Conflict]),
        )
    };
    vec![
        door(
            Method::GET,
            "/v2/organizations/{organization}/members",
            need,
            get(list_members),
            says(TAG, "The members, by e-mail address; for its owners and admins")
                .query::<Paging>()
                .gives_list::<List<MemberView>, MemberView>(200, "The members"),
        ),
        set(Method::PUT, put(set_member)),
        set(Method::PATCH, patch(set_member)),
        door(
            Method::DELETE,
            "/v2/organizations/{organization}/members/{user_id}",
            need,
            delete(remove_member),
            says(TAG, "Take somebody out, of its teams as well; everybody may leave")
                .gives_other(204, "Removed")
                .refuses(&[Code::Conflict]),
        ),
    ]
}

/// Somebody in an organization.
#[derive(Serialize, ToSchema)]
struct MemberView {
    user_id: String,
    email: String,
    display_name: String,
    /// Whether they may sign in.
    is_active: bool,
    #[schema(pattern = "@member-role")]
    role: &'static str,
    created_at: String,
}

impl From<&Member<domain::organization::MemberRole>> for MemberView {
    fn from(member: &Member<domain::organization::MemberRole>) -> Self {
        Self {
            user_id: member.user.to_string(),
            email: member.email.clone(),
            display_name: member.display_name.clone(),
            is_active: member.is_active,
            role: member.role.as_str(),
            created_at: member.created_at.to_string(),
        }
    }
}

/// As what somebody is to be in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberBody {
    #[schema(pattern = "@member-role")]
    role: String,
}

async fn list_members(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let (rows, count) = members::list(&app, &caller, &named, skip, limit).await?;
    let data: Vec<MemberView> = rows.iter().map(MemberView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn set_member(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(named, user): Ids<String, UserId>,
    Json(body): Json<MemberBody>,
) -> Result<Response, Failure> {
    let role = super::super::word("role", Some(&body.role))?.ok_or_else(|| Error::invalid("role", "is missing"))?;
    let member = members::set(&app, &caller, &named, user, role).await?;
    Ok(axum::Json(MemberView::from(&member)).into_response())
}

async fn remove_member(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(named, user): Ids<String, UserId>,
) -> Result<Response, Failure> {
    members::remove(&app, &caller, &named, user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
