//! `/theme`: whether the pages are light or dark in this browser.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::access::Need;
use http::header::{REFERER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde::Deserialize;

use super::forms::{Anybody, THEME_COOKIE};
use super::view::Theme;
use crate::body::Form;
use crate::router::{Door, Shared, quiet_door};

/// How long a browser remembers, in seconds.
const A_YEAR: u32 = 31_536_000;

pub(super) fn doors() -> Vec<Door> {
    vec![quiet_door(Method::POST, "/theme", Need::Nothing, post(choose_theme))]
}

#[derive(Deserialize)]
struct ThemeForm {
    #[serde(default)]
    theme: String,
}

async fn choose_theme(
    State(_): State<Shared>,
    _: Anybody,
    headers: HeaderMap,
    Form(form): Form<ThemeForm>,
) -> Response {
    let theme = Theme::named(&form.theme).as_str();
    let mut response = Redirect::to(&came_from(&headers)).into_response();
    let cookie = format!("{THEME_COOKIE}={theme}; Path=/; Max-Age={A_YEAR}; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The page the form was on; never another site.
fn came_from(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let path = referer.and_then(|text| text.parse::<Uri>().ok()).and_then(|uri| uri.path_and_query().cloned());
    match path {
        Some(path) if path.as_str().starts_with('/') && !path.as_str().starts_with("//") => path.to_string(),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_back_to_a_page_of_this_house() {
        let from = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, referer.parse().unwrap());
            came_from(&headers)
        };
        assert_eq!(from("http://127.0.0.1:8000/keys?provider=openai"), "/keys?provider=openai");
        assert_eq!(from("http://127.0.0.1:8000//evil.example"), "/");
        assert_eq!(from("nonsense"), "/");
        assert_eq!(came_from(&HeaderMap::new()), "/");
    }
}
