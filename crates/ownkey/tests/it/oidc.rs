//! Signing in through an OpenID provider: one that says what a test has it say,
//! and a real one in a process of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod confirming;
mod groups;
mod hostile;
mod journeys;
mod leaving;
mod passwords;
mod real;
mod scripted;
mod travel;

pub(crate) use real::RealProvider;
pub(crate) use scripted::settings;
