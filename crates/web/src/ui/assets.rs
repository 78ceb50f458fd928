//! Stylesheets, scripts and pictures of the pages. Their addresses carry what
//! they contain, so that a browser keeps them for good and never has an old one.

use std::io::Read as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use domain::access::Need;
use flate2::Compression;
use flate2::read::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, Method, StatusCode};

use crate::router::{Door, quiet_door};

/// Every file: its name, its type, its content.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("style.css")),
    ("keys.css", CSS, include_str!("style/keys.css")),
    ("chat.css", CSS, include_str!("style/chat.css")),
    ("models.css", CSS, include_str!("style/models.css")),
    ("playground.css", CSS, include_str!("style/playground.css")),
    ("usage.css", CSS, include_str!("style/usage.css")),
    ("status.css", CSS, include_str!("style/status.css")),
    ("tokens.css", CSS, include_str!("style/tokens.css")),
    ("budgets.css", CSS, include_str!("style/budgets.css")),
    ("admin.css", CSS, include_str!("style/admin.css")),
    ("prices.css", CSS, include_str!("style/prices.css")),
    ("docs.css", CSS, include_str!("docs/docs.css")),
    ("docs.js", SCRIPT, include_str!("docs/docs.js")),
    ("core.js", SCRIPT, include_str!("script/core.js")),
    ("events.js", SCRIPT, include_str!("script/events.js")),
    ("keys.js", SCRIPT, include_str!("script/keys.js")),
    ("paste.js", SCRIPT, include_str!("script/paste.js")),
    ("chat.js", SCRIPT, include_str!("script/chat.js")),
    ("answer.js", SCRIPT, include_str!("script/answer.js")),
    ("files.js", SCRIPT, include_str!("script/files.js")),
    ("sheet.js", SCRIPT, include_str!("script/sheet.js")),
    ("models.js", SCRIPT, include_str!("script/models.js")),
    ("playground.js", SCRIPT, include_str!("script/playground.js")),
    ("usage.js", SCRIPT, include_str!("script/usage.js")),
    ("prices.js", SCRIPT, include_str!("script/prices.js")),
    ("tokens.js", SCRIPT, include_str!("script/tokens.js")),
    ("alias.js", SCRIPT, include_str!("script/alias.js")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The version of all files together: scripts import one another without one.
const VERSION: u64 = {
    let (mut hash, mut file) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while file < ASSETS.len() {
        let (bytes, mut at) = (ASSETS[file].2.as_bytes(), 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
};

pub(super) fn doors() -> Vec<Door> {
    vec![
        quiet_door(Method::GET, "/assets/{version}/{name}", Need::Nothing, get(show_versioned)),
        quiet_door(Method::GET, "/assets/{name}", Need::Nothing, get(show)),
    ]
}

/// Where a file is.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{VERSION:016x}/{name}")
}

async fn show_versioned(Path((_, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    file(&name, &headers, "public, max-age=31536000, immutable")
}

async fn show(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&name, &headers, "public, max-age=300")
}

fn file(name: &str, headers: &HeaderMap, kept: &'static str) -> Response {
    let Some(place) = ASSETS.iter().position(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (_, kind, content) = ASSETS[place];
    let about = [(CONTENT_TYPE, kind), (CACHE_CONTROL, kept), (VARY, "accept-encoding")];
    match &COMPRESSED[place] {
        Some(small) if takes_gzip(headers) => (about, [(CONTENT_ENCODING, "gzip")], small.clone()).into_response(),
        _ => (about, content).into_response(),
    }
}

/// Whether gzip is named, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0)
    })
}

/// The files again, for browsers that take them small. Pages are never
/// compressed: the length of one that mixes what is kept secret with what
/// somebody else wrote tells about both.
static COMPRESSED: LazyLock<Vec<Option<Bytes>>> = LazyLock::new(|| {
    let compressed = |content: &str| {
        let mut out = Vec::new();
        GzEncoder::new(content.as_bytes(), Compression::best()).read_to_end(&mut out).ok().map(|_| out.into())
    };
    ASSETS.iter().map(|(.., content)| compressed(content)).collect()
});
