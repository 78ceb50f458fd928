//! What is known about a model: limits, abilities, price. The catalogue brings
//! it, and a key's live list may correct it.

use serde::{Deserialize, Serialize};

use crate::money::Price;
use crate::provider::{ProviderId, WireName};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Chats.
    Chat,
    /// Turns texts into vectors.
    Embedding,
    /// Anything else a provider lists: audio, images, moderation.
    Other,
}

/// Where a model stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelStatus {
    /// Served and current.
    Active,
    /// Served; its end is announced.
    Deprecated,
    /// Served; superseded or in doubt.
    Legacy,
    /// Calls fail.
    Retired,
}

/// What a model can take and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Calls functions.
    pub tools: bool,
    /// Reads images.
    pub vision: bool,
    /// Answers by a JSON schema.
    pub json_schema: bool,
    /// Thinks before it answers.
    pub reasoning: bool,
}

/// What becomes of temperature, `top_p` and their like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// They are taken.
    #[default]
    Taken,
    /// They change nothing.
    Ignored,
    /// The call fails with them.
    #[serde(rename = "rejected")]
    Refused,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Thinking {
    /// With a number of tokens, or not known.
    #[default]
    Budget,
    /// As hard as it finds right, with a hint.
    Adaptive,
    /// The same, and it cannot be switched off.
    AlwaysAdaptive,
}

/// What a model refuses that its provider's others take.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Restrictions {
    /// Its way with temperature and the like.
    pub sampling: Sampling,
    /// Its way to think.
    pub thinking: Thinking,
    /// It cannot be made to call a function.
    pub refuses_forced_tools: bool,
    /// It does not go on with a begun answer.
    pub refuses_prefill: bool,
    /// The efforts it takes, the least first; empty: not known.
    pub efforts: Vec<String>,
    /// The effort it has when none is named.
    pub default_effort: Option<String>,
}

/// One model of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFacts {
    /// The provider that serves it.
    pub provider: ProviderId,
    /// The provider's id for it.
    pub id: String,
    /// Other ids the provider knows it by.
    pub aliases: Vec<String>,
    /// The name people read.
    pub display_name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Where it stands in its life.
    pub status: ModelStatus,
    /// The one to suggest first at this provider.
    pub is_recommended: bool,
    /// Prompt plus completion, in tokens.
    pub context_window: Option<u64>,
    /// The longest completion, in tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The formats it is served in; empty: its provider's.
    pub wires: Vec<WireName>,
    /// What it refuses.
    pub restrictions: Restrictions,
    /// What it costs; `None`: unknown, which is never free.
    pub price: Option<Price>,
    /// The day it ends, `2026-12-11`.
    pub deprecation_date: Option<String>,
    /// What to use instead.
    pub replacement: Option<String>,
}

/// A model as a key's live list names it. Every field but the id may be absent.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListedModel {
    /// The provider's id.
    pub id: String,
    /// The name people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is for, where the list says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ModelKind>,
    /// Prompt plus completion, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// The longest completion, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What it can do, where the list says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// The formats it is served in, where they are not its provider's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wires: Vec<WireName>,
    /// What it costs, where the list says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Seconds since the epoch, where the list says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
}
