//! Every route of the provider in one place.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};

use crate::flavours;
use crate::gate::{self, Visitor};
use crate::log::Watch;
use crate::openai_chat::{self, errors};
use crate::play::{Before, Outgoing};
use crate::script::{FreeDoors, KeyState};
use crate::sim::Shared;

/// Where the various providers keep the same tree; the sim has it under each of them.
const ROOTS: [&str; 5] = ["/openai/v1", "/api/v1", "/inference/v1", "/v1", ""];

/// Answers one call; all headers that every answer has are added here.
pub(crate) fn answer(shared: &Shared, parts: &Parts, body: &Bytes, watch: &Watch) -> Outgoing {
    let path = parts.uri.path();
    let outgoing = match native_door(path) {
        Some(answer) if parts.method == Method::GET => answer,
        Some(_) => errors::wrong_method(&parts.method, path, "GET"),
        None => openai_door(shared, parts, body, watch),
    };
    let mut outgoing = outgoing;
    if parts.method == Method::GET {
        match shared.state().free_doors {
            FreeDoors::Answer => {}
            FreeDoors::Hang => outgoing.before = Before::Hang,
            FreeDoors::Close => outgoing.before = Before::Close,
        }
    }
    outgoing
        .with("x-request-id", &format!("req_{:032x}", watch.at()))
        .with("openai-processing-ms", "12")
        .with("openai-version", "2020-10-01")
        .with("openai-organization", "ownkey-demo")
}

/// Doors of local servers, which ask for no key.
fn native_door(path: &str) -> Option<Outgoing> {
    match path {
        "/api/version" => Some(flavours::ollama_version()),
        "/api/tags" => Some(flavours::ollama_tags()),
        "/api/v0/models" => Some(flavours::lmstudio_models()),
        _ => None,
    }
}

fn openai_door(shared: &Shared, parts: &Parts, body: &Bytes, watch: &Watch) -> Outgoing {
    let path = parts.uri.path();
    let tail = ROOTS.iter().find_map(|root| path.strip_prefix(root).filter(|tail| tail.starts_with('/')));
    let tail = tail.unwrap_or(path).trim_end_matches('/');
    let model = tail.strip_prefix("/models/");
    let wanted = match tail {
        "/models" | "/key" | "/api-key" | "/language-models" => Method::GET,
        "/chat/completions" | "/embeddings" => Method::POST,
        _ if model.is_some() => Method::GET,
        _ => return errors::no_such_path(&parts.method, path),
    };
    if parts.method != wanted {
        return errors::wrong_method(&parts.method, path, wanted.as_str());
    }
    let visitor = gate::judge(&shared.state(), &parts.headers);
    match tail {
        "/key" => return flavours::openrouter_key(&visitor),
        "/api-key" => return flavours::xai_key(&visitor),
        _ => {}
    }
    let (state, shown) = match visitor {
        Visitor::Nobody => return errors::no_key(),
        Visitor::Holder(state, shown) => (state, shown),
    };
    match (&state, wanted == Method::POST) {
        (KeyState::Invalid401, _) => return errors::wrong_key(&shown),
        (KeyState::Blocked, _) => return errors::blocked_key(),
        (KeyState::RestrictedNoList403, false) => return errors::missing_scope(),
        (KeyState::NoCredit429, true) => return errors::no_credit(),
        (KeyState::RateLimited { reset }, true) => return errors::rate_limited(*reset),
        _ => {}
    }
    match tail {
        "/models" => openai_chat::models::list(&shared.models),
        "/language-models" => flavours::xai_models(),
        "/chat/completions" => openai_chat::chat(shared, body, watch, &shown),
        "/embeddings" => openai_chat::embeddings::embed(shared, body, watch, &shown),
        _ => match model.and_then(|id| openai_chat::models::one(&shared.models, id)) {
            Some(model) => Outgoing::json(StatusCode::OK, model),
            None => errors::no_such_model(model.unwrap_or_default()),
        },
    }
}
