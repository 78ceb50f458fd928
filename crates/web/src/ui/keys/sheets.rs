//! What can be done with one key, each a small form: a page of its own, or in a
//! dialog.

use app::credentials::Impact;
use domain::Timestamp;
use domain::credential::{Credential, Source};
use maud::{Markup, html};

use super::fields::edit_inputs;
use super::row::{Line, mask, scope_word};
use super::verdict::verdict;
use crate::ui::oidc;
use crate::ui::view::{Icon, complaint, icon, tile, time};

fn sheet(title: &Markup, content: &Markup) -> Markup {
    html! {
        section.card.sheet aria-labelledby="sheet-title" {
            h2 #sheet-title { (title) }
            (content)
        }
    }
}

fn cancel(home: &str) -> Markup {
    html! { a.button.quiet href=(home) data-cancel { "Cancel" } }
}

/// What went wrong, and where a script writes it.
fn wrong(problem: Option<&str>) -> Markup {
    html! {
        (complaint(problem))
        p.wrong data-complaint hidden role="alert" {}
    }
}

/// Everything that may be known of a key.
pub(super) fn key(line: &Line, home: &str) -> Markup {
    let key = &line.shown.credential;
    let door = format!("/keys/{}", key.id);
    let day = |at: Option<Timestamp>| html! { @match at { Some(at) => { (time(at)) } None => { "never" } } };
    let content = html! {
        div #verdict data-live="credential. models." { (verdict(line)) }
        dl.facts {
            dt { "Key" } dd { (mask(key)) }
            dt { "Provider" } dd { (key.provider.display_name()) }
            dt { "Whose" } dd { (scope_word(key.scope)) @if key.is_primary { ", primary" } }
            @if line.may_change { dt { "Sent to" } dd { code { (key.origin.host_and_port()) } } }
            @if !key.settings.deployments.is_empty() { dt { "Deployments" } dd { (key.settings.deployments.join(", ")) } }
            @if let Some(slug) = &key.settings.slug { dt { "In model ids" } dd { code { (slug) "/…" } } }
            @if !key.note.is_empty() { dt { "Note" } dd { (key.note) } }
            dt { "Saved" } dd { (time(key.created_at)) }
            @if key.secret_set_at.is_some() { dt { "Secret set" } dd { (day(key.secret_set_at)) } }
            dt { "Last used" } dd { (day(key.last_used_at)) }
            @if key.expires_at.is_some() { dt { "Ends" } dd { (day(key.expires_at)) } }
        }
        @if let Source::Environment(variable) = &key.source {
            p.small { "It comes from the server's environment. Change " code { (variable) } " there and restart." }
        }
        @if !line.may_change {
            p.small { "Owners and admins of your organization look after this key; you call with it." }
        } @else { form.actions method="post" action=(door) data-stay="" {
            button.quiet name="action" value="check" { "Check API key" }
            @if key.is_row() {
                @if key.grace_of.is_none() {
                    a.button.quiet href={ (door) "/edit" } data-sheet { "Edit" }
                    @if key.secret_set_at.is_some() && key.source == Source::Stored { a.button.quiet href={ (door) "/rotate" } data-sheet { "Rotate" } }
                }
                @if key.is_active { button.quiet name="action" value="deactivate" { "Deactivate" } }
                @else { button.quiet name="action" value="activate" { "Activate" } }
                a.button.quiet.danger href={ (door) "/delete" } data-sheet { "Delete" }
                a.button.quiet.at-end.scripted href=(home) data-cancel { "Close" }
            }
        } }
    };
    sheet(&html! { (tile(key.provider)) " " bdi { (key.name) } }, &content)
}

/// Another name, another secret, another place.
pub(super) fn edit(key: &Credential, problem: Option<&str>, home: &str) -> Markup {
    let has_secret = matches!(key.source, Source::Stored);
    let content = html! {
        form.form method="post" action={ "/keys/" (key.id) "/edit" } data-stay="Saved" {
            (wrong(problem))
            div.field {
                label for="edit-name" { "Name" }
                input #edit-name name="name" type="text" value=(key.name) maxlength="100" required autocomplete="off";
            }
            div.field {
                label for="edit-note" { "Note " span.soft { "(optional)" } }
                input #edit-note name="note" type="text" value=(key.note) maxlength="2000" autocomplete="off";
            }
            @if has_secret {
                div.field {
                    label for="edit-api_key" { "New key " span.soft { "(empty: it stays)" } }
                    input.secret #edit-api_key name="api_key" type="text" autocomplete="off" autocapitalize="off" spellcheck="false";
                    p.hint { "Now: " (mask(key)) ". A new one is checked at once." }
                }
            }
            (edit_inputs(key))
            div.field {
                label for="edit-expires_at" { "Stop using it after " span.soft { "(optional)" } }
                input #edit-expires_at name="expires_at" type="date" value=(day_of(key.expires_at));
            }
            p.hint.small { "Another endpoint needs the key typed again: a key is sent only where it was saved for." }
            div.end { (cancel(home)) button type="submit" { "Save" } }
        }
    };
    sheet(&html! { "Edit " bdi { (key.title()) } }, &content)
}

/// The day of a moment, as date fields have it.
pub(super) fn day_of(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string().chars().take(10).collect()).unwrap_or_default()
}

