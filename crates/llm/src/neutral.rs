//! A chat in nobody's dialect: what every wire is translated from and to. It
//! holds what providers share; what only one of them has stays in its wire, or
//! travels as [`ReplayState`] and [`Extra`], which only their own wire opens.

mod answer;
mod message;
mod remote;
mod request;

pub use answer::{Answer, FinishReason, StreamEvent};
pub use message::{CacheBreak, File, FileSource, Message, Part, ReplayState, Role, ToolCall, ToolResult};
pub use remote::{Remote, put_inline, remote};
pub use request::{ChatRequest, Extra, ResponseFormat, Tool, ToolChoice};
