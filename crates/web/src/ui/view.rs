//! What all pages share: the frame around them, and the parts they are made of.
//! Functions of values; nothing here waits for anything.

mod chrome;
mod icons;
mod parts;

use app::error::Error;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::{Markup, html};

pub(crate) use chrome::{Person, Place, Theme, Viewer};
pub(crate) use icons::{Icon, icon};
pub(crate) use parts::{
    badge, clock_time, complaint, copyable, empty, field, first_field, key_state, sentence, tile, time,
};

/// Nothing but our own style, scripts and forms; what a script writes into a
/// page goes through its one policy.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data: blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types ownkey";

/// How a page's content fills the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A column.
    #[default]
    Column,
    /// One small card.
    Narrow,
    /// A wide column, for tables.
    Wide,
    /// All of it.
    Whole,
}

/// A page on its way out.
pub(crate) struct Page {
    status: StatusCode,
    title: String,
    viewer: Viewer,
    place: Option<Place>,
    shape: Shape,
    scripts: Vec<&'static str>,
    content: Markup,
}

/// A page for `viewer`.
pub(crate) fn page(title: &str, viewer: &Viewer, content: Markup) -> Page {
    Page {
        status: StatusCode::OK,
        title: title.to_owned(),
        viewer: viewer.clone(),
        place: None,
        shape: Shape::Column,
        scripts: Vec::new(),
        content,
    }
}

/// A page with another status.
pub(crate) fn with_status(status: StatusCode, title: &str, viewer: &Viewer, content: Markup) -> Page {
    Page { status, ..page(title, viewer, content) }
}

impl Page {
    /// Marks where in the house this is.
    pub(crate) fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Fills the window in another way.
    pub(crate) fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// Adds a script of its own.
    pub(crate) fn with_script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let is_signed_in = self.viewer.person.is_some();
        let mut response = (self.status, Html(chrome::around(&self).into_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
        if is_signed_in {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

/// The page for an error that no form shows.
pub(crate) fn problem_page(error: &Error, status: StatusCode, request_id: &str) -> Page {
    let title = crate::problem::facts_of(error.code).title;
    let content = html! {
        section.card {
            h1 { (title) }
            p { (sentence(&error.sentence)) }
            p.small { "Request " code { (request_id) } }
            p { a href="/" { "Go to the start page" } }
        }
    };
    with_status(status, title, &Viewer::default(), content).shaped(Shape::Narrow)
}
