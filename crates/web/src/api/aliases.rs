//! `/v2/model-aliases`: names that stand for models of one or several providers.

use std::sync::Arc;

use app::App;
use app::aliases::{self, Described, Edit, NewAlias};
use app::error::{Code, Error};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use domain::Caller;
use domain::access::Need;
use domain::alias::{Mode, Target};
use domain::credential::{Owner, Scope};
use domain::ids::{AliasId, TeamId};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::paging::{self, List, Paging};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "models";

pub(crate) fn doors() -> Vec<Door> {
    let targets = json!([
        {"provider": "openai", "model": "gpt-5-mini"},
        {"provider": "anthropic", "model": "claude-haiku-4-5"},
    ]);
    vec![
        door(
            Method::GET,
            "/v2/model-aliases",
            Need::CallModels,
            get(list_aliases),
            says(TAG, "The aliases you may call: your own, then everybody's")
                .query::<Paging>()
                .gives_list::<List<AliasView>, AliasView>(200, "The aliases"),
        ),
        door(
            Method::GET,
            "/v2/model-aliases/suggestions",
            Need::CallModels,
            get(suggest_aliases),
            says(TAG, "Ready-made aliases for clients that list only names beginning with claude")
                .gives_list::<List<SuggestionView>, SuggestionView>(200, "Bodies for POST /v2/model-aliases"),
        ),
        door(
            Method::POST,
            "/v2/model-aliases",
            Need::ManageCredentials,
            post(create_alias),
            says(TAG, "Make an alias: a name for one or several models, asked in order or drawn by weight")
                .takes::<AliasBody>()
                .example(json!({"alias": "fast", "targets": targets}))
                .idempotent()
                .gives::<AliasView>(201, "The alias")
                .gives::<AliasView>(200, "Made before with this Idempotency-Key")
                .refuses(&[Code::Conflict, Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/model-aliases/{id}",
            Need::CallModels,
            get(get_alias),
            says(TAG, "One alias").gives::<AliasView>(200, "The alias"),
        ),
        door(
            Method::PATCH,
            "/v2/model-aliases/{id}",
            Need::ManageCredentials,
            patch(edit_alias),
            says(TAG, "Change an alias; what is absent stays")
                .takes::<AliasPatch>()
                .example(json!({"mode": "weighted", "targets": targets}))
                .gives::<AliasView>(200, "The alias now")
                .refuses(&[Code::Conflict]),
        ),
        door(
            Method::DELETE,
            "/v2/model-aliases/{id}",
            Need::ManageCredentials,
            delete(delete_alias),
            says(TAG, "Delete an alias; calls that name it find what else has the name, or nothing")
                .gives_other(204, "Deleted"),
        ),
    ]
}

/// A model that an alias stands for.
#[derive(Serialize, ToSchema)]
struct TargetView {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The provider's id of the model; at custom endpoints `slug/id`.
    model: String,
    /// How often it is drawn, compared to the others; without effect in order.
    #[schema(minimum = 0, maximum = 1_000)]
    weight: u32,
    /// Whether a key of yours opens it.
    is_reachable: bool,
}

/// A name and what it stands for.
#[derive(Serialize, ToSchema)]
struct AliasView {
    /// Calls may name it by this, too.
    id: String,
    /// The name.
    alias: String,
    /// `personal`: yours; `organization`: your organization's; `system`: everybody's.
    #[schema(pattern = "@scope")]
    scope: &'static str,
    /// The owner, when an organization's.
    organization_id: Option<String>,
    /// The teams that may name it; `null`: everybody who sees it.
    teams: Option<Vec<String>>,
    /// In order, or drawn by weight.
    #[schema(pattern = "@alias-mode")]
    mode: &'static str,
    /// What it stands for.
    targets: Vec<TargetView>,
    /// Whether you can call it now: a key of yours opens one of its targets.
    is_active: bool,
    /// What the name would mean without it.
    shadows: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl From<&Described> for AliasView {
    fn from(described: &Described) -> Self {
        let alias = &described.alias;
        let target = |(target, is_reachable): (&Target, &bool)| TargetView {
            provider: target.provider.as_str(),
            model: target.model.clone(),
            weight: target.weight,
            is_reachable: *is_reachable,
        };
        Self {
            id: alias.id.to_string(),
            alias: alias.name.clone(),
            scope: alias.scope().as_str(),
            organization_id: match alias.owner {
                Owner::Organization(organization) => Some(organization.to_string()),
                _ => None,
            },
            teams: alias.teams.as_ref().map(|teams| teams.iter().map(TeamId::to_string).collect()),
            mode: alias.mode.as_str(),
            targets: alias.targets.iter().zip(&described.opened).map(target).collect(),
            is_active: described.opened.contains(&true),
            shadows: described.shadows.clone(),
            created_at: alias.created_at.to_string(),
            updated_at: alias.updated_at.to_string(),
        }
    }
}

/// An alias that could be made.
#[derive(Serialize, ToSchema)]
struct SuggestionView {
    /// The name.
    alias: String,
    /// What it would stand for.
    targets: Vec<SuggestedTarget>,
}

/// A model that a suggested alias would stand for.
#[derive(Serialize, ToSchema)]
struct SuggestedTarget {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The provider's id of the model.
    model: String,
}

/// A model that an alias is to stand for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TargetBody {
    /// The provider, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: String,
    /// The provider's id of the model; for a custom endpoint `slug/id`. Never
    /// another alias.
    #[schema(max_length = 256, pattern = "@line")]
    model: String,
    /// How often it is drawn, compared to the others; 1 unless said. 0: only when
    /// the others cannot answer.
    #[schema(minimum = 0, maximum = 1_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    weight: Option<u64>,
}

/// What a new alias is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AliasBody {
    /// The name, which calls send as the model. It wins over a model of that name.
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9._:-]+(/[A-Za-z0-9._:-]+)*$")]
    alias: String,
    /// `personal` (default): yours; `organization`: its members', for its owners and admins; `system`: everybody's, for admins.
    #[schema(pattern = "@scope")]
    scope: Option<String>,
    /// The organization; the one you act in unless said.
    organization_id: Option<String>,
    /// The teams that may name it, for aliases that are not personal; absent: everybody who sees it.
    #[schema(min_items = 1, max_items = 100)]
    teams: Option<Vec<String>>,
    /// `ordered` (default): the first answers, the others step in; `weighted`: one
    /// is drawn, and a conversation keeps its draw.
    #[schema(pattern = "@alias-mode")]
    mode: Option<String>,
    /// What it stands for.
    #[schema(min_items = 1, max_items = 20)]
    targets: Vec<TargetBody>,
}

