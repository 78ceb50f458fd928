//! For tests only: a whole house in this process, with the scripted provider
//! behind it and people in front of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test kit fails the test by panicking"
)]

mod client;
mod database;
mod house;

pub use client::{Answer, Client};
pub use database::postgres_url;
pub use house::{House, Options, PASSWORD, Person, chat_body};
