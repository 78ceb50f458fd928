//! The use cases: what a caller may do, and what then happens. Knows no HTTP
//! and no HTML; every function takes the caller, so that authority cannot be
//! forgotten.
//!
//! Reading order: the house and its errors, people, keys, models, the call, the
//! records.

pub mod error;
mod house;
pub mod settings;

pub mod administration;
pub mod callers;
pub mod organizations;
mod owners;
pub mod setup;
pub mod sign_in;
pub mod teams;
pub mod tokens;
pub mod users;

pub mod checks;
pub mod credentials;
pub mod environment;
pub mod keyring;
pub mod library;
pub mod origin_moves;
pub mod rechecks;
pub mod references;
pub mod short_keys;
pub mod transfer;
pub mod tries;

pub mod aliases;
pub mod brought;
pub mod budgets;
pub mod cooling;
mod exhausted;
pub mod models;
pub mod naming;
pub mod paying;
pub mod prices;
pub mod reach;
pub mod registry;
pub mod resolving;
mod secrets;
pub mod spending;
pub mod spreads;
pub mod targets;
pub mod terms;

mod attempt;
pub mod call;
mod calling;
pub mod chat;
pub mod conversations;
pub mod counting;
pub mod embeddings;
pub mod kept;
mod kinds;
mod limits;
mod meter;
pub mod opaque;
mod replay;
mod witness;

pub mod audit;
pub mod events;
mod freshness;
mod housekeeping;
pub mod idempotency;
pub mod metrics;
pub mod overview;
pub mod reconcile;
pub mod status;
pub mod unusual;
pub mod usage;

pub use error::{Code, Error, Result};
pub use house::{App, Parts};
pub use settings::Settings;
