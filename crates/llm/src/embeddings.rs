//! Vectors of texts: what clients ask in OpenAI's or Google's format, in
//! nobody's dialect, and in each provider's. Where both sides speak alike the
//! client's bytes pass with their model rewritten.
//!
//! Source: the providers' API references as of November 2026.

pub mod client;
pub mod provider;

mod numbers;

use domain::usage::TokenCounts;

use crate::neutral::Extra;

pub use client::{Form, fit_answer};
pub use provider::Dialect;

/// Texts to be made into vectors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingRequest {
    /// The model as the caller named it.
    pub model: String,
    /// The texts, each of which becomes a vector.
    pub input: Vec<Input>,
    /// How many numbers a vector has; `None`: as many as the model has.
    pub dimensions: Option<u64>,
    /// How the client wants the vectors written.
    pub encoding: Encoding,
    /// Who asks, as the client names them.
    pub user: Option<String>,
    /// What the vectors are for, in Google's words: `RETRIEVAL_QUERY`.
    pub task: Option<String>,
    /// The document's title, at Google.
    pub title: Option<String>,
    /// Fields of the client's body that have no neutral word.
    pub extras: Vec<Extra>,
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// As words.
    Text(String),
    /// As tokens of the model's own, which no other model can read.
    Tokens(Vec<u64>),
}

impl Input {
    /// About how many characters it has, for estimates: four a token.
    #[must_use]
    pub fn characters(&self) -> u64 {
        match self {
            Self::Text(text) => text.chars().count() as u64,
            Self::Tokens(tokens) => tokens.len() as u64 * 4,
        }
    }
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// The numbers' bytes (32 bits each, the least first) in base64.
    Base64,
}

/// The vectors, in the order of the texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingAnswer {
    /// The model that made them, as the provider names it; may be empty.
    pub model: String,
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// What it used; `None`: not said, or not believable.
    pub usage: Option<TokenCounts>,
    /// Counts were sent that no call can have.
    pub usage_is_absurd: bool,
    /// What the provider says it costs.
    pub cost: Option<domain::Nanos>,
}

#[cfg(test)]
mod tests;
