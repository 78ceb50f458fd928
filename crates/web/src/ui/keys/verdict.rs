//! How a key does, in a colour, an icon and words; why, since when, and what to
//! do about it.

use std::time::Duration;

use domain::Timestamp;
use domain::credential::{Credential, KeyStatus};
use maud::{Markup, html};

use super::row::Line;
use crate::ui::view::{Icon, badge, clock_time, icon, key_state, time};

/// How long a check may take before it is not waited for any more.
const CHECK: Duration = Duration::from_secs(30);

/// Whether the first check of a secret is under way.
pub(super) fn is_being_checked(key: &Credential, now: Timestamp) -> bool {
    let is_new = key.status == KeyStatus::Unverified && key.checked_at.is_none();
    is_new && key.is_active && key.is_row() && now.since(key.updated_at) < CHECK
}

/// The state of a key. A script asks again until it is settled.
pub(crate) fn verdict(line: &Line) -> Markup {
    let key = &line.shown.credential;
    let is_open = is_being_checked(key, line.now);
    let limit = line.cooling_until.filter(|_| key.is_active);
    html! {
        div.verdict data-verdict data-open[is_open] {
            div.state {
                @if is_open { (badge("blue", Icon::Turning, "Checking…")) }
                @else if limit.is_none() || key.status != KeyStatus::RateLimited { (key_state(key.status, key.is_active)) }
                @if let Some(until) = limit {
                    span.badge.amber { (icon(Icon::Clock)) "Rate limited until " time datetime=(until) data-clock { (clock_time(until)) " UTC" } }
                }
                @if key.is_expired(line.now) { (badge("red", Icon::Clock, "Expired")) }
                @if let Some(models) = unlocked(line) { span.small.nowrap { (models) } }
            }
            @if let Some(reason) = key.status_reason.as_deref().filter(|_| key.is_active && key.status != KeyStatus::Valid) {
                p.reason { (reason) @if let Some(at) = key.checked_at { " " span.soft.nowrap { (time(at)) } } }
            } @else if let Some(at) = key.checked_at {
                p.reason.soft.when { "Checked " (time(at)) }
            }
            @if let Some((label, to)) = remedy(key).filter(|_| line.may_change) {
                p.reason.help {
                    a href=(to) data-sheet { (label) }
                    @if let Some(url) = elsewhere(key) { a href=(url) target="_blank" rel="noopener noreferrer" { "Get a new one " (icon(Icon::Out)) } }
                }
            }
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

/// Where a key is made anew, for one that its provider refuses.
fn elsewhere(key: &Credential) -> Option<&'static str> {
    let url = key.provider.facts().key_url;
    (key.status == KeyStatus::Invalid && !url.is_empty()).then_some(url)
}
