//! The cards of `/profile`.

use std::sync::Arc;

use app::users::Account;
use domain::ids::{OrganizationId, SessionId};
use domain::organization::{Belonging, MemberRole};
use domain::resolve::Fallback;
use maud::{Markup, html};
use store::identities::Identity;
use store::sessions::{Session, SessionKind};

use crate::ui::view::{Icon, Theme, icon, time};

/// What the cards tell.
pub(super) struct Told {
    pub(super) account: Account,
    /// Who they are elsewhere.
    pub(super) identities: Vec<Identity>,
    /// The provider of this server: its address and what people call it.
    pub(super) elsewhere: Option<(String, String)>,
    pub(super) sessions: Vec<Session>,
    /// The session this request came with.
    pub(super) current: Option<SessionId>,
    pub(super) theme: Theme,
    /// How far calls go where nobody says.
    pub(super) server_policy: Fallback,
    /// Where they belong.
    pub(super) belonging: Arc<Belonging>,
    /// The organization they act in.
    pub(super) acting_in: Option<OrganizationId>,
}

impl Told {
    /// What people call the provider of an identity.
    fn name_of<'a>(&'a self, identity: &'a Identity) -> &'a str {
        let own = self.elsewhere.as_ref().filter(|(issuer, _)| *issuer == identity.issuer);
        own.map_or(identity.issuer.as_str(), |(_, name)| name)
    }
}

pub(super) fn account(told: &Told) -> Markup {
    let account = &told.account;
    html! {
        section.card aria-labelledby="account-title" {
            h2 #account-title { "Account" }
            form.form method="post" action="/profile" {
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" type="text" value=(account.display_name) maxlength="100" required autocomplete="name";
                }
                dl.facts #account-facts data-live="" {
                    dt { "E-mail address" } dd { (account.email) }
                    @for identity in &told.identities {
                        dt { "Signs in with" } dd { (told.name_of(identity)) ", as " (identity.email) }
                    }
                    dt { "Role" } dd { (account.role) }
                    dt { "Here since" } dd { (time(account.created_at)) }
                }
                button.quiet type="submit" { "Save name" }
            }
        }
    }
}

pub(super) fn password(told: &Told) -> Markup {
    if !told.account.has_password {
        return html! {
            section.card aria-labelledby="password-title" {
                h2 #password-title { "Password" }
                p.soft { "You have none: you sign in elsewhere. An admin of this server can make you a link by which you choose one." }
            }
        };
    }
    html! {
        section.card aria-labelledby="password-title" {
            h2 #password-title { "Password" }
            form.form method="post" action="/profile/password" data-stay="Password changed" {
                p.wrong data-complaint hidden role="alert" {}
                input type="text" name="username" value=(told.account.email) autocomplete="username" hidden;
                div.field {
                    label for="current" { "Current password" }
                    input #current name="current" type="password" required autocomplete="current-password";
                }
                div.field {
                    label for="new" { "New password, at least 8 characters" }
                    input #new name="new" type="password" required minlength="8" autocomplete="new-password";
                }
                p.small { "Your other sessions end." }
                button.quiet type="submit" { "Change password" }
            }
        }
    }
}

/// The accounts elsewhere, to be unlinked by whoever has a password.
pub(super) fn elsewhere(told: &Told) -> Markup {
    let own = told.elsewhere.as_ref().map(|(_, name)| name);
    html! {
        @if told.account.has_password && (own.is_some() || !told.identities.is_empty()) {
            section.card #elsewhere aria-labelledby="elsewhere-title" data-live="" {
                h2 #elsewhere-title { "Signing in elsewhere" }
                @if let Some(name) = own.filter(|_| told.identities.is_empty()) {
                    p.soft { "Your account is linked to none at " (name) "." }
                }
                @for (at, identity) in told.identities.iter().enumerate() {
                    @let name = told.name_of(identity);
                    form.form method="post" action="/profile/unlink" data-stay="Unlinked" {
                        p.wrong data-complaint hidden role="alert" {}
                        p.soft { "You sign in with " (name) ", as " (identity.email) ". Once that is unlinked, only your password lets you in; your other sessions end. Signing in there once more may link it anew." }
                        input type="hidden" name="issuer" value=(identity.issuer);
                        input type="text" name="username" value=(told.account.email) autocomplete="username" hidden;
                        div.field {
                            label for={ "unlink-" (at) } { "Your password" }
                            input id={ "unlink-" (at) } name="password" type="password" required autocomplete="current-password";
                        }
                        button.quiet type="submit" { "Unlink " (name) }
                    }
                }
            }
        }
    }
}

