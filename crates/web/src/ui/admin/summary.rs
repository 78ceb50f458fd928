//! `/admin`: how this server does, on one page that costs nothing.

use app::overview::{self, Overview};
use app::settings::Settings;
use axum::response::{IntoResponse, Response};
use domain::credential::KeyStatus;
use domain::resolve::Fallback;
use domain::service;
use http::StatusCode;
use maud::{Markup, html};
use store::Dialect;
use store::audit::AuditFilter;

use super::{Part, counted, events, grouped, page};
use crate::rim::Failure;
use crate::router::Shared;
use crate::ui::forms::SignedIn;
use crate::ui::view::{Icon, icon, key_state};

/// The latest changes shown.
const LATEST: i64 = 8;

pub(super) async fn show_summary(shared: &Shared, signed_in: &SignedIn) -> Result<Response, Failure> {
    let (app, caller) = (&shared.app, &signed_in.caller);
    let seen = overview::of(app, caller).await?;
    let reading = app::audit::open(app, caller, None).await?;
    let (rows, _) = app::audit::listed(app, &reading, &AuditFilter::default(), None, LATEST).await?;
    let labels = app::audit::labels(app, caller, &reading, &rows).await?;
    let content = html! {
        (warnings(&seen))
        div #admin-tiles data-live="usage. credential." { (tiles(&seen)) }
        div.halves {
            (server(&seen, &app.settings))
            (keys(&seen))
        }
        section.card.flush aria-labelledby="latest-title" {
            div.row.spread.head { h2 #latest-title { "Latest changes" } a href="/admin/audit" { "Audit log" } }
            @for row in &rows { (events::event(row, &labels, "")) }
        }
    };
    Ok(page(StatusCode::OK, "Administration", signed_in, Part::Summary, &content).into_response())
}

/// What an admin should do something about.
fn warnings(seen: &Overview) -> Markup {
    let lost = seen.keys.iter().find(|(status, _)| *status == KeyStatus::Undecryptable).map_or(0, |(_, keys)| *keys);
    html! {
        @if lost > 0 {
            p.complaint role="alert" { (icon(Icon::Lock)) span { (counted(lost, "stored key does", "stored keys do")) " not open under the master keys of this server. Start it with the one they were sealed under, or have them typed in again. " code { "ownkey keyring status" } " says which." } }
        }
        @if seen.secrets_under_others > 0 {
            p.notice role="note" { (icon(Icon::Warning)) span { (counted(seen.secrets_under_others, "secret is", "secrets are")) " sealed under a former master key. " code { "ownkey keyring rewrap" } " seals them under the one that is first now; it runs beside the server." } }
        }
    }
}

fn stat(name: &str, value: i64, more: &Markup) -> Markup {
    html! { div.stat { span.name { (name) } span.value { (grouped(value)) } span.small { (more) } } }
}

fn tiles(seen: &Overview) -> Markup {
    let users = seen.users;
    let all: i64 = seen.keys.iter().map(|(_, keys)| keys).sum();
    let failing: i64 = seen.keys.iter().filter(|(status, _)| service::is_failing(*status)).map(|(_, keys)| keys).sum();
    let failed = seen.today.failed;
    html! {
        div.tiles {
            (stat("Users", users.all, &html! {
                a href="/admin/users?state=admin" { (counted(users.admins, "admin", "admins")) }
                @if users.invited > 0 { ", " a href="/admin/users?state=invited" { (grouped(users.invited)) " invited" } }
                @if users.suspended > 0 { ", " a href="/admin/users?state=suspended" { (grouped(users.suspended)) " suspended" } }
            }))
            (stat("Stored provider keys", all, &html! { @if failing > 0 { (grouped(failing)) " in trouble" } @else { "none in trouble" } }))
            (stat("Calls today", seen.today.requests, &html! { "since midnight, UTC" }))
            (stat("Failed attempts today", failed, &html! { @if failed > 0 { a href="/status" { "See the status of providers" } } @else { "all is well" } }))
        }
    }
}

fn server(seen: &Overview, settings: &Settings) -> Markup {
    let database = match seen.database {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    html! {
        section.card aria-labelledby="server-title" {
            h2 #server-title { "This server" }
            dl.facts {
                dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) }
                dt { "Address" } dd { (settings.public_url) }
                dt { "Database" } dd { (database) }
                dt { "Running servers" } dd { (seen.nodes.len().max(1)) @if seen.nodes.len() > 1 { ", this is " code { (short(&seen.node.to_string())) } } }
                dt { "Master key" } dd {
                    code { (seen.sealing_key) }
                    @if seen.secrets_under_others == 0 { ": everything is sealed under it" } @else { ": seals what is new" }
                    @if seen.master_keys.len() > 1 { "; " (seen.master_keys.len()) " are given" }
                }
                dt { "Whose key pays" } dd { (policy_words(settings.policy)) }
                dt { "Signing in" } dd {
                    @match settings.oidc.as_deref() {
                        None => "with a password",
                        Some(oidc) => { "with " (oidc.name) @if oidc.passwords { ", or a password" } @else { "; passwords are off" } }
                    }
                }
                dt { "Copying own keys" } dd { @if settings.reveal_allowed { "allowed, with the password" } @else { "switched off" } }
                dt { "Chats are kept" } dd { @match settings.chat_retention { None => "for good", Some(time) => { (time.as_secs() / 86_400) " days" } } }
            }
        }
    }
}

/// How far a call goes for a key, at most.
const fn policy_words(policy: Fallback) -> &'static str {
    match policy {
        Fallback::Chain => "where a user has none, the server's (chain)",
        Fallback::Strict => "once a user has one, nobody else's (strict)",
        Fallback::Cross => "the server's also when a user's fail (cross)",
    }
}

/// The last part of an id, which tells servers apart.
fn short(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

fn keys(seen: &Overview) -> Markup {
    html! {
        section.card aria-labelledby="states-title" {
            h2 #states-title { "Stored keys by state" }
            @if seen.keys.is_empty() {
                p.soft { "Nobody saved a key yet. " a href="/keys?scope=system" { "Add one for everybody" } }
            } @else {
                ul.states { @for (status, keys) in &seen.keys { li { (key_state(*status, true)) strong.num { (grouped(*keys)) } } } }
                p.small { "Of all users together. Whose they are and what they are called is their owners' business; the server's own are under " a href="/admin/system-keys" { "system keys" } "." }
            }
        }
    }
}
