//! What happens, told to whoever listens: keys that change or turn bad, models
//! that come and go, calls that were made.
//!
//! Each node reads the feeds of changes and of health on its own while somebody
//! listens to it, so that events cross processes and nodes, and a reader who
//! comes back can be told what they missed. While nobody listens nothing is read.

mod feed;
mod hub;
mod stream;
mod telling;
mod usage;
pub mod webhook;

pub use feed::Cursor;
pub use stream::{EventStream, Piece, Resume, open};
pub use telling::EventName;

pub(crate) use hub::{Events, run};
