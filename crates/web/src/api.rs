//! Ownkey's own JSON API, `/v2`: everything the pages can do.

pub(crate) mod administration;
pub(crate) mod aliases;
pub(crate) mod audit_events;
pub(crate) mod budgets;
pub(crate) mod conversations;
pub(crate) mod credentials;
pub(crate) mod events;
pub(crate) mod library;
pub(crate) mod llm;
pub(crate) mod models;
pub(crate) mod organizations;
pub(crate) mod paging;
pub(crate) mod prices;
pub(crate) mod provider_credentials;
pub(crate) mod providers;
pub(crate) mod resolve;
pub(crate) mod server;
pub(crate) mod sessions;
pub(crate) mod short_keys;
pub(crate) mod sign_in;
pub(crate) mod spreads;
pub(crate) mod status;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod tries;
pub(crate) mod usage;
pub(crate) mod users;

use serde::Deserialize as _;

use crate::router::Door;

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = Vec::new();
    doors.extend(sign_in::doors());
    doors.extend(sessions::doors());
    doors.extend(users::doors());
    doors.extend(administration::doors());
    doors.extend(organizations::doors());
    doors.extend(teams::doors());
    doors.extend(short_keys::doors());
    doors.extend(tokens::doors());
    doors.extend(budgets::doors());
    doors.extend(credentials::doors());
    doors.extend(provider_credentials::doors());
    doors.extend(tries::doors());
    doors.extend(library::doors());
    doors.extend(status::doors());
    doors.extend(events::doors());
    doors.extend(spreads::doors());
    doors.extend(resolve::doors());
    doors.extend(providers::doors());
    doors.extend(models::doors());
    doors.extend(aliases::doors());
    doors.extend(prices::doors());
    doors.extend(llm::doors());
    doors.extend(conversations::doors());
    doors.extend(usage::doors());
    doors.extend(audit_events::doors());
    doors.extend(server::doors());
    doors
}

/// A time in a body or query.
///
/// # Errors
/// `invalid_request` when it is no ISO-8601 time.
pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<domain::Timestamp>, app::Error> {
    let read = |text| {
        domain::Timestamp::parse(text)
            .ok_or_else(|| app::Error::invalid(field, "is no time; write it like 2026-11-21T08:00:00Z"))
    };
    text.map(read).transpose()
}

/// One of a closed list of words in a body or query.
///
/// # Errors
/// `invalid_request` that lists the words.
pub(crate) fn word<T: std::str::FromStr<Err = String>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, app::Error> {
    text.map(str::parse).transpose().map_err(|problem| app::Error::invalid(field, format!("is not taken: {problem}")))
}

/// The organization that a body names by its id.
///
/// # Errors
/// `not_found` for what is no id.
pub(crate) fn organization_id(text: Option<String>) -> Result<Option<domain::ids::OrganizationId>, app::Error> {
    let missing = |_| app::Error::not_found("organization").of_field("organization_id");
    text.map(|text| text.parse().map_err(missing)).transpose()
}

/// Tells `null` (`Some(None)`) from absent (`None`).
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
