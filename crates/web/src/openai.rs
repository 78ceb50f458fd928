//! OpenAI's wire: what unmodified clients call.

pub(crate) mod chat;
mod embeddings;
mod kept;
mod models;
mod opaque;
mod schema;

use crate::router::Door;

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = chat::doors();
    doors.extend(embeddings::doors());
    doors.extend(opaque::doors());
    doors.extend(kept::doors());
    doors.extend(models::doors());
    doors
}
