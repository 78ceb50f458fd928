//! `/v2/organizations`: organizations and their rules.

mod invitations;
mod members;
mod view;

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::organizations;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::Caller;
use domain::access::Need;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::paging::{self, List};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use view::{HoldingsView, OrganizationBody, OrganizationPatch, OrganizationView};

const TAG: &str = "organizations";

pub(crate) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    let mut doors = vec![
        door(
            Method::GET,
            "/v2/organizations",
            need,
            get(list_organizations),
            says(TAG, "Your organizations; for admins of the server, all")
                .query::<OrganizationsQuery>()
                .gives_list::<List<OrganizationView>, OrganizationView>(200, "The organizations"),
        ),
        door(
            Method::POST,
            "/v2/organizations",
            Need::ManageUsers,
            post(create_organization),
            says(TAG, "Make an organization")
                .takes::<OrganizationBody>()
                .example(json!({"name": "Acme", "slug": "acme", "markup_basis_points": 2000}))
                .idempotent()
                .gives::<OrganizationView>(201, "The organization")
                .gives::<OrganizationView>(200, "Made before with this Idempotency-Key")
                .refuses(&[Code::NotFound, Code::Conflict]),
        ),
        door(
            Method::GET,
            "/v2/organizations/{organization}",
            need,
            get(get_organization),
            says(TAG, "One organization, by id or slug").gives::<OrganizationView>(200, "The organization"),
        ),
        door(
            Method::PATCH,
            "/v2/organizations/{organization}",
            need,
            patch(edit_organization),
            says(TAG, "Change an organization's name and rules; admins of the server also suspend it")
                .takes::<OrganizationPatch>()
                .example(json!({"order": "org_first", "fallback": "strict"}))
                .gives::<OrganizationView>(200, "The organization")
                .refuses(&[Code::Conflict]),
        ),
        door(
            Method::DELETE,
            "/v2/organizations/{organization}",
            need,
            delete(delete_organization),
            says(
                TAG,
                "Let an organization go: its keys are destroyed, its teams' tokens stop; for admins of the server",
            )
            .query::<ConfirmQuery>()
            .gives_other(204, "Deleted")
            .refuses(&[Code::Conflict]),
        ),
        door(
            Method::GET,
            "/v2/organizations/{organization}/impact",
            need,
            get(get_impact),
            says(TAG, "What would go with an organization").gives::<HoldingsView>(200, "How many of each"),
        ),
    ];
    doors.extend(members::doors());
    doors.extend(invitations::doors());
    doors
}

/// Which organizations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OrganizationsQuery {
    /// With this in their slug or name.
    #[param(max_length = 100)]
    q: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Whether what goes with it is known and accepted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmQuery {
    /// `true` deletes also what still has something.
    pub(super) confirm: Option<bool>,
}

async fn list_organizations(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<OrganizationsQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    if query.q.as_ref().is_some_and(|text| text.chars().count() > 100) {
        return Err(Error::invalid("q", "is too long; search for at most 100 characters").into());
    }
    let (rows, count) = organizations::list(&app, &caller, query.q.as_deref(), skip, limit).await?;
    let data: Vec<OrganizationView> = rows.iter().map(|row| OrganizationView::new(&caller, row)).collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn create_organization(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: OrganizationBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/organizations", body: raw };
    let show = async |made: Option<String>| {
        let found = organizations::find(&app, &caller, made.as_deref().unwrap_or_default()).await?;
        Ok(axum::Json(OrganizationView::new(&caller, &found)).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &App, caller: &Caller, body: OrganizationBody) -> Result<(Option<String>, Response), Failure> {
    let made = organizations::create(app, caller, body.read()?).await?;
    let view = axum::Json(OrganizationView::new(caller, &made));
    Ok((Some(made.id.to_string()), (StatusCode::CREATED, view).into_response()))
}

async fn get_organization(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
) -> Result<Response, Failure> {
    let found = organizations::find(&app, &caller, &named).await?;
    Ok(axum::Json(OrganizationView::new(&caller, &found)).into_response())
}

async fn edit_organization(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
    Json(patch): Json<OrganizationPatch>,
) -> Result<Response, Failure> {
    let edited = organizations::edit(&app, &caller, &named, patch.read()?).await?;
    Ok(axum::Json(OrganizationView::new(&caller, &edited)).into_response())
}

async fn delete_organization(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
    Query(query): Query<ConfirmQuery>,
) -> Result<Response, Failure> {
    organizations::delete(&app, &caller, &named, query.confirm.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn get_impact(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(named): Id<String>,
) -> Result<Response, Failure> {
    let held = organizations::holdings(&app, &caller, &named).await?;
    Ok(axum::Json(organizations::impact(held)).into_response())
}
