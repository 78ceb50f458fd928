//! `/`: where one begins.

use app::setup;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;

use super::forms::Anybody;
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    vec![quiet_door(Method::GET, "/", Need::Nothing, get(show_start))]
}

/// To the chat, to `/login`, or to the sentence about set-up.
async fn show_start(State(shared): State<Shared>, visitor: Anybody) -> Result<Response, Failure> {
    let to = match visitor.caller {
        Some(_) => "/chat",
        None if setup::is_needed(&shared.app).await? => "/setup",
        None => "/login",
    };
    Ok(Redirect::to(to).into_response())
}
