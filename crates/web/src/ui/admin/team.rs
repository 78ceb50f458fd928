//! `/admin/teams/{id}`: one team: its gateway tokens, its members, what it may
//! call; for its leads and whoever looks after its organization.

mod parts;

use app::budgets;
use app::error::Error;
use app::organizations::members;
use app::teams;
use app::tokens::{self, Minted, NewToken, Whose};
use app::{callers, models};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::{TeamId, UserId};
use domain::model::ModelKind;
use domain::organization::{MemberRole, Team, TeamRole};
use domain::provider::ProviderId;
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use store::memberships::Member;

use super::organization::not_ticked;
use super::percent::percent;
use super::{Part, page};
use crate::body::{Form, Id, Query};
use crate::problem;
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::budgets::{Words, card};
use crate::ui::forms::{SignedIn, is_for_the_form};
use crate::ui::tokens::{Callable, Fresh, Made, expiry, fresh_card, token_list, tokens_before};
use crate::ui::view::complaint;

/// About a team's budgets.
const BUDGETS: Words<'static> = Words {
    title: "Budgets",
    none: "None: what its gateway tokens spend is bounded by the organization's budgets and by the tokens' own.",
    not_yours: "Whoever looks after the organization sets them.",
};

/// How many tokens a page shows.
const TOKENS: i64 = 100;

/// How many members a page shows, and how many it offers to take in.
const MEMBERS: i64 = 200;

#[derive(Default, Deserialize)]
pub(super) struct TeamQuery {
    /// A token made just now, whose first call is waited for.
    #[serde(default)]
    made: String,
}

/// One thing to do with a team.
#[derive(Clone, Default, Deserialize)]
pub(super) struct ActForm {
    #[serde(default)]
    act: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    markup: String,
    #[serde(default)]
    models: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    sure: String,
}

/// What became of it.
enum Outcome {
    Back,
    Gone(String),
    Minted(Box<Minted>),
}

pub(super) async fn show_team(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TeamId>,
    Query(query): Query<TeamQuery>,
) -> Result<Response, Failure> {
    let made = match query.made.parse() {
        Ok(token) => tokens_before(&shared, &signed_in, token).await?,
        Err(_) => None,
    };
    let made = made.filter(|fresh| fresh.token().team == Some(id));
    team_page(&shared, &signed_in, id, made, &ActForm::default(), None).await
}

