//! `/v2/organizations/{organization}/invitations`, and joining by a code.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::organizations::invitations::{self, NewInvitation};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use domain::Caller;
use domain::access::Need;
use domain::ids::{InvitationId, TeamId};
use domain::organization::{Invitation, MemberRole};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::super::paging::{self, List, Paging};
use super::TAG;
use super::view::OrganizationView;
use crate::auth::Authenticated;
use crate::body::{self, Id, Ids, Json, Query, whole_number};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        door(
            Method::GET,
            "/v2/organizations/{organization}/invitations",
            need,
            get(list_invitations),
            says(TAG, "Invitations that nobody used or took back; for its owners and admins")
                .query::<Paging>()
                .gives_list::<List<InvitationView>, InvitationView>(200, "The invitations, without their links"),
        ),
        door(
            Method::POST,
            "/v2/organizations/{organization}/invitations",
            need,
            post(create_invitation),
            says(TAG, "Invite somebody; the answer has the one-time link to pass on")
                .takes::<InvitationBody>()
                .example(json!({"email": "bob@example.org", "role": "member"}))
                .idempotent()
                .gives::<FreshInvitation>(201, "The invitation with its link, shown only here")
                .gives::<InvitationView>(200, "Made before with this Idempotency-Key; without its link"),
        ),
        door(
            Method::DELETE,
            "/v2/organizations/{organization}/invitations/{invitation_id}",
            need,
            delete(revoke_invitation),
            says(TAG, "Take an invitation back").gives_other(204, "Taken back"),
        ),
        door(
            Method::POST,
            "/v2/invitations/accept",
            need,
            post(accept_invitation),
            says(TAG, "Join an organization with the code of an invitation's link")
                .takes::<JoinBody>()
                .example(json!({"code": "the-last-part-of-the-link"}))
                .gives::<JoinedView>(200, "Joined")
                .refuses(&[Code::SetupLinkInvalid]),
        ),
    ]
}

/// An invitation without its link.
#[derive(Serialize, ToSchema)]
struct InvitationView {
    id: String,
    organization_id: String,
    email: String,
    #[schema(pattern = "@member-role")]
    role: &'static str,
    /// The teams that they come into.
    team_ids: Vec<String>,
    expires_at: String,
    created_at: String,
    /// A user's id.
    #[schema(format = "uuid")]
    created_by: Option<String>,
}

impl From<&Invitation> for InvitationView {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            organization_id: invitation.organization.to_string(),
            email: invitation.email.clone(),
            role: invitation.role.as_str(),
            team_ids: invitation.teams.iter().map(TeamId::to_string).collect(),
            expires_at: invitation.expires_at.to_string(),
            created_at: invitation.created_at.to_string(),
            created_by: invitation.created_by.map(|id| id.to_string()),
        }
    }
}

/// A fresh invitation. `link` is shown only in this answer.
#[derive(Serialize, ToSchema)]
struct FreshInvitation {
    /// Pass it on: it works once.
    link: String,
    #[serde(flatten)]
    view: InvitationView,
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationBody {
    #[schema(max_length = 254, pattern = "@email")]
    email: String,
    /// As what; `member` unless said.
    #[schema(pattern = "@member-role")]
    role: Option<String>,
    /// Teams of the organization that they come into.
    #[schema(max_items = 100)]
    team_ids: Option<Vec<String>>,
    /// For how many days the link works; 7 unless said.
    #[schema(minimum = 1, maximum = 30)]
    #[serde(default, deserialize_with = "whole_number")]
    expires_in_days: Option<u64>,
}

/// The code of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    /// The last part of the link.
    #[schema(max_length = 200)]
    code: String,
}

/// Where somebody joined.
#[derive(Serialize, ToSchema)]
struct JoinedView {
    organization: OrganizationView,
}

async fn list_invitations(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let (rows, count) = invitations::list(&app, &caller, &named, skip, limit).await?;
    let data: Vec<InvitationView> = rows.iter().map(InvitationView::from).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn create_invitation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: InvitationBody = body::parse(raw)?;
    let door = format!("POST /v2/organizations/{named}/invitations");
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: &door, body: raw };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("invitation"))?;
        let found = invitations::get(&app, &caller, &named, id).await?;
        Ok(axum::Json(InvitationView::from(&found)).into_response())
    };
    asked.once(create(&app, &caller, &named, body), show).await
}

async fn create(
    app: &App,
    caller: &Caller,
    named: &str,
    body: InvitationBody,
) -> Result<(Option<String>, Response), Failure> {
    let teams: Result<Vec<TeamId>, _> = body.team_ids.unwrap_or_default().iter().map(|id| id.parse()).collect();
    let new = NewInvitation {
        email: body.email,
        role: super::super::word("role", body.role.as_deref())?.unwrap_or(MemberRole::Member),
        teams: teams.map_err(|_| Error::not_found("team").of_field("team_ids"))?,
        days: body.expires_in_days,
    };
    let invited = invitations::create(app, caller, named, new).await?;
    let fresh = FreshInvitation { link: invited.link, view: InvitationView::from(&invited.invitation) };
    Ok((Some(invited.invitation.id.to_string()), (StatusCode::CREATED, axum::Json(fresh)).into_response()))
}

async fn revoke_invitation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Ids(named, id): Ids<String, InvitationId>,
) -> Result<Response, Failure> {
    invitations::revoke(&app, &caller, &named, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn accept_invitation(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Json(body): Json<JoinBody>,
) -> Result<Response, Failure> {
    let organization = invitations::join(&app, &caller, &body.code).await?;
    let organization = OrganizationView::new(&caller, &organization);
    Ok(axum::Json(JoinedView { organization }).into_response())
}