/// What is to change: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AliasPatch {
    /// Another name.
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9._:-]+(/[A-Za-z0-9._:-]+)*$")]
    alias: Option<String>,
    /// In order, or drawn by weight.
    #[schema(pattern = "@alias-mode")]
    mode: Option<String>,
    /// All that it stands for from now on.
    #[schema(min_items = 1, max_items = 20)]
    targets: Option<Vec<TargetBody>>,
    /// The teams that may name it; `null`: everybody who sees it.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(min_items = 1, max_items = 100)]
    teams: Option<Option<Vec<String>>>,
}

async fn list_aliases(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(paging.skip, paging.limit)?;
    let known = aliases::list(&app, &caller).await?;
    let count = known.len() as i64;
    let window = known.iter().skip(skip.unsigned_abs() as usize).take(limit.unsigned_abs() as usize);
    Ok(axum::Json(List { data: window.map(AliasView::from).collect(), count }).into_response())
}

async fn suggest_aliases(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Failure> {
    let view = |(alias, target): (String, Target)| {
        let targets = vec![SuggestedTarget { provider: target.provider.as_str(), model: target.model }];
        SuggestionView { alias, targets }
    };
    let data: Vec<SuggestionView> = aliases::suggestions(&app, &caller).await?.into_iter().map(view).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn get_alias(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<AliasId>,
) -> Result<Response, Failure> {
    Ok(axum::Json(AliasView::from(&aliases::get(&app, &caller, id).await?)).into_response())
}

async fn create_alias(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: AliasBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/model-aliases", body: raw };
    let show = async |made: Option<String>| {
        let id = made.and_then(|id| id.parse().ok()).ok_or_else(|| Error::not_found("alias"))?;
        let alias = aliases::get(&app, &caller, id).await?;
        Ok(axum::Json(AliasView::from(&alias)).into_response())
    };
    asked.once(create(&app, &caller, body), show).await
}

async fn create(app: &App, caller: &Caller, body: AliasBody) -> Result<(Option<String>, Response), Failure> {
    let new = NewAlias {
        scope: super::word("scope", body.scope.as_deref())?.unwrap_or(Scope::Personal),
        organization: super::organization_id(body.organization_id)?,
        teams: body.teams.as_deref().map(read_teams).transpose()?,
        name: body.alias,
        mode: mode(body.mode.as_deref())?.unwrap_or_default(),
        targets: read_targets(body.targets)?,
    };
    let alias = aliases::create(app, caller, new).await?;
    let made = (StatusCode::CREATED, axum::Json(AliasView::from(&alias))).into_response();
    Ok((Some(alias.alias.id.to_string()), made))
}

async fn edit_alias(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<AliasId>,
    Json(patch): Json<AliasPatch>,
) -> Result<Response, Failure> {
    let edit = Edit {
        name: patch.alias,
        mode: mode(patch.mode.as_deref())?,
        targets: patch.targets.map(read_targets).transpose()?,
        teams: patch.teams.map(|teams| teams.as_deref().map(read_teams).transpose()).transpose()?,
    };
    Ok(axum::Json(AliasView::from(&aliases::edit(&app, &caller, id, edit).await?)).into_response())
}

async fn delete_alias(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<AliasId>,
) -> Result<Response, Failure> {
    aliases::delete(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_teams(ids: &[String]) -> Result<Vec<TeamId>, Error> {
    let read: Result<_, _> = ids.iter().map(|id| id.parse()).collect();
    read.map_err(|_| Error::not_found("team").of_field("teams"))
}

fn mode(text: Option<&str>) -> Result<Option<Mode>, Error> {
    super::word("mode", text)
}

fn read_targets(bodies: Vec<TargetBody>) -> Result<Vec<Target>, Error> {
    let read = |body: TargetBody| {
        let provider = body
            .provider
            .parse()
            .map_err(|_| Error::invalid("targets.provider", "names no provider; GET /v2/providers lists them"))?;
        // More than any number of ours is refused with the other targets' rules.
        let weight = u32::try_from(body.weight.unwrap_or(1)).unwrap_or(u32::MAX);
        Ok(Target { provider, model: body.model, weight })
    };
    bodies.into_iter().map(read).collect()
}
