//! Aliases: names that stand for models of one or several providers, and which
//! of them is asked first.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::credential::{Owner, Scope};
use crate::ids::{AliasId, TeamId};
use crate::provider::ProviderId;
use crate::time::Timestamp;

/// The longest name, in characters.
pub const NAME_CHARACTERS: usize = 128;

/// The longest model id of a target, in characters.
pub const MODEL_CHARACTERS: usize = 256;

/// The most targets of one alias.
pub const TARGETS: usize = 20;

/// The greatest weight of a target.
pub const GREATEST_WEIGHT: u32 = 1_000;

/// Which target is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The first; each further one when those before it cannot answer.
    #[default]
    Ordered,
    /// One drawn by weight; the others after it, the heaviest first.
    Weighted,
}

crate::text_enum!(Mode, "alias mode" { Ordered => "ordered", Weighted => "weighted" });

/// A model that an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its provider.
    pub provider: ProviderId,
    /// The provider's id of it; at custom endpoints `slug/id`.
    pub model: String,
    /// How often it is drawn, compared to the others; 0: only when they cannot
    /// answer.
    pub weight: u32,
}

impl Target {
    /// Whose keys may pay: the provider, or `custom:<slug>`.
    #[must_use]
    pub fn namespace(&self) -> String {
        match self.slug() {
            Some((slug, _)) => format!("{}:{slug}", self.provider),
            None => self.provider.to_string(),
        }
    }

    /// The id its provider is called with.
    #[must_use]
    pub fn upstream_id(&self) -> &str {
        self.slug().map_or(&self.model, |(_, id)| id)
    }

    /// How a client would name it without the alias.
    #[must_use]
    pub fn written(&self) -> String {
        match self.slug() {
            Some(_) => self.model.clone(),
            None => format!("{}/{}", self.provider, self.model),
        }
    }

    fn slug(&self) -> Option<(&str, &str)> {
        self.model.split_once('/').filter(|_| self.provider == ProviderId::Custom)
    }
}

/// A name with what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its id; calls may name it by this, too.
    pub id: AliasId,
    /// Whose it is; the server's are everybody's.
    pub owner: Owner,
    /// The teams that may name it; `None`: everybody who sees it.
    pub teams: Option<Vec<TeamId>>,
    /// The name.
    pub name: String,
    /// Which target is asked first.
    pub mode: Mode,
    /// What it stands for, in its owner's order.
    pub targets: Vec<Target>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Alias {
    /// Whose it is.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.owner.scope()
    }
}

/// Why an alias is not taken. `Display` is a sentence's end: "alias …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AliasProblem {
    /// No name.
    #[error("is empty: type at least one character")]
    NoName,
    /// More than fits.
    #[error("is {0} characters long; at most {NAME_CHARACTERS} fit")]
    NameTooLong(usize),
    /// A character that some client or address could not carry.
    #[error("contains “{0}”; only A-Z, a-z, 0-9 and . _ : / - are taken")]
    NameCharacter(char),
    /// `/` at an end, or twice in a row: routes would read another name.
    #[error("has an empty part beside a “/”; leave the slash out")]
    NameSlash,
}

/// Why targets are not taken. `Display` is a sentence's end: "targets …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetsProblem {
    /// None, or too many.
    #[error("has {0} entries; give 1 to {TARGETS}")]
    Count(usize),
    /// The same model twice.
    #[error("names {0} twice; give it once, with the weight of both")]
    Twice(String),
    /// No slug before the model of a custom endpoint.
    #[error("needs slug/model for a custom endpoint, as /v1/models lists it")]
    NoSlug,
    /// Heavier than taken.
    #[error("has a weight above {GREATEST_WEIGHT}; smaller numbers with the same ratios do the same")]
    TooHeavy,
    /// Weighted, and nothing could be drawn.
    #[error("weighs nothing; give at least one target a weight above 0, or use the mode ordered")]
    Weightless,
}

/// A name as it may be.
///
/// # Errors
/// Says what is wrong with it.
pub fn name(raw: &str) -> Result<String, AliasProblem> {
    let name = raw.trim();
    let length = name.chars().count();
    let is_taken = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '-');
    if name.is_empty() {
        Err(AliasProblem::NoName)
    } else if length > NAME_CHARACTERS {
        Err(AliasProblem::NameTooLong(length))
    } else if let Some(other) = name.chars().find(|c| !is_taken(c)) {
        Err(AliasProblem::NameCharacter(other))
    } else if name.split('/').any(str::is_empty) {
        Err(AliasProblem::NameSlash)
    } else {
        Ok(name.to_owned())
    }
}

/// Passes when `targets` make an alias of this mode.
///
/// # Errors
/// Says what is wrong with them.
pub fn check_targets(mode: Mode, targets: &[Target]) -> Result<(), TargetsProblem> {
    if targets.is_empty() || targets.len() > TARGETS {
        return Err(TargetsProblem::Count(targets.len()));
    }
    for (at, target) in targets.iter().enumerate() {
        let is_same = |other: &Target| other.provider == target.provider && other.model == target.model;
        if targets.iter().take(at).any(is_same) {
            return Err(TargetsProblem::Twice(target.written()));
        }
        if target.provider == ProviderId::Custom
            && target.slug().is_none_or(|(slug, id)| slug.is_empty() || id.is_empty())
        {
            return Err(TargetsProblem::NoSlug);
        }
        if target.weight > GREATEST_WEIGHT {
            return Err(TargetsProblem::TooHeavy);
        }
    }
    let is_weightless = targets.iter().all(|target| target.weight == 0);
    if mode == Mode::Weighted && is_weightless { Err(TargetsProblem::Weightless) } else { Ok(()) }
}

/// Places in the order in which they are asked. `weights` are those of the
/// targets, 0 for one that nobody's key opens; `draw` is any number, and `None`
/// asks for the order without chance.
#[must_use]
pub fn order(mode: Mode, weights: &[u32], draw: Option<u128>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..weights.len()).collect();
    if mode == Mode::Ordered {
        return places;
    }
    let weight = |place: usize| weights.get(place).copied().unwrap_or(0);
    places.sort_by_key(|place| std::cmp::Reverse(weight(*place)));
    let total: u128 = weights.iter().copied().map(u128::from).sum();
    let Some(mut left) = draw.and_then(|draw| draw.checked_rem(total)) else { return places };
    // Counted in the owner's order, so that a draw means the same after a sort.
    for (place, weight) in weights.iter().copied().map(u128::from).enumerate() {
        if left < weight {
            places.retain(|other| *other != place);
            places.insert(0, place);
            break;
        }
        left -= weight;
    }
    places
}

/// A draw that is the same for all calls of one conversation: what one provider
/// gave to be brought back, and its cache of the prompt, stay of use.
#[must_use]
pub fn draw_of(alias: AliasId, conversation: &str) -> u128 {
    Uuid::new_v5(&alias.0, conversation.as_bytes()).as_u128()
}

#[cfg(test)]
mod tests;
