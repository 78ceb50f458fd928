//! For tests only: a whole house in this process, with the scripted provider
//! behind it and people in front of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test kit fails the test by panicking"
)]

pub mod bill;
mod browser;
mod client;
mod database;
mod described;
mod events;
mod house;
mod node;
mod process;
mod raw;
mod redis;
mod site;
mod wait;

pub use browser::{Browser, Found, Tab, View};
pub use client::{Answer, Client};
pub use database::{PostgresDatabase, RawDatabase, postgres_url};
pub use events::{Event, EventReader, events, next_bytes};
pub use house::{House, Options, PASSWORD, Person, chat_body};
pub use node::{MASTER_KEY, Node};
pub use process::{Exit, Process, Said, run};
pub use raw::{RawProvider, RawRequest, RawScript, RawStep};
pub use redis::Redis;
pub use site::{Page, SITE, Site};
pub use wait::{eventually, promptly};
