//! `/status`: how each provider and local service does, and what to do.

use app::status::{self, KeyCounts, ProviderStatus};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use domain::access::Need;
use domain::provider::ProviderKind;
use domain::service::ServiceState;
use http::Method;
use maud::{Markup, html};

use super::forms::SignedIn;
use super::view::{Icon, Place, Shape, badge, clock_time, icon, page, tile, time};
use crate::rim::Failure;
use crate::router::{Door, Shared, quiet_door};

pub(super) fn doors() -> Vec<Door> {
    vec![quiet_door(Method::GET, "/status", Need::OwnAccount, get(show_status))]
}

async fn show_status(State(shared): State<Shared>, signed_in: SignedIn) -> Result<Response, Failure> {
    let all = status::list(&shared.app, &signed_in.caller).await?;
    let content = html! {
        div.lead { div { h1 { "Status" } p { "How providers and local servers do, as your keys tell it. A dead one delays nobody." } } }
        div #status-list data-live="credential. models." { (list(&all)) }
    };
    Ok(page("Status", &signed_in.viewer, content).at(Place::Status).shaped(Shape::Wide).into_response())
}

/// Those in use, the worst first; local servers; those without a key.
fn list(all: &[ProviderStatus]) -> Markup {
    let is_local = |status: &&ProviderStatus| status.provider.kind == ProviderKind::Local;
    let mut used: Vec<&ProviderStatus> =
        all.iter().filter(|status| !is_local(status) && status.state != ServiceState::NoKey).collect();
    used.sort_by_key(|status| rank(status.state));
    let mut local: Vec<&ProviderStatus> = all.iter().filter(is_local).collect();
    local.sort_by_key(|status| rank(status.state));
    let unused: Vec<&ProviderStatus> =
        all.iter().filter(|status| !is_local(status) && status.state == ServiceState::NoKey).collect();
    html! {
        (in_short(&used, &local))
        @if !used.is_empty() { (table("Providers", "Provider", &used)) }
        @if !local.is_empty() { (table("Local servers", "Server", &local)) }
        @if !unused.is_empty() { (without_key(&unused)) }
    }
}

const fn rank(state: ServiceState) -> u8 {
    match state {
        ServiceState::Unreachable => 0,
        ServiceState::Degraded => 1,
        ServiceState::Unknown => 2,
        ServiceState::Operational => 3,
        ServiceState::NoKey => 4,
    }
}

/// One sentence for all of it. A local server that is not running is no trouble.
fn in_short(used: &[&ProviderStatus], local: &[&ProviderStatus]) -> Markup {
    let troubled: Vec<&str> = used
        .iter()
        .filter(|status| matches!(status.state, ServiceState::Unreachable | ServiceState::Degraded))
        .map(|status| status.provider.display_name)
        .collect();
    let works = used.iter().chain(local).filter(|status| status.state == ServiceState::Operational).count();
    html! {
        @if !troubled.is_empty() {
            p.notice role="status" { (icon(Icon::Warning)) span { (listed(&troubled)) @if troubled.len() == 1 { " needs" } @else { " need" } " a look: what is the matter and what to do is said below." } }
        } @else if works > 0 {
            p.praise role="status" { (icon(Icon::Check)) span { "Everything you use works." } }
        } @else if used.is_empty() {
            p.notice role="status" { (icon(Icon::Key)) span { "There is no provider key yet. " a href="/keys" { "Add one" } " and its provider is watched here." } }
        }
    }
}

/// `A`, `A and B`, `A, B and C`
fn listed(names: &[&str]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        names => names.concat(),
    }
}

fn table(title: &str, one: &str, rows: &[&ProviderStatus]) -> Markup {
    html! {
        section.card.flush {
            table.status-table {
                caption { h2 { (title) } }
                thead { tr { th { (one) } th { "State" } th.num { "Answers in" } th.num { "Models" } th { "Keys" } th { "Last success" } th { "What to do" } } }
                tbody { @for status in rows { (row(status)) } }
            }
        }
    }
}

fn row(status: &ProviderStatus) -> Markup {
    let provider = status.provider;
    html! {
        tr id={ "status-" (provider.name) } {
            td.nowrap { span.status-name { (tile(provider.id)) strong { (provider.display_name) } } }
            td { (state(status)) }
            td.num data-name="Answers in" { @match status.latency_ms { Some(0) => "< 1 ms", Some(ms) => { (ms) " ms" } None => "–" } }
            td.num data-name="Models" { @if status.models > 0 { a href={ "/language-models?provider=" (provider.name) } { (status.models) } } @else { "0" } }
            td.nowrap data-name="Keys" {
                @if status.keys.total == 0 { span.soft { "–" } }
                @else { a href={ "/keys?provider=" (provider.name) } { (key_words(status.keys)) } }
            }
            td.nowrap data-name="Last success" { @match status.last_success_at { Some(at) => { (time(at)) } None => { span.soft { "none yet" } } } }
            td.soft[status.state == ServiceState::Operational] { (sentence(status)) " " (next(status)) }
        }
    }
}