/// Another secret, with a grace for the one before.
pub(super) fn rotate(key: &Credential, problem: Option<&str>, home: &str) -> Markup {
    let content = html! {
        p.soft { "The new key is tried first. The one before can stay usable for a while, so that nothing breaks." }
        form.form method="post" action={ "/keys/" (key.id) "/rotate" } data-stay="Rotated" {
            (wrong(problem))
            @if !key.provider.facts().key_url.is_empty() {
                a href=(key.provider.facts().key_url) target="_blank" rel="noopener noreferrer" {
                    "Get your new " (key.provider.display_name()) " key here " (icon(Icon::Out))
                }
            }
            div.field {
                label for="rotate-key" { "New key" }
                input.secret #rotate-key name="api_key" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" required
                    placeholder=(key.provider.facts().key_example);
            }
            div.field {
                label for="rotate-grace" { "The key before stays usable" }
                select #rotate-grace name="grace" {
                    option value="86400" selected { "for a day" }
                    option value="604800" { "for a week" }
                    option value="0" { "not at all" }
                }
            }
            div.end { (cancel(home)) button type="submit" { "Check and rotate" } }
        }
    };
    sheet(&html! { "Rotate " bdi { (key.title()) } }, &content)
}

/// Who would miss a key, and what to do instead.
pub(super) fn delete(key: &Credential, impact: &Impact, home: &str) -> Markup {
    let calls = &impact.calls;
    let provider = key.provider.display_name();
    let content = html! {
        @if impact.is_in_use() {
            p {
                "It served " strong { (calls.calls_24h) @if calls.calls_24h == 1 { " call" } @else { " calls" } }
                " in the last 24 hours and " strong { (calls.calls_30d) } " in the last 30 days" @if calls.cost_30d.0 > 0 { ", for $" (calls.cost_30d) } "."
                @if let Some(at) = calls.last_used_at { " The last one: " (time(at)) "." }
            }
            @if !calls.teams.is_empty() {
                p { "Used by " strong { (calls.teams.len()) @if calls.teams.len() == 1 { " team" } @else { " teams" } } ": "
                    (calls.teams.iter().take(5).map(|used| used.name.as_str()).collect::<Vec<_>>().join(", "))
                    @if calls.teams.len() > 5 { " and " (calls.teams.len() - 5) " more" } "." }
            }
            @if !calls.tokens.is_empty() {
                p { "Gateway tokens that used it: " (calls.tokens.iter().take(5).map(|used| used.name.as_str()).collect::<Vec<_>>().join(", "))
                    @if calls.tokens.len() > 5 { " and " (calls.tokens.len() - 5) " more" } "." }
            }
        } @else {
            p { "Nothing used it in the last 30 days." }
        }
        p.soft { "Its secret is destroyed at once. Name and last four stay in usage and audit. Deactivating keeps the key and stops its use." }
        form.form method="post" action={ "/keys/" (key.id) } data-stay="" {
            (wrong(None))
            @if impact.is_selected_in_chat {
                div.notice role="note" { (icon(Icon::Warning))
                    div { strong { "This is the key you chat with." } " You will be signed out of " (provider)
                        " in the chat, and must choose another key there." }
                }
                label.check { input type="checkbox" name="sure" required; "I will choose another key for the chat" }
            }
            div.end {
                (cancel(home))
                @if key.is_active { button.quiet name="action" value="deactivate" formnovalidate { "Deactivate instead" } }
                button.danger.sure name="action" value=(if impact.is_in_use() { "delete-anyway" } else { "delete" }) {
                    @if impact.is_in_use() { "Delete anyway" } @else { "Delete" }
                }
            }
        }
    };
    sheet(&html! { "Delete " bdi { (key.title()) } "?" }, &content)
}

/// How whoever wants a copy of a key can prove that it is them.
pub(super) struct ProofAsked<'a> {
    /// Whose password.
    pub(super) email: &'a str,
    /// Whether they have one that counts.
    pub(super) has_password: bool,
    /// The OpenID provider they can prove it at, by its name.
    pub(super) elsewhere: Option<&'a str>,
    /// Until when they need not: they just did.
    pub(super) proven_until: Option<Timestamp>,
}

/// Asks for the password, or for a sign-in elsewhere, before a key is copied.
pub(super) fn password_dialog(asked: &ProofAsked<'_>) -> Markup {
    let until = asked.proven_until.map(|until| until.as_micros() / 1_000);
    html! {
        dialog #password-dialog aria-labelledby="password-title" data-proven-until=[until] {
            form.form #password-form method="dialog" {
                h2 #password-title { "Copy the key" }
                @if let Some(name) = asked.elsewhere {
                    p.soft { "Sign in with " (name) " once more; it counts for five minutes. Copying is written down in the audit log." }
                    a.button.whole href="/login/oidc/confirm?next=/keys" { (icon(Icon::Enter)) span { "Confirm with " (name) } }
                    @if asked.has_password { (oidc::or()) }
                } @else {
                    p.soft { "Type your password once; it counts for five minutes. Copying is written down in the audit log." }
                }
                @if asked.has_password {
                    input type="text" name="username" value=(asked.email) autocomplete="username" hidden;
                    div.field {
                        label for="password-again" { "Password" }
                        input #password-again type="password" autocomplete="current-password" required;
                    }
                }
                p.wrong #password-wrong hidden role="alert" {}
                div.end {
                    button.quiet type="button" data-close { "Cancel" }
                    @if asked.has_password { button type="submit" { "Copy" } }
                }
            }
        }
    }
}
