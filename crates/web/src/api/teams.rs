//! `/v2/teams`: teams of organizations, and who is in them.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::teams::{self, Edit, NewTeam};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use domain::Caller;
use domain::access::Need;
use domain::ids::{TeamId, UserId};
use domain::organization::{Team, TeamRole};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use store::memberships::Member;
use utoipa::{IntoParams, ToSchema};

use super::organizations::ConfirmQuery;
use super::paging::{self, List, Paging};
use super::present;
use crate::auth::Authenticated;
use crate::body::{self, Id, Ids, Json, Query, whole_number};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "organizations";

pub(crate) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        door(
            Method::GET,
            "/v2/teams",
            need,
            get(list_teams),
            says(TAG, "The teams that you belong to or look after")
                .query::<TeamsQuery>()
                .gives_list::<List<TeamView>, TeamView>(200, "The teams")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/teams",
            need,
            post(create_team),
            says(TAG, "Make a team; for owners and admins of its organization")
                .takes::<TeamBody>()
                .example(json!({"organization_id": "acme", "name": "Apollo"}))
                .idempotent()
                .gives::<TeamView>(201, "The team")
                .gives::<TeamView>(200, "Made before with this Idempotency-Key")
                .refuses(&[Code::NotFound, Code::Conflict]),
        ),
        door(
            Method::GET,
            "/v2/teams/{id}",
            need,
            get(get_team),
            says(TAG, "One team of an organization").gives::<TeamView>(200, "The team"),
        ),
        door(
            Method::PATCH,
            "/v2/teams/{id}",
            need,
            patch(edit_team),
            says(TAG, "Change a team, or suspend it: its tokens stop working")
                .takes::<TeamPatch>()
                .example(json!({"models": ["fast"], "markup_basis_points": 2000}))
                .gives::<TeamView>(200, "The team")
                .refuses(&[Code::Conflict]),
        ),
        door(
            Method::DELETE,
            "/v2/teams/{id}",
            need,
            delete(delete_team),
            says(TAG, "Let a team go: its tokens stop working for good")
                .query::<ConfirmQuery>()
                .gives_other(204, "Deleted")
                .refuses(&[Code::Conflict]),
        ),
        door(
            Method::GET,
            "/v2/teams/{id}/members",
            need,
            get(list_members),
            says(TAG, "A team's members, by e-mail address; for its leads")
                .query::<Paging>()
                .gives_list::<List<TeamMemberView>, TeamMemberView>(200, "The members"),
        ),
        door(
            Method::PUT,
            "/v2/teams/{id}/members/{user_id}",
            need,
            put(set_member),
            says(TAG, "Take a member of the organization into a team, or give them another role there")
                .takes::<TeamMemberBody>()
                .example(json!({"role": "member"}))
                .gives_other(204, "In"),
        ),
        door(
            Method::DELETE,
            "/v2/teams/{id}/members/{user_id}",
            need,
            delete(remove_member),
            says(TAG, "Take somebody out of a team; everybody may leave").gives_other(204, "Removed"),
        ),
    ]
}

/// The name of a model or an alias, as calls give it.
#[derive(ToSchema)]
#[schema(max_length = 256, pattern = "@line")]
#[expect(dead_code, reason = "only its schema is used")]
struct CallableName(String);

/// Which teams.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct TeamsQuery {
    /// Of this organization, by id or slug.
    #[param(pattern = "@slug")]
    organization_id: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// A team.
#[derive(Serialize, ToSchema)]
struct TeamView {
    id: String,
    organization_id: String,
    slug: String,
    name: String,
    /// The models and aliases its tokens may name; `null`: all.
    models: Option<Vec<String>>,
    /// Its own mark-up, told to whoever looks after it; `null`: the organization's.
    #[schema(minimum = 0, maximum = 10_000_000)]
    markup_basis_points: Option<u32>,
    /// Whether its tokens do not work.
    suspended: bool,
    created_at: String,
    updated_at: String,
}

impl TeamView {
    fn new(caller: &Caller, team: &Team) -> Self {
        Self {
            id: team.id.to_string(),
            organization_id: team.organization.to_string(),
            slug: team.slug.clone(),
            name: team.name.clone(),
            models: team.models.clone(),
            markup_basis_points: team.markup_basis_points.filter(|_| caller.looks_after(team.organization)),
            suspended: team.suspended_at.is_some(),
            created_at: team.created_at.to_string(),
            updated_at: team.updated_at.to_string(),
        }
    }
}

