//! What all pages share: the frame, the fields, the page for a problem.

use app::error::Error;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

/// Nothing but our own stylesheet and our own forms.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page on its way out, with the headers that keep it ours.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) body: Markup,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.body.into_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
        response
    }
}

/// Who is looking at a page.
#[derive(Clone, Default)]
pub(crate) struct Viewer {
    /// Their name, when signed in.
    pub(crate) name: Option<String>,
    /// Whether this is a demo.
    pub(crate) is_demo: bool,
}

/// The frame around a page's content.
pub(crate) fn page(title: &str, viewer: &Viewer, content: Markup) -> Page {
    with_status(StatusCode::OK, title, viewer, content)
}

/// The frame, with another status.
#[expect(clippy::needless_pass_by_value, reason = "the content is made for this one page")]
pub(crate) fn with_status(status: StatusCode, title: &str, viewer: &Viewer, content: Markup) -> Page {
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Ownkey" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/style.css";
            }
            body {
                @if viewer.is_demo {
                    p.demo role="note" { "Demo: a scripted provider answers, every key here is made up, and everything is forgotten at the end." }
                }
                header.top {
                    a.brand href="/" { "Ownkey" }
                    @if let Some(name) = &viewer.name {
                        nav aria-label="Pages" {
                            a href="/keys" { "Provider keys" }
                            a href="/tokens" { "Gateway tokens" }
                        }
                        form method="post" action="/logout" {
                            span.who { (name) }
                            button.quiet type="submit" { "Sign out" }
                        }
                    }
                }
                main { (content) }
            }
        }
    };
    Page { status, body }
}

/// A labelled field. `kind` is the input's type.
pub(crate) fn field(label: &str, name: &str, kind: &str, value: &str, autocomplete: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) required;
    }
}

/// What went wrong, above the form it concerns.
pub(crate) fn complaint(sentence: Option<&str>) -> Markup {
    html! {
        @if let Some(sentence) = sentence {
            p.complaint role="alert" { (sentence) }
        }
    }
}

/// The page for an error that no form shows.
pub(crate) fn problem_page(error: &Error, status: StatusCode, request_id: &str) -> Page {
    let title = crate::problem::facts_of(error.code).title;
    with_status(
        status,
        title,
        &Viewer::default(),
        html! {
            section.card {
                h1 { (title) }
                p { (error.sentence) }
                p.small { "Request " code { (request_id) } }
                p { a href="/" { "Go to the start page" } }
            }
        },
    )
}
