//! Every route of the provider in one place: which house and which wire a path belongs to, and who may pass.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};

use crate::flavours;
use crate::gate::{self, Visitor};
use crate::gemini::{self, Action};
use crate::log::Watch;
use crate::messages::{self, Received};
use crate::ollama;
use crate::openai_chat;
use crate::play::{Before, Outgoing};
use crate::refusal::Refusal;
use crate::responses;
use crate::responses::kept::{self, Tail};
use crate::script::FreeDoors;
use crate::sim::Shared;
use crate::wire::{Dialect, House, Wire};

/// Where the various providers keep the same tree; the sim has it under each of them. With a house's name before it
/// (`/mistral/v1`) a path is that house's.
const ROOTS: [(&str, House); 5] = [
    ("/openai/v1", House::Groq),
    ("/api/v1", House::OpenRouter),
    ("/inference/v1", House::Fireworks),
    ("/v1", House::OpenAi),
    ("", House::OpenAi),
];

/// OpenAI's house needs no name: `/openai/…` are paths of Groq and Azure.
const HOUSES: [(&str, House); 11] = [
    ("azure", House::Azure),
    ("anthropic", House::Anthropic),
    ("google", House::Google),
    ("xai", House::XAi),
    ("groq", House::Groq),
    ("mistral", House::Mistral),
    ("openrouter", House::OpenRouter),
    ("fireworks", House::Fireworks),
    ("huggingface", House::HuggingFace),
    ("ollama", House::Ollama),
    ("lmstudio", House::LmStudio),
];

/// One call at the door.
#[derive(Debug)]
struct Knock<'a> {
    shared: &'a Shared,
    parts: &'a Parts,
    body: &'a Bytes,
    watch: &'a Watch,
    /// The path without the house's name.
    path: &'a str,
}