/// What a new team is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamBody {
    /// Its organization, by id or slug.
    #[schema(pattern = "@slug")]
    organization_id: String,
    #[schema(max_length = 100, pattern = "@line")]
    name: String,
    /// Its short name; made from the name unless said.
    #[schema(pattern = "@slug")]
    slug: Option<String>,
    /// The models and aliases its tokens may name; absent: all.
    #[schema(min_items = 1, max_items = 500, value_type = Option<Vec<CallableName>>)]
    models: Option<Vec<String>>,
    /// Its own mark-up; absent: the organization's.
    #[schema(minimum = 0, maximum = 10_000_000)]
    #[serde(default, deserialize_with = "whole_number")]
    markup_basis_points: Option<u32>,
}

/// What is to change: absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamPatch {
    #[schema(max_length = 100, pattern = "@line")]
    name: Option<String>,
    /// Another short name.
    #[schema(pattern = "@slug")]
    slug: Option<String>,
    /// The models and aliases its tokens may name; `null`: all.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_items = 1, max_items = 500, value_type = Option<Vec<CallableName>>)]
    models: Option<Option<Vec<String>>>,
    /// Its own mark-up; `null`: the organization's.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 0, maximum = 10_000_000)]
    markup_basis_points: Option<Option<u32>>,
    /// Whether its tokens do not work.
    suspended: Option<bool>,
}

/// Somebody in a team.
#[derive(Serialize, ToSchema)]
struct TeamMemberView {
    user_id: String,
    email: String,
    display_name: String,
    is_active: bool,
    #[schema(pattern = "@team-role")]
    role: &'static str,
    created_at: String,
}

impl From<&Member<TeamRole>> for TeamMemberView {
    fn from(member: &Member<TeamRole>) -> Self {
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
struct TeamMemberBody {
    /// `member` unless said.
    #[schema(pattern = "@team-role")]
    role: Option<String>,
}

async fn list_teams(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<TeamsQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let (rows, count) = teams::list(&app, &caller, query.organization_id.as_deref(), skip, limit).await?;
    let data: Vec<TeamView> = rows.iter().map(|team| TeamView::new(&caller, team)).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn create_team(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: TeamBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/teams", body: raw };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("team"))?;
        let team = teams::get(&app, &caller, id).await?;
        Ok(axum::Json(TeamView::new(&caller, &team)).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &App, caller: &Caller, body: TeamBody) -> Result<(Option<String>, Response), Failure> {
    let new = NewTeam {
        organization: body.organization_id,
        name: body.name,
        slug: body.slug,
        models: body.models,
        markup_basis_points: body.markup_basis_points,
    };
    let team = teams::create(app, caller, new).await.map_err(|error| match error.code {
        Code::NotFound => error.of_field("organization_id"),
        _ => error,
    })?;
    let view = axum::Json(TeamView::new(caller, &team));
    Ok((Some(team.id.to_string()), (StatusCode::CREATED, view).into_response()))
}

async fn get_team(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TeamId>,
) -> Result<Response, Failure> {
    Ok(axum::Json(TeamView::new(&caller, &teams::get(&app, &caller, id).await?)).into_response())
}

async fn edit_team(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TeamId>,
    Json(patch): Json<TeamPatch>,
) -> Result<Response, Failure> {
    let edit = Edit {
        name: patch.name,
        slug: patch.slug,
        models: patch.models,
        markup_basis_points: patch.markup_basis_points,
        is_suspended: patch.suspended,
    };
    let team = teams::edit(&app, &caller, id, edit).await?;
    Ok(axum::Json(TeamView::new(&caller, &team)).into_response())
}

async fn delete_team(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TeamId>,
    Query(query): Query<ConfirmQuery>,
) -> Result<Response, Failure> {
    teams::delete(&app, &caller, id, query.confirm.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn list_members(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<TeamId>,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let (rows, count) = teams::members(&app, &caller, id, skip, limit).await?;
    let data: Vec<TeamMemberView> = rows.iter().map(TeamMemberView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn set_member(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, user): Ids<TeamId, UserId>,
    Json(body): Json<TeamMemberBody>,
) -> Result<Response, Failure> {
    let role = super::word("role", body.role.as_deref())?.unwrap_or(TeamRole::Member);
    teams::set_member(&app, &caller, id, user, role).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove_member(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(id, user): Ids<TeamId, UserId>,
) -> Result<Response, Failure> {
    teams::remove_member(&app, &caller, id, user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
