//! `/`: where things stand, and the first call.

use app::models::{self, ModelFilter};
use app::setup;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;
use maud::html;

use super::forms::{Anybody, SignedIn};
use super::view::page;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    vec![
        quiet_door(Method::GET, "/", Need::Nothing, get(show_start)),
        quiet_door(Method::GET, "/home", Need::OwnAccount, get(show_home)),
    ]
}

/// To `/login`, to the sentence about set-up, or home.
async fn show_start(State(shared): State<Shared>, visitor: Anybody) -> Result<Response, Failure> {
    let to = match visitor.caller {
        Some(_) => "/home",
        None if setup::is_needed(&shared.app).await? => "/setup",
        None => "/login",
    };
    Ok(Redirect::to(to).into_response())
}

async fn show_home(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    let filter = ModelFilter { is_active: Some(true), provider: None };
    let models = models::list(&shared.app, &signed_in.caller, filter).await?;
    let recommended = models.iter().find(|line| line.facts.is_recommended).or_else(|| models.first());
    let url = &shared.app.settings.public_url;
    let content = html! {
        h1 { "Ownkey" }
        @if models.is_empty() {
            p { "No key opens a model yet. " a href="/keys" { "Add a provider key" } " and its models appear." }
        } @else {
            p { "Your keys open " (models.len()) " models. " a href="/keys" { "See the keys" } }
        }
        @if let Some(line) = recommended {
            section.card {
                h2 { "The first call" }
                p { a href="/tokens" { "Make a gateway token" } ", then point any OpenAI client at " code { (url) "/v1" } ":" }
                pre { code {
                    "curl " (url) "/v1/chat/completions \\\n"
                    "  -H \"Authorization: Bearer $OWNKEY_TOKEN\" -H \"Content-Type: application/json\" \\\n"
                    "  -d '{\"model\": \"" (line.client_id) "\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]}'"
                } }
            }
            section.card {
                h2 { "Models you can call" }
                table {
                    thead { tr { th { "Model" } th { "Provider" } th { "Whose key pays" } th { "In / out per 1M" } } }
                    tbody {
                        @for line in &models {
                            tr {
                                td { code { (line.client_id) } @if line.facts.is_recommended { " " span.chip { "recommended" } } }
                                td { (line.facts.provider.display_name()) }
                                td { (line.payer.map_or("", |scope| scope.as_str())) }
                                td {
                                    @match line.price {
                                        Some(price) => { "$" (domain::Nanos(price.rates.input_nanos)) " / $" (domain::Nanos(price.rates.output_nanos)) }
                                        None => { "unpriced" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page("Start", &signed_in.viewer, content).into_response())
}
