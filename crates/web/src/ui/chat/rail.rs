//! The conversations at the left: searched, in folders by day. On a phone they
//! are a drawer.

use domain::Timestamp;
use maud::{Markup, html};

use super::scene::{Entry, Rail};
use crate::ui::view::{Icon, icon, time};

/// A day, in seconds.
const DAY: i64 = 86_400;

/// The list, with `current` marked.
pub(super) fn rail(rail: &Rail, current: Option<&str>) -> Markup {
    html! {
        nav #rail popover aria-label="Conversations" {
            div.rail-top {
                a.button.quiet.grow href="/chat" aria-keyshortcuts="Control+Shift+O Meta+Shift+O" { (icon(Icon::Plus)) "New chat" }
                button.bare.icon-only.only-narrow type="button" popovertarget="rail" popovertargetaction="hide" aria-label="Close the conversations" { (icon(Icon::Cross)) }
            }
            form role="search" method="get" action="/chat" {
                label.sr for="search" { "Search your conversations" }
                input #search type="search" name="q" value=(rail.search) placeholder="Search" autocomplete="off" aria-keyshortcuts="Control+K Meta+K";
            }
            div #conversations data-live="" {
                @if rail.entries.is_empty() { (nothing(&rail.search)) }
                @for (name, entries) in folders(&rail.entries, rail.now) {
                    details.day open {
                        summary { (name) }
                        ul { @for entry in entries { (line(entry, current)) } }
                    }
                }
                @if let Some(next) = &rail.next {
                    a.button.quiet.little href={ "/chat?" (following(&rail.search, next)) } { "Older conversations" }
                }
            }
            p.small.rail-foot { "Conversations are kept on this server, where its operator can read them. A temporary chat is forgotten." }
        }
    }
}

fn nothing(search: &str) -> Markup {
    html! {
        p.small.none {
            @if search.is_empty() { "Your conversations will be listed here." }
            @else { "Nothing has “" (search) "” in it." }
        }
    }
}

fn line(entry: &Entry, current: Option<&str>) -> Markup {
    let is_current = current == Some(entry.id.as_str());
    html! {
        li {
            a.conversation href={ "/chat/" (entry.id) } aria-current=[is_current.then_some("page")] { span.clip { (entry.title) } }
            a.bare-link href={ "/chat/" (entry.id) "/about" } data-sheet aria-label={ "Rename, export or delete “" (entry.title) "”" } { (icon(Icon::More)) }
        }
    }
}

/// The rest of the address of the next page.
fn following(search: &str, next: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    query.append_pair("after", next).finish()
}

/// The entries by how long ago they were; days are UTC.
fn folders(entries: &[Entry], now: Timestamp) -> Vec<(&'static str, Vec<&Entry>)> {
    let mut folders: Vec<(&'static str, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        let name = folder(entry.updated_at, now);
        match folders.last_mut() {
            Some((last, entries)) if *last == name => entries.push(entry),
            _ => folders.push((name, vec![entry])),
        }
    }
    folders
}

fn folder(at: Timestamp, now: Timestamp) -> &'static str {
    let day = |at: Timestamp| at.as_seconds().div_euclid(DAY);
    match day(now) - day(at) {
        ..=0 => "Today",
        1 => "Yesterday",
        2..=7 => "The last 7 days",
        8..=30 => "The last 30 days",
        _ => "Older",
    }
}

/// The moment of a message.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { span.small.when { (time(at)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_how_many_days_ago_it_was() {
        let now = Timestamp::from_seconds(100 * DAY + 3_600);
        let of = |seconds_ago: i64| folder(Timestamp::from_seconds(100 * DAY + 3_600 - seconds_ago), now);
        assert_eq!([0, 3_600, 3_601, DAY].map(of), ["Today", "Today", "Yesterday", "Yesterday"]);
        assert_eq!([2 * DAY, 8 * DAY, 40 * DAY].map(of), ["The last 7 days", "The last 30 days", "Older"]);
        assert_eq!(of(-60), "Today", "clocks differ");
    }
}