pub(super) fn preferences(told: &Told) -> Markup {
    let chosen = told.account.preferences.fallback;
    let choices = [
        (Fallback::Chain, "Chain", "Where there is no key of mine, the server's pays."),
        (Fallback::Strict, "Strict", "Once there is a key of mine, nobody else's pays."),
        (Fallback::Cross, "Cross", "The server's pays also when all of mine fail."),
    ];
    let servers = choices.iter().find(|(choice, ..)| *choice == told.server_policy);
    let server_has = servers.map_or_else(String::new, |(_, name, _)| format!("Now: {}.", name.to_lowercase()));
    html! {
        section.card #preferences aria-labelledby="preferences-title" data-live="" {
            h2 #preferences-title { "Preferences" }
            form.form method="post" action="/profile" data-stay="Saved" {
                p.wrong data-complaint hidden role="alert" {}
                fieldset.options {
                    legend { "Whose key pays for a call" }
                    (option("", "As this server has it", &server_has, chosen.is_none()))
                    @for (choice, name, words) in choices { (option(choice.as_str(), name, words, chosen == Some(choice))) }
                }
                button.quiet type="submit" { "Save preferences" }
            }
            hr;
            form.row method="post" action="/theme" aria-label="Colours" {
                span.label { "Colours" }
                @for (theme, name, mark) in [(Theme::System, "As the system", Icon::Screen), (Theme::Light, "Light", Icon::Sun), (Theme::Dark, "Dark", Icon::Moon)] {
                    button.quiet.little name="theme" value=(theme.as_str()) aria-pressed=(if theme == told.theme { "true" } else { "false" }) {
                        (icon(mark)) (name)
                    }
                }
            }
        }
    }
}

/// The organizations one belongs to, and the one that one acts in.
pub(super) fn organizations(told: &Told) -> Markup {
    let all = &told.belonging.organizations;
    let chosen = told.account.preferences.organization;
    html! {
        @if !all.is_empty() {
            section.card #organizations aria-labelledby="organizations-title" {
                h2 #organizations-title { "Organizations" }
                ul.sessions {
                    @for place in all {
                        li {
                            (icon(Icon::Shield))
                            div.grow {
                                strong { bdi { (place.name) } }
                                @if told.acting_in == Some(place.organization) { " " span.chip { "you act in it" } }
                                @if place.is_suspended { " " span.chip { "suspended" } }
                                div.small { (place.role) " · " code { (place.slug) } }
                            }
                            @if place.role >= MemberRole::Admin { a.button.quiet.little href={ "/admin/organizations/" (place.slug) } aria-label={ "Look after it: " (place.name) } { "Look after it" } }
                        }
                    }
                }
                form.form method="post" action="/profile" {
                    div.field {
                        label for="organization" { "I act in" }
                        select #organization name="organization" {
                            option value="" selected[chosen.is_none()] { @if all.len() == 1 { "My only one" } @else { "None in particular" } }
                            @for place in all { option value=(place.organization) selected[chosen == Some(place.organization)] { (place.name) } }
                        }
                        p.hint { "Its keys and aliases are yours to call with, and its rules say who pays. A request may name another by " code { "x-ownkey-organization" } "." }
                    }
                    button.quiet type="submit" { "Save" }
                }
            }
        }
    }
}

/// One of several, with what it means.
fn option(value: &str, name: &str, words: &str, is_chosen: bool) -> Markup {
    html! {
        label.check {
            input type="radio" name="fallback" value=(value) checked[is_chosen];
            span { strong { (name) } " " span.soft { (words) } }
        }
    }
}

pub(super) fn sessions(told: &Told) -> Markup {
    let others = told.sessions.iter().filter(|session| Some(session.id) != told.current).count();
    html! {
        section.card #sessions aria-labelledby="sessions-title" data-live="session." {
            div.row.spread {
                h2 #sessions-title { "Where you are signed in" }
                @if others > 0 {
                    form method="post" action="/profile/sessions" data-stay="The other sessions ended" {
                        button.quiet.little type="submit" { "End all others" }
                    }
                }
            }
            ul.sessions { @for session in &told.sessions { (session_line(session, told.current)) } }
        }
    }
}

fn session_line(session: &Session, current: Option<SessionId>) -> Markup {
    let is_this = current == Some(session.id);
    let name = match session.kind {
        SessionKind::Web => browser(session.user_agent.as_deref().unwrap_or("")),
        SessionKind::Access => "Access token".to_owned(),
    };
    html! {
        li {
            (icon(if session.kind == SessionKind::Web { Icon::Screen } else { Icon::Token }))
            div.grow {
                strong { (name) } @if is_this { " " span.chip { "this one" } }
                div.small { (session.address.as_deref().unwrap_or("unknown address")) " · seen " (time(session.last_seen_at)) " · since " (time(session.created_at)) }
            }
            @if !is_this {
                form method="post" action="/profile/sessions" data-stay="The session ended" {
                    button.quiet.little name="session" value=(session.id) aria-label={ "End the session of " (name) } { "End" }
                }
            }
        }
    }
}

/// A browser and its system, as people call them.
fn browser(agent: &str) -> String {
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let name = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ if agent.is_empty() => "Unknown browser".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_name() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
            ("curl/8.9", "curl"),
            ("my-script", "my-script"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }
}