/// `1 valid`, `2 of 3 valid`, `1 of 2 failing`, `1 unverified`
fn key_words(keys: KeyCounts) -> String {
    let of = |some: usize, word: &str| {
        if some == keys.total { format!("{some} {word}") } else { format!("{some} of {} {word}", keys.total) }
    };
    match keys {
        KeyCounts { failing: 1.., .. } => of(keys.failing, "failing"),
        KeyCounts { valid: 1.., .. } => of(keys.valid, "valid"),
        KeyCounts { total, .. } => format!("{total} unverified"),
    }
}

/// What is the matter. Where programs are told an address, people have a link;
/// of other addresses the provider's own is one.
fn sentence(status: &ProviderStatus) -> Markup {
    let detail = status.detail.trim_end_matches(" See /keys.");
    html! {
        @for (at, word) in detail.split(' ').enumerate() {
            @if at > 0 { " " }
            @let bare = word.trim_end_matches(['.', ',', ';', ')']);
            @let rest = word.strip_prefix(bare).unwrap_or_default();
            @if bare == "/keys" { a href={ "/keys?provider=" (status.provider.name) } { "Provider keys" } (rest) }
            @else if bare.starts_with("https://") && bare == status.provider.key_url { a href=(bare) rel="noreferrer" target="_blank" { (bare.trim_start_matches("https://")) } (rest) }
            @else { (word) }
        }
    }
}

/// The link that does what is to be done.
fn next(status: &ProviderStatus) -> Markup {
    let provider = status.provider;
    let is_local = provider.kind == ProviderKind::Local;
    let to = match status.state {
        ServiceState::Operational => None,
        ServiceState::Unreachable if is_local => Some((provider.docs_url, "How to start it")),
        _ if is_local => None,
        ServiceState::NoKey => Some(("/keys", "Add a key")),
        ServiceState::Degraded | ServiceState::Unreachable => Some(("/keys", "See the keys")),
        ServiceState::Unknown => Some(("/keys", "Check a key")),
    };
    html! {
        @if let Some((to, words)) = to {
            @if to.starts_with('/') { a.nowrap href={ (to) "?provider=" (provider.name) } { (words) } }
            @else { a.nowrap href=(to) rel="noreferrer" target="_blank" { (words) " " (icon(Icon::Out)) } }
        }
    }
}

/// A colour, an icon and a word. A local server that does not run is no trouble.
fn state(status: &ProviderStatus) -> Markup {
    if let Some(until) = status.limited_until {
        return limited(until);
    }
    match status.state {
        ServiceState::Unreachable if status.provider.kind == ProviderKind::Local => {
            badge("grey", Icon::Unplugged, "Not running")
        }
        ServiceState::Operational => badge("green", Icon::Check, "Works"),
        ServiceState::Degraded => badge("amber", Icon::Warning, "Trouble"),
        ServiceState::Unreachable => badge("red", Icon::Unplugged, "Unreachable"),
        ServiceState::NoKey => badge("grey", Icon::Key, "No key"),
        ServiceState::Unknown => badge("grey", Icon::Question, "Not known yet"),
    }
}

/// At a limit, whose end a script writes in the reader's own time.
fn limited(until: Timestamp) -> Markup {
    html! {
        (badge("amber", Icon::Clock, "Rate limited"))
        " "
        span.small.nowrap { "until " time datetime=(until) data-clock { (clock_time(until)) " UTC" } }
    }
}

fn without_key(rows: &[&ProviderStatus]) -> Markup {
    html! {
        section.card {
            h2 { "Without a key" }
            ul.status-unused {
                @for status in rows {
                    li {
                        (tile(status.provider.id))
                        span.grow { strong { (status.provider.display_name) } br; span.small { (unused_words(status)) } }
                        a.button.quiet.little href={ "/keys?provider=" (status.provider.name) } { (icon(Icon::Plus)) "Add a key" span.sr { " for " (status.provider.display_name) } }
                    }
                }
            }
        }
    }
}

/// A key that is switched off is not the same as none.
fn unused_words(status: &ProviderStatus) -> String {
    match status.keys.total {
        0 => "No key yet".to_owned(),
        1 => "Its key is switched off or has expired".to_owned(),
        keys => format!("All {keys} keys are switched off or have expired"),
    }
}
