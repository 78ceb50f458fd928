//! `/playground`: one prompt to one to four models, side by side.

mod page;
mod run;
mod state;

use app::models::{self, ModelLine};
use app::{App, Error};
use axum::Extension;
use axum::extract::{RawQuery, State as Of};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Caller;
use domain::access::Need;
use http::{Method, StatusCode};
use maud::html;

use self::run::Outcome;
use self::state::{Column, State, fields_of};
use super::forms::SignedIn;
use super::snippets;
use super::view::{Place, Shape, with_status};
use crate::auth::LetInAt;
use crate::body::Form;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

/// The most keys to choose from.
const KEYS: usize = 200;

/// What is asked, which no address of ours has: addresses are written down by
/// proxies and browsers.
const ASKED: [&str; 2] = ["prompt", "system"];

pub(super) fn doors() -> Vec<Door> {
    let need = Need::OwnAccount;
    vec![
        quiet_door(Method::GET, "/playground", need, get(show_playground)),
        quiet_door(Method::POST, "/playground", need, post(run_playground)),
        quiet_door(Method::GET, "/playground/code", need, get(show_code)),
        quiet_door(Method::POST, "/playground/code", need, post(make_code)),
    ]
}

async fn show_playground(
    Of(shared): Of<Shared>,
    signed_in: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mut state = State::of_query(&query.unwrap_or_default());
    let lines = callable(&shared.app, &signed_in.caller).await?;
    preselect(&mut state, &lines);
    playground_page(&shared, &signed_in, &state, &lines, &[], None).await
}

/// Without a script: the answers come with the page, and so does another column.
async fn run_playground(
    Of(shared): Of<Shared>,
    signed_in: SignedIn,
    Extension(LetInAt(callers_epoch)): Extension<LetInAt>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let state = State::read(&fields);
    let lines = callable(&shared.app, &signed_in.caller).await?;
    if fields.iter().any(|(name, _)| name == "add" || name == "remove") {
        return playground_page(&shared, &signed_in, &state, &lines, &[], None).await;
    }
    if state.prompt.trim().is_empty() {
        let wrong = "There is nothing to ask. Write a prompt first.";
        return playground_page(&shared, &signed_in, &state, &lines, &[], Some(wrong)).await;
    }
    let outcomes = run::all(&shared.app, &signed_in.caller, &state, callers_epoch).await;
    playground_page(&shared, &signed_in, &state, &lines, &outcomes, None).await
}

/// A column as code for several clients, from an address without a prompt.
async fn show_code(of: Of<Shared>, signed_in: SignedIn, RawQuery(query): RawQuery) -> Response {
    code_page(&of, &signed_in, &fields_of(&query.unwrap_or_default()))
}

/// The same from the page's form: what is asked stands in no address.
async fn make_code(of: Of<Shared>, signed_in: SignedIn, Form(fields): Form<Vec<(String, String)>>) -> Response {
    code_page(&of, &signed_in, &fields)
}

fn code_page(shared: &Shared, signed_in: &SignedIn, fields: &[(String, String)]) -> Response {
    let state = State::read(fields);
    let number = fields.iter().find(|(name, _)| name == "of").and_then(|(_, value)| value.parse::<usize>().ok());
    let is_it = |column: &&Column| Some(column.number) == number;
    let column = state.columns.iter().find(is_it).or_else(|| state.columns.first());
    let wanted = column.map(|column| state.wanted(column)).unwrap_or_default();
    let models = fields.iter().filter(|(name, _)| !ASKED.contains(&name.as_str()) && name != "of");
    let address = form_urlencoded::Serializer::new(String::new()).extend_pairs(models).finish();
    let content = html! {
        h1 { "Get code" }
        div #code {
            p.soft { "With a gateway token in place of " code { "$OWNKEY_TOKEN" } ". " a href="/tokens" { "Make one" } }
            (snippets::all(&shared.app.settings.public_url, &wanted))
        }
        p { a href={ "/playground?" (address) } { "Back to the playground" } }
    };
    let page = with_status(StatusCode::OK, "Get code", &signed_in.viewer, content);
    page.at(Place::Playground).into_response()
}

async fn callable(app: &App, caller: &Caller) -> Result<Vec<ModelLine>, Error> {
    models::callable(app, caller).await
}

/// A first visit begins with a recommended model.
fn preselect(state: &mut State, lines: &[ModelLine]) {
    let is_chat = |line: &&ModelLine| line.facts.kind == domain::model::ModelKind::Chat;
    let first = lines.iter().filter(is_chat).find(|line| line.facts.is_recommended);
    let first = first.or_else(|| lines.iter().find(is_chat));
    if let ([column], Some(line)) = (state.columns.as_mut_slice(), first)
        && column.model.is_empty()
    {
        column.model.clone_from(&line.client_id);
    }
}

async fn playground_page(
    shared: &Shared,
    signed_in: &SignedIn,
    state: &State,
    lines: &[ModelLine],
    outcomes: &[Outcome],
    wrong: Option<&str>,
) -> Result<Response, Failure> {
    let mut keys = models::sources(&shared.app, &signed_in.caller).await?;
    keys.retain(|key| key.is_theirs && key.is_active);
    // The chosen ones first, so that they are among those that are offered.
    keys.sort_by_key(|key| !state.columns.iter().any(|column| column.key == Some(key.key)));
    keys.truncate(KEYS);
    let shown = page::Shown { state, lines, keys: &keys, outcomes, wrong };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = with_status(status, "Playground", &signed_in.viewer, page::content(&shown));
    Ok(page.at(Place::Playground).shaped(Shape::Wide).with_script("playground.js").into_response())
}
