//! The pages: plain forms that work without any script, and scripts that make
//! them live.

mod admin;
pub(crate) mod assets;
mod budgets;
mod chat;
mod docs;
mod forms;
mod home;
mod keys;
mod links;
pub(crate) mod markdown;
mod models;
mod oidc;
mod playground;
mod prices;
mod profile;
mod sign_in;
mod snippets;
mod status;
mod theme;
mod tokens;
mod usage;
pub(crate) mod view;

use crate::router::Door;

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = assets::doors();
    doors.extend(theme::doors());
    doors.extend(docs::doors());
    doors.extend(home::doors());
    doors.extend(sign_in::doors());
    doors.extend(oidc::doors());
    doors.extend(links::doors());
    doors.extend(keys::doors());
    doors.extend(profile::doors());
    doors.extend(tokens::doors());
    doors.extend(budgets::doors());
    doors.extend(chat::doors());
    doors.extend(models::doors());
    doors.extend(playground::doors());
    doors.extend(usage::doors());
    doors.extend(status::doors());
    doors.extend(admin::doors());
    doors
}
