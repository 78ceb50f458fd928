//! Speaking to providers: the formats on the line, the one client that goes
//! out, the checks of keys and the lists of models. Knows no user and no
//! database.
//!
//! Reading order: what can go wrong, the bytes, the formats, the way out.

pub mod upstream_error;

pub mod json_scan;
pub mod lines;
pub mod sse;

pub mod neutral;
pub mod parameters;
pub mod wire;

pub mod embeddings;
pub mod media;
pub mod multipart;
pub mod opaque;

pub mod capabilities;
pub mod catalogue;
pub mod client;
pub mod egress;
pub mod model_list;
pub mod ollama;
pub mod presets;
pub mod price_lists;
pub mod probe;

pub use upstream_error::{UpstreamError, Wait};