/// A door, and what stands behind it.
#[derive(Debug, PartialEq, Eq)]
enum Door<'a> {
    Models,
    Model(&'a str),
    Chat(Option<&'a str>),
    Embeddings(Option<&'a str>),
    Responses,
    Passed(openai_chat::passed::Door),
    Kept(&'a str, Tail),
    Messages,
    CountTokens,
    Act(&'a str, Action),
    KeyInfo(KeyInfo),
    Local(ollama::Door),
}

/// Key checks in a house's own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyInfo {
    OpenRouter,
    XAi,
    XAiModels,
    HuggingFace,
    LmStudioOld,
}

/// Answers one call; all headers that every answer has are added here.
pub(crate) fn answer(shared: &Shared, parts: &Parts, body: &Bytes, watch: &Watch) -> Outgoing {
    let (house, path) = house_of(parts.uri.path());
    let knock = Knock { shared, parts, body, watch, path };
    let (dialect, door) = knock.door(house);
    let id = format!("req_{:032x}", watch.at());
    let mut outgoing = knock.open(dialect, door).with("x-request-id", &id);
    if parts.method == Method::GET {
        match shared.state().free_doors {
            FreeDoors::Answer => {}
            FreeDoors::Hang => outgoing.before = Before::Hang,
            FreeDoors::Close => outgoing.before = Before::Close,
        }
    }
    match dialect.wire {
        Wire::Messages => outgoing.with("request-id", &id),
        Wire::Gemini | Wire::Ollama => outgoing,
        _ if dialect.house == House::Azure => {
            outgoing.with("apim-request-id", &id).with("x-ms-region", "Sweden Central")
        }
        _ => outgoing
            .with("openai-processing-ms", "12")
            .with("openai-version", "2020-10-01")
            .with("openai-organization", "ownkey-demo"),
    }
}

/// The house a path names, and the rest of the path.
fn house_of(path: &str) -> (Option<House>, &str) {
    let named = path.strip_prefix('/').and_then(|path| {
        HOUSES.iter().find_map(|(name, house)| {
            let rest = path.strip_prefix(name)?;
            rest.starts_with('/').then_some((*house, rest))
        })
    });
    named.map_or((None, path), |(house, rest)| (Some(house), rest))
}

impl<'a> Knock<'a> {
    fn has(&self, header: &str) -> bool {
        self.parts.headers.contains_key(header)
    }

    /// Which wire and house a call is for, and the door; none: there is no such path.
    fn door(&self, house: Option<House>) -> (Dialect, Option<Door<'a>>) {
        let path = self.path.trim_end_matches('/');
        let query = self.parts.uri.query();
        if matches!(house, None | Some(House::Ollama))
            && let Some(door) = ollama::Door::of(path)
        {
            return (Dialect { wire: Wire::Ollama, house: House::Ollama }, Some(Door::Local(door)));
        }
        if let Some(found) = self.google_door(house, path, query) {
            return (Dialect { wire: Wire::Gemini, house: House::Google }, found);
        }
        if let Some(found) = self.azure_door(house, path) {
            return (Dialect { wire: Wire::OpenAiChat, house: House::Azure }, found);
        }
        self.openai_door(house, path)
    }

    fn google_door(&self, house: Option<House>, path: &'a str, query: Option<&str>) -> Option<Option<Door<'a>>> {
        let of_google = house == Some(House::Google) || (house.is_none() && self.has("x-goog-api-key"));
        let tail = path.strip_prefix("/v1beta").filter(|_| matches!(house, None | Some(House::Google)));
        let tail = tail.or_else(|| path.strip_prefix("/v1").filter(|_| of_google));
        let tail = match tail {
            Some(tail) => tail,
            None => return of_google.then_some(None),
        };
        if tail == "/models" {
            return Some(Some(Door::Models));
        }
        let name = tail.strip_prefix("/models/");
        Some(name.and_then(|name| match name.rsplit_once(':') {
            Some((model, action)) => Some(Door::Act(model, Action::named(action, query)?)),
            None => Some(Door::Model(name)),
        }))
    }

    fn azure_door(&self, house: Option<House>, path: &'a str) -> Option<Option<Door<'a>>> {
        let rest = path.strip_prefix("/openai").filter(|_| matches!(house, None | Some(House::Azure)))?;
        if let Some(rest) = rest.strip_prefix("/deployments/") {
            let (deployment, tail) = rest.split_once('/')?;
            return Some(match tail {
                "chat/completions" => Some(Door::Chat(Some(deployment))),
                "embeddings" => Some(Door::Embeddings(Some(deployment))),
                _ => None,
            });
        }
        if rest == "/models" {
            return Some(Some(Door::Models));
        }
        let is_azures = house == Some(House::Azure) || self.has("api-key");
        let tail = rest.strip_prefix("/v1").filter(|_| is_azures)?;
        Some(openai_tail(tail))
    }

    fn openai_door(&self, house: Option<House>, path: &'a str) -> (Dialect, Option<Door<'a>>) {
        let rooted = ROOTS.iter().find_map(|(root, house)| {
            let tail = path.strip_prefix(root).filter(|tail| tail.starts_with('/'))?;
            Some((tail, *house))
        });
        let (tail, root_house) = rooted.unwrap_or((path, House::OpenAi));
        let house = house.unwrap_or(root_house);
        let info = match path {
            "/api/v0/models" => Some(KeyInfo::LmStudioOld),
            "/api/whoami-v2" => Some(KeyInfo::HuggingFace),
            _ => match tail {
                "/key" => Some(KeyInfo::OpenRouter),
                "/api-key" => Some(KeyInfo::XAi),
                "/language-models" => Some(KeyInfo::XAiModels),
                _ => None,
            },
        };
        if let Some(info) = info {
            return (Dialect { wire: Wire::OpenAiChat, house }, Some(Door::KeyInfo(info)));
        }
        let of_anthropic = house == House::Anthropic
            || tail.starts_with("/messages")
            || (self.has("anthropic-version") && tail.starts_with("/models"));
        if of_anthropic {
            let house = if house == House::OpenAi { House::Anthropic } else { house };
            let door = match tail {
                "/messages" => Some(Door::Messages),
                "/messages/count_tokens" => Some(Door::CountTokens),
                "/models" => Some(Door::Models),
                _ => tail.strip_prefix("/models/").map(Door::Model),
            };
            return (Dialect { wire: Wire::Messages, house }, door);
        }
        let door = openai_tail(tail);
        let wire =
            if matches!(door, Some(Door::Responses | Door::Kept(..))) { Wire::Responses } else { Wire::OpenAiChat };
        (Dialect { wire, house }, door)
    }

    /// Asks for method and key, then lets in.
    fn open(&self, dialect: Dialect, door: Option<Door<'a>>) -> Outgoing {
        let (method, path) = (&self.parts.method, self.parts.uri.path());
        let Some(door) = door else { return dialect.refuse(&Refusal::NoSuchPath(method, path)) };
        let wanted = match door {
            Door::Kept(_, tail) => tail.method(method),
            _ => door.method(),
        };
        if *method != wanted {
            return dialect.refuse(&Refusal::WrongMethod(method, path, allowed(&wanted)));
        }
        let visitor = gate::judge(&self.shared.state(), dialect, &self.parts.headers);
        match door {
            Door::KeyInfo(info) => return self.key_info(info, &visitor),
            Door::Local(local) => return ollama::open(self.shared, dialect, local, self.body, (self.watch, &visitor)),
            _ => {}
        }
        let (state, shown) = match &visitor {
            Visitor::Nobody => return dialect.refuse(&Refusal::NoKey),
            Visitor::Holder(state, shown) => (state, shown),
        };
        match gate::turned_away(
            state,
            shown,
            wanted == Method::POST && !matches!(door, Door::CountTokens | Door::Kept(..)),
        ) {
            Some(refusal) => dialect.refuse(&refusal),
            None => self.inside(dialect, &door, shown),
        }
    }

    fn key_info(&self, info: KeyInfo, visitor: &Visitor) -> Outgoing {
        match info {
            KeyInfo::OpenRouter => flavours::openrouter_key(visitor),
            KeyInfo::XAi => flavours::xai_key(visitor),
            KeyInfo::HuggingFace => flavours::huggingface_whoami(visitor),
            KeyInfo::LmStudioOld => flavours::lmstudio_models(),
            KeyInfo::XAiModels => match visitor {
                Visitor::Nobody => Dialect { wire: Wire::OpenAiChat, house: House::XAi }.refuse(&Refusal::NoKey),
                Visitor::Holder(..) => flavours::xai_models(),
            },
        }
    }

    fn inside(&self, dialect: Dialect, door: &Door<'_>, shown: &str) -> Outgoing {
        let Self { shared, body, watch, .. } = *self;
        let query = self.parts.uri.query();
        let received = Received { headers: &self.parts.headers, body, watch, shown };
        match (dialect.wire, door) {
            (Wire::Messages, Door::Models) => messages::models::list(&shared.models, query),
            (Wire::Messages, Door::Model(id)) => messages::models::one(&shared.models, id),
            (Wire::Gemini, Door::Models) => gemini::models::list(&shared.models, query),
            (Wire::Gemini, Door::Model(id)) => gemini::models::one(&shared.models, id),
            (_, Door::Models) => flavours::models(&shared.models, dialect.house, self.path),
            (_, Door::Model(id)) => match crate::models::one(&shared.models, id) {
                Some(model) => Outgoing::json(StatusCode::OK, model),
                None => dialect.refuse(&Refusal::NoSuchModel(id)),
            },
            (_, Door::Chat(deployment)) => openai_chat::chat(shared, dialect, *deployment, body, watch, shown),
            (_, Door::Embeddings(deployment)) => {
                openai_chat::embeddings::embed(shared, dialect, *deployment, body, watch, shown)
            }
            (_, Door::Passed(door)) => {
                let kind = self.parts.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
                openai_chat::passed::answer(shared, dialect, *door, (kind.unwrap_or(""), body), (watch, shown))
            }
            (_, Door::Responses) => responses::create(shared, dialect, body, watch, shown),
            (_, Door::Kept(id, tail)) => kept::answer(shared, (id, *tail), &self.parts.method, shown),
            (_, Door::Messages) => messages::create(shared, dialect, &received),
            (_, Door::CountTokens) => messages::count(shared, dialect, &received),
            (_, Door::Act(model, action)) => gemini::act(shared, dialect, (model, *action), body, (watch, shown)),
            (_, Door::KeyInfo(_) | Door::Local(_)) => {
                dialect.refuse(&Refusal::NoSuchPath(&self.parts.method, self.path))
            }
        }
    }
}

impl Door<'_> {
    fn method(&self) -> Method {
        match self {
            Self::Models | Self::Model(_) | Self::KeyInfo(_) => Method::GET,
            Self::Local(door) => door.method(),
            _ => Method::POST,
        }
    }
}

fn allowed(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::DELETE => "DELETE",
        _ => "POST",
    }
}

fn openai_tail(tail: &str) -> Option<Door<'_>> {
    Some(match tail {
        "/models" => Door::Models,
        "/chat/completions" => Door::Chat(None),
        "/embeddings" => Door::Embeddings(None),
        "/responses" => Door::Responses,
        _ => match (tail.strip_prefix("/responses/").and_then(Tail::of), openai_chat::passed::Door::of(tail)) {
            (Some((id, asked)), _) => Door::Kept(id, asked),
            (None, Some(door)) => Door::Passed(door),
            (None, None) => Door::Model(tail.strip_prefix("/models/")?),
        },
    })
}
