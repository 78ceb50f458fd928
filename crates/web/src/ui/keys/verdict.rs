//! How a key does, in a colour, an icon and words; why, since when, and what to
//! do about it.

use std::time::Duration;

use domain::Timestamp;
use domain::credential::{Credential, KeyStatus};
use maud::{Markup, html};

use super::row::Line;
use crate::ui::view::{Icon, badge, clock_time, key_state, time};

/// How long a check may take before it is not waited for any more.
const CHECK: Duration = Duration::from_secs(30);

/// Whether the first check of a secret is under way.
pub(super) fn is_being_checked(key: &Credential, now: Timestamp) -> bool {
    let is_new = key.status == KeyStatus::Unverified && key.checked_at.is_none();
    is_new && key.is_active && key.is_row() && now.since(key.updated_at) < CHECK
}

/// The state of a key. A script asks again until it is settled.
pub(super) fn verdict(line: &Line) -> Markup {
    let key = &line.shown.credential;
    let is_open = is_being_checked(key, line.now);
    html! {
        div.verdict data-verdict data-open[is_open] {
            @if is_open { (badge("blue", Icon::Turning, "Checking…")) } @else { (key_state(key.status, key.is_active)) }
            @if key.is_expired(line.now) { " " (badge("red", Icon::Clock, "Expired")) }
            @if let Some(until) = line.cooling_until {
                " " span.badge.amber { "Rate limited until " time datetime=(until) data-clock { (clock_time(until)) " UTC" } }
            }
            @if let Some(models) = unlocked(line) { " " span.small.nowrap { (models) } }
            @if let Some(reason) = key.status_reason.as_deref().filter(|_| key.is_active && key.status != KeyStatus::Valid) {
                p.reason { (reason) @if let Some(at) = key.checked_at { " " span.soft.nowrap { (time(at)) } } }
            } @else if let Some(at) = key.checked_at {
                p.reason.soft { "Checked " (time(at)) }
            }
            @if let Some((label, to)) = remedy(key) { p.reason { a href=(to) data-sheet { (label) } } }
        }
    }
}

/// “14 models unlocked”.
fn unlocked(line: &Line) -> Option<String> {
    let key = &line.shown.credential;
    let opens = key.is_active && matches!(key.status, KeyStatus::Valid | KeyStatus::RateLimited);
    match line.shown.models? {
        _ if !opens => None,
        1 => Some("1 model unlocked".to_owned()),
        models => Some(format!("{models} models unlocked")),
    }
}

/// What helps, and where it is done.
fn remedy(key: &Credential) -> Option<(&'static str, String)> {
    if !key.is_active || !key.is_row() || key.grace_of.is_some() {
        return None;
    }
    let label = match key.status {
        KeyStatus::Invalid | KeyStatus::Forbidden => "Replace the key",
        KeyStatus::Undecryptable => "Type the key in again",
        KeyStatus::Unreachable if key.provider.is_endpoint_bound() => "Change the endpoint",
        _ => return None,
    };
    Some((label, format!("/keys/{}/edit", key.id)))
}