pub(super) async fn act_on_team(
    State(shared): State<Shared>,
    signed_in: SignedIn,
    Id(id): Id<TeamId>,
    Form(form): Form<ActForm>,
) -> Result<Response, Failure> {
    match act(&shared, &signed_in, id, &form).await {
        Ok(Outcome::Back) => Ok(Redirect::to(&format!("/admin/teams/{id}")).into_response()),
        Ok(Outcome::Gone(to)) => Ok(Redirect::to(&to).into_response()),
        Ok(Outcome::Minted(minted)) => {
            let fresh = Fresh { made: Made::Now(*minted), former_until: None, is_used: false };
            team_page(&shared, &signed_in, id, Some(fresh), &ActForm::default(), None).await
        }
        Err(error) if is_for_the_form(&error) => team_page(&shared, &signed_in, id, None, &form, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn act(shared: &Shared, signed_in: &SignedIn, id: TeamId, form: &ActForm) -> Result<Outcome, Error> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let user = || form.user.parse::<UserId>().map_err(|_| Error::not_found("member"));
    let edit = match form.act.as_str() {
        "token" => {
            let expires_at = expiry(&form.until, app.clock.now())?;
            let new = NewToken { team: Some(id), name: form.name.clone(), expires_at, ..NewToken::default() };
            return tokens::create(app, caller, new).await.map(|minted| Outcome::Minted(Box::new(minted)));
        }
        "member" => {
            let role: TeamRole = form.role.parse().map_err(|problem: String| Error::invalid("role", problem))?;
            return teams::set_member(app, caller, id, user()?, role).await.map(|()| Outcome::Back);
        }
        "remove" => return teams::remove_member(app, caller, id, user()?).await.map(|()| Outcome::Back),
        "edit" => edited(&teams::get(app, caller, id).await?, form)?,
        "models" => teams::Edit { models: Some(listed(&form.models)), ..teams::Edit::default() },
        "suspend" => teams::Edit { is_suspended: Some(true), ..teams::Edit::default() },
        "resume" => teams::Edit { is_suspended: Some(false), ..teams::Edit::default() },
        "delete" if form.sure.is_empty() => return Err(not_ticked()),
        "delete" => {
            let team = teams::get(app, caller, id).await?;
            teams::delete(app, caller, id, true).await?;
            return Ok(Outcome::Gone(format!("/admin/organizations/{}/teams", team.organization)));
        }
        _ => return Err(Error::invalid("act", "is nothing that can be done with a team")),
    };
    teams::edit(app, caller, id, edit).await.map(|_| Outcome::Back)
}

/// Names, slug and mark-up that are filled in otherwise than they are.
fn edited(team: &Team, form: &ActForm) -> Result<teams::Edit, Error> {
    let markup = percent("markup", &form.markup)?;
    Ok(teams::Edit {
        name: Some(form.name.clone()).filter(|name| *name != team.name),
        slug: Some(form.slug.trim().to_owned()).filter(|slug| *slug != team.slug),
        markup_basis_points: Some(markup).filter(|markup| *markup != team.markup_basis_points),
        ..teams::Edit::default()
    })
}

/// Names with commas or line breaks between them; `None` for none.
fn listed(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> =
        text.split(['\n', ',']).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    Some(names).filter(|names| !names.is_empty())
}

async fn team_page(
    shared: &Shared,
    signed_in: &SignedIn,
    id: TeamId,
    fresh: Option<Fresh>,
    typed: &ActForm,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let team = teams::find_to_lead(app, caller, id).await?;
    let manages = caller.looks_after(team.organization);
    let organization = app::organizations::find(app, caller, &team.organization.to_string()).await?;
    let (held, count) = tokens::list(app, caller, Whose::Team(id), 0, TOKENS).await?;
    let (people, _) = teams::members(app, caller, id, 0, MEMBERS).await?;
    let others: Vec<Member<MemberRole>> = if manages {
        let (all, _) = members::list(app, caller, &organization.slug, 0, MEMBERS).await?;
        all.into_iter().filter(|one| people.iter().all(|member| member.user != one.user)).collect()
    } else {
        Vec::new()
    };
    let callable = match fresh.as_ref().and_then(|fresh| fresh.text()) {
        Some(text) => Some(callable(shared, text).await?),
        None => None,
    };
    let standing = budgets::of_team_tokens(app, caller, &team, &held).await?;
    let panel = budgets::panel(app, caller, id.into()).await?;
    let now = app.clock.now();
    let content = html! {
        (parts::head(&team, &organization, manages))
        (complaint(error.map(|error| error.sentence.as_str())))
        @if let Some(fresh) = &fresh { (fresh_card(fresh, callable.as_ref(), &app.settings.public_url)) }
        (parts::new_token(&team, typed))
        (token_list(&held, &standing, count, now))
        (card(&panel, &BUDGETS))
        div.halves {
            div {
                (parts::members(&team, &people, &others, caller.user, manages))
                @if manages { (parts::access(&team, count)) }
            }
            @if manages { div { (parts::callable(&team)) (parts::about(&team, &organization)) } }
        }
    };
    let status = error.map_or(StatusCode::OK, problem::status_of);
    let part = if manages { Part::Organizations } else { Part::Summary };
    Ok(page(status, &team.name, signed_in, part, &content).with_script("tokens.js").into_response())
}

/// The models that the code of a fresh token calls.
async fn callable(shared: &Shared, text: &str) -> Result<Callable, Failure> {
    let as_token = callers::by_token(&shared.app, text).await?;
    let mut lines = models::callable(&shared.app, &as_token).await?;
    lines.retain(|line| line.facts.kind == ModelKind::Chat);
    lines.sort_by_key(|line| !line.facts.is_recommended);
    let claude = lines.iter().find(|line| line.facts.provider == ProviderId::Anthropic);
    let claude = claude.map(|line| line.client_id.clone());
    Ok(Callable { model: lines.into_iter().next().map(|line| line.client_id), claude })
}
