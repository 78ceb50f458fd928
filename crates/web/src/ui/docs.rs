//! `/docs`: the OpenAPI document as a page. It is made from the document
//! itself, works without a script, and loads nothing from anywhere else.

mod curl;
mod operation;
mod schema;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::assets::address;
use super::forms::Anybody;
use super::view::{Shape, page};
use crate::body::Query;
use crate::openapi::{self, TAGS};
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};
use operation::Operation;

pub(super) fn doors() -> Vec<Door> {
    let open = Need::Nothing;
    vec![quiet_door(Method::GET, "/docs", open, get(show_docs))]
}

#[derive(Deserialize)]
struct Search {
    /// Words that a shown operation has to have.
    q: Option<String>,
}

async fn show_docs(
    State(shared): State<Shared>,
    visitor: Anybody,
    Query(search): Query<Search>,
) -> Result<Response, Failure> {
    let document = openapi::document();
    let wanted = search.q.unwrap_or_default();
    let content = content(&document, &shared.app.settings.public_url, wanted.trim());
    Ok(page("API", &visitor.viewer, content).shaped(Shape::Wide).with_script("docs.js").into_response())
}

fn content(document: &Value, url: &str, wanted: &str) -> Markup {
    let all = operation::all(document);
    let shown: Vec<&Operation<'_>> = all.iter().filter(|operation| operation.has(wanted)).collect();
    html! {
        link rel="stylesheet" href=(address("docs.css"));
        div.docs {
            nav.contents aria-label="Operations" {
                (search_form(wanted, shown.len(), all.len()))
                @for (tag, _) in TAGS { (contents_of(tag, &shown)) }
                p.group { a href="#schemas" { "Schemas" } }
            }
            div.operations {
                h1 { "Ownkey API " span.small { (document["info"]["version"].as_str().unwrap_or_default()) } }
                (introduction(document, url))
                @if shown.is_empty() {
                    p.none role="status" { "Nothing here has all of these words. " a href="/docs" { "Show everything" } }
                }
                @for (tag, words) in TAGS { (group(document, url, tag, words, &shown)) }
                (schema::section(document))
            }
        }
    }
}

fn search_form(wanted: &str, shown: usize, all: usize) -> Markup {
    html! {
        form.search role="search" method="get" action="/docs" {
            label for="q" { "Find an operation" }
            div.row {
                input id="q" name="q" type="search" value=(wanted) placeholder="credentials" autocomplete="off";
                button.quiet type="submit" { "Find" }
            }
            p.small role="status" id="found" { (shown) " of " (all) " operations" }
        }
    }
}

fn contents_of(tag: &str, shown: &[&Operation<'_>]) -> Markup {
    let mut operations = shown.iter().filter(|operation| operation.tag() == tag).peekable();
    html! {
        @if operations.peek().is_some() {
            details.group open {
                summary { (tag) }
                ul {
                    @for operation in operations {
                        li data-find=(operation.words()) {
                            a href={ "#" (operation.id()) } { (operation.badge()) " " span.path { (operation.path) } }
                        }
                    }
                }
            }
        }
    }
}

fn introduction(document: &Value, url: &str) -> Markup {
    let words = document["info"]["description"].as_str().unwrap_or_default();
    html! {
        section.card {
            @for paragraph in words.split("\n\n") { p { (schema::prose(paragraph)) } }
            p { "This server is " code { (url) } ". The same as a file: " a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
            h2 id="who-you-are" { "Saying who you are" }
            dl {
                @for (name, scheme) in document["components"]["securitySchemes"].as_object().into_iter().flatten() {
                    dt { code { (name) } }
                    dd { (schema::prose(scheme["description"].as_str().unwrap_or_default())) }
                }
            }
        }
    }
}

fn group(document: &Value, url: &str, tag: &str, words: &str, shown: &[&Operation<'_>]) -> Markup {
    let mut operations = shown.iter().filter(|operation| operation.tag() == tag).peekable();
    html! {
        @if operations.peek().is_some() {
            section.group {
                h2 id={ "group-" (tag.replace([' ', ','], "-")) } { (tag) }
                p.small { (schema::prose(words)) }
                @for operation in operations { (operation.article(document, url)) }
            }
        }
    }
}
