//! The pages: plain forms that work without any script.

mod docs;
mod forms;
mod home;
mod keys;
mod links;
mod sign_in;
mod tokens;
pub(crate) mod view;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::router::{Door, quiet_door};

/// The one stylesheet.
const STYLE: &str = include_str!("ui/style.css");

/// The mark: a key's bow and bit.
const ICON: &str = include_str!("ui/icon.svg");

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![
        quiet_door(Method::GET, "/assets/style.css", Need::Nothing, get(style)),
        quiet_door(Method::GET, "/assets/icon.svg", Need::Nothing, get(icon)),
    ];
    doors.extend(docs::doors());
    doors.extend(home::doors());
    doors.extend(sign_in::doors());
    doors.extend(links::doors());
    doors.extend(keys::doors());
    doors.extend(tokens::doors());
    doors
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")], STYLE).into_response()
}

async fn icon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON).into_response()
}
