//! The models it has: `models.json`, or what the script lists.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::play::Outgoing;
use crate::script::Models;
use crate::wire::House;

/// Whose models a house lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Maker {
    #[default]
    OpenAi,
    Anthropic,
    Google,
    Ollama,
}

/// One line of `models.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) id: String,
    #[serde(default)]
    maker: Maker,
    kind: String,
    #[serde(default)]
    created: u64,
    #[serde(default)]
    owned_by: String,
    snapshot: Option<String>,
    shutdown_date: Option<String>,
    pub(crate) dimensions: Option<usize>,
    /// The name people know.
    pub(crate) name: Option<String>,
    /// Tokens it reads at most.
    #[serde(default)]
    pub(crate) context: u64,
    /// Tokens it writes at most.
    #[serde(default)]
    pub(crate) most: u64,
    /// What it refuses: `sampling`, `budget`, `adaptive`, `forced`, `tools`, `thinking`, `system`.
    #[serde(default)]
    refuses: Vec<String>,
}

impl Model {
    /// Whether it makes vectors.
    pub(crate) fn is_for_vectors(&self) -> bool {
        self.kind == "embedding"
    }
}

static BUILTIN: LazyLock<Vec<Model>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../models.json")).unwrap_or_default());

/// What the houses have that are not makers of the built-in models.
static HOUSES: LazyLock<HashMap<String, Vec<String>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../houses.json")).unwrap_or_default());

/// A model as the list shows it.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shutdown_date: Option<&'a str>,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Line<'a>>,
}

/// A model that a call may use: the name its answers carry, and its vector length if it makes vectors.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usable {
    pub(crate) snapshot: String,
    pub(crate) dimensions: Option<usize>,
}

/// `GET /models`.
pub(crate) fn list(models: &Models) -> Outgoing {
    let data = match models {
        Models::Builtin | Models::Any | Models::Own => of(Maker::OpenAi).map(line).collect(),
        Models::Listed(ids) => ids.iter().map(|id| unknown_line(id)).collect(),
    };
    let list = List { object: "list", data };
    Outgoing::json(StatusCode::OK, serde_json::to_vec(&list).unwrap_or_default())
}

/// `GET /models/{id}`.
pub(crate) fn one(models: &Models, id: &str) -> Option<Vec<u8>> {
    let line = match models {
        Models::Builtin => builtin(id).map(line)?,
        Models::Any => builtin(id).map_or_else(|| unknown_line(id), line),
        Models::Own => builtin(id).map(line).or_else(|| is_a_houses(id).then(|| unknown_line(id)))?,
        Models::Listed(ids) => unknown_line(ids.iter().find(|listed| *listed == id)?),
    };
    serde_json::to_vec(&line).ok()
}

/// The built-in models of a maker.
pub(crate) fn of(maker: Maker) -> impl Iterator<Item = &'static Model> {
    BUILTIN.iter().filter(move |model| model.maker == maker)
}

/// The ids that a maker's list shows.
pub(crate) fn listed(models: &Models, maker: Maker) -> Vec<&str> {
    match models {
        Models::Builtin | Models::Any | Models::Own => of(maker).map(|model| model.id.as_str()).collect(),
        Models::Listed(ids) => ids.iter().map(String::as_str).collect(),
    }
}

/// The ids that a house lists, where they are not the maker's.
pub(crate) fn listed_at(models: &Models, house: House, maker: Maker) -> Vec<&str> {
    let own = house.name().and_then(|name| HOUSES.get(name));
    match own.filter(|_| matches!(models, Models::Own)) {
        Some(own) => own.iter().map(String::as_str).collect(),
        None => listed(models, maker),
    }
}

fn is_a_houses(id: &str) -> bool {
    HOUSES.values().flatten().any(|listed| listed == id)
}

/// What is known of a model.
pub(crate) fn known(id: &str) -> Option<&'static Model> {
    builtin(id)
}

/// Whether the model refuses this.
pub(crate) fn refuses(id: &str, what: &str) -> bool {
    builtin(id).is_some_and(|model| model.refuses.iter().any(|refused| refused == what))
}

/// The model a call names, if the provider has it and it is for that.
pub(crate) fn usable(models: &Models, maker: Maker, id: &str, for_vectors: bool) -> Option<Usable> {
    let known = builtin(id).map(|model| {
        let snapshot = model.snapshot.as_ref().unwrap_or(&model.id).clone();
        (
            model.maker == maker && model.is_for_vectors() == for_vectors,
            Usable { snapshot, dimensions: model.dimensions },
        )
    });
    let unknown = || Usable { snapshot: id.to_owned(), dimensions: None };
    match models {
        Models::Builtin => known.filter(|(fits, _)| *fits).map(|(_, usable)| usable),
        Models::Any => Some(known.map_or_else(unknown, |(_, usable)| usable)),
        Models::Own if is_a_houses(id) => Some(known.map_or_else(unknown, |(_, usable)| usable)),
        Models::Own => known.filter(|(fits, _)| *fits).map(|(_, usable)| usable),
        Models::Listed(ids) => {
            let listed = ids.iter().any(|listed| listed == id);
            listed.then(|| known.map_or_else(unknown, |(_, usable)| usable))
        }
    }
}

fn builtin(id: &str) -> Option<&'static Model> {
    BUILTIN.iter().find(|model| model.id == id || model.snapshot.as_deref() == Some(id))
}

fn line(model: &Model) -> Line<'_> {
    Line {
        id: &model.id,
        object: "model",
        created: model.created,
        owned_by: &model.owned_by,
        shutdown_date: model.shutdown_date.as_deref(),
    }
}

fn unknown_line(id: &str) -> Line<'_> {
    builtin(id)
        .map_or(Line { id, object: "model", created: 1_790_000_000, owned_by: "system", shutdown_date: None }, line)
}
