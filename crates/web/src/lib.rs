//! HTTP inwards: the router, who may pass, the dialects of errors, and the
//! pages. The only crate that knows it is spoken to over HTTP.
//!
//! Reading order: the way in, the doors, what is behind them.

pub mod paths;
pub mod serve;

pub mod auth;
pub mod body;
mod calls;
mod idempotent;
mod model_pages;
pub mod origins;
pub mod problem;
pub mod rim;
mod visitor;
mod wishes;

pub mod openapi;
pub mod router;
mod strays;

mod anthropic;
mod api;
mod gemini;
mod openai;
mod operations;
mod ui;
