//! The keys of one place: scopes, providers, search, rows, and what to do when
//! there are none.

use app::credentials::Shelf;
use domain::ProviderId;
use domain::credential::Scope;
use domain::provider::{PROVIDERS, ProviderKind};
use domain::spread::Spread;
use maud::{Markup, html};

use super::place::Spot;
use super::row::{Line, row, scope_word};
use crate::ui::view::{Icon, empty, icon, tile};

/// Providers that most people begin with.
const FIRST_KEYS: [ProviderId; 4] =
    [ProviderId::OpenAi, ProviderId::Anthropic, ProviderId::Google, ProviderId::OpenRouter];

/// The keys of one place.
pub(super) struct Listed<'a> {
    pub(super) spot: &'a Spot,
    pub(super) shelf: &'a Shelf,
    pub(super) lines: Vec<Line>,
    /// How calls are spread over the keys of the place's provider.
    pub(super) spread: Spread,
    /// Local servers that answer, and how many models they have.
    pub(super) local: &'a [(&'static str, usize)],
}

/// Whose keys: one's own, the organization's, or the server's, for whoever may
/// look at several.
pub(super) fn scopes(listed: &Listed<'_>, scopes: &[Scope]) -> Markup {
    html! {
        @if scopes.len() > 1 {
            nav.tabs #scopes aria-label="Whose keys" data-live="credential." {
                @for &scope in scopes {
                    a href=(listed.spot.in_scope(scope).href()) aria-current=[(scope == listed.spot.scope).then_some("true")] {
                        (scope_word(scope)) span.count { (listed.shelf.count(scope, None)) }
                    }
                }
            }
        }
    }
}

/// The providers: those with keys, the one that is looked at and those that most
/// people begin with; the others in a menu.
pub(super) fn providers(listed: &Listed<'_>) -> Markup {
    let count = |provider| listed.shelf.count(listed.spot.scope, provider);
    let is_near = |id: &ProviderId| listed.spot.provider == Some(*id) || FIRST_KEYS.contains(id);
    let (with, without): (Vec<ProviderId>, Vec<ProviderId>) = ProviderId::all().partition(|id| count(Some(*id)) > 0);
    let (near, others): (Vec<ProviderId>, Vec<ProviderId>) = without.into_iter().partition(is_near);
    html! {
        div.providers #providers data-live="credential." {
            div.chips role="tablist" aria-label="Providers" {
                (tab(listed, None, "All", count(None)))
                @for provider in with.into_iter().chain(near) {
                    (tab(listed, Some(provider), provider.display_name(), count(Some(provider))))
                }
            }
            @if !others.is_empty() {
                button.bare.little #more-of-them type="button" popovertarget="other-providers" { "More providers" (icon(Icon::Down)) }
                div #other-providers popover {
                    nav.menu aria-label="More providers" {
                        @for provider in others {
                            a href=(listed.spot.of_provider(Some(provider)).href()) { (tile(provider)) (provider.display_name()) }
                        }
                    }
                }
            }
        }
    }
}

fn tab(listed: &Listed<'_>, provider: Option<ProviderId>, name: &str, count: i64) -> Markup {
    let is_here = listed.spot.provider == provider;
    html! {
        a role="tab" id=[is_here.then_some("provider-tab")] href=(listed.spot.of_provider(provider).href())
            aria-selected=(if is_here { "true" } else { "false" }) {
            (name) @if count > 0 { span.count { (count) } }
        }
    }
}

/// The keys, told again whenever something happens to one.
pub(super) fn keys(listed: &Listed<'_>, may_copy: bool) -> Markup {
    let (spot, shelf) = (listed.spot, listed.shelf);
    let all = shelf.count(spot.scope, spot.provider);
    html! {
        section.keys role="tabpanel" aria-labelledby="provider-tab" {
            @if all > 8 || !spot.search.is_empty() { (search(spot)) }
            div #keys data-live="credential. models." {
                @if listed.lines.is_empty() {
                    div.card { (nothing(listed)) }
                } @else {
                    div.card.flush {
                        table.list.keylist {
                            thead { tr { th { "Key" } th { "State" } th { "Last used" } th { span.sr { "Actions" } } } }
                            tbody { @for line in &listed.lines { (row(line)) } }
                        }
                    }
                    (pages(listed))
                    @if !may_copy { p.small { "Copying keys is switched off on this server." } }
                    @else if spot.scope != Scope::Personal { p.small { "Shared keys cannot be copied; only personal ones, by their owner." } }
                }
            }
        }
    }
}

fn search(spot: &Spot) -> Markup {
    html! {
        form.search.row role="search" method="get" action="/keys" {
            @if spot.scope != Scope::Personal { input type="hidden" name="scope" value=(spot.scope); }
            @if let Some(provider) = spot.provider { input type="hidden" name="provider" value=(provider); }
            input.grow type="search" name="q" value=(spot.search) maxlength="100" aria-label="Search keys"
                placeholder="Name, note or last four characters";
            button.quiet { (icon(Icon::Search)) "Search" }
        }
    }
}

fn pages(listed: &Listed<'_>) -> Markup {
    let last = listed.lines.last().filter(|_| listed.shelf.has_more);
    html! {
        @if listed.spot.after.is_some() || last.is_some() {
            nav.row.spread aria-label="More keys" {
                @if listed.spot.after.is_some() { a.button.quiet href=(Spot { after: None, ..listed.spot.clone() }.href()) { "First page" } }
                @if let Some(line) = last {
                    a.button.quiet href=(listed.spot.after(line.shown.credential.id).href()) rel="next" { "Next page" (icon(Icon::Right)) }
                }
            }
        }
    }
}

/// Why there is nothing here, and what to do next.
fn nothing(listed: &Listed<'_>) -> Markup {
    let spot = listed.spot;
    if !spot.search.is_empty() {
        let all = Spot { search: String::new(), after: None, ..spot.clone() };
        return empty(Icon::Search, "No key matches", &html! { p { a href=(all.href()) { "Show all keys" } } });
    }
    if spot.scope == Scope::Organization {
        return empty(
            Icon::Key,
            "No key yet",
            &html! { p { "Your organization has no key " @if spot.provider.is_some() { "of this provider " } "yet. Its owners and admins add one." } },
        );
    }
    if let Some(provider) = spot.provider {
        let facts = provider.facts();
        let what = if facts.kind == ProviderKind::Local { "server" } else { "key" };
        return html! { p.none { "No " (facts.display_name) " " (what) " yet. Add one with the form above." } };
    }
    let next = html! {
        p { "Paste a key above and its models are yours to chat with, here and in every tool you point at Ownkey." }
        div.row.firsts {
            @for provider in FIRST_KEYS {
                a.button.quiet href=(provider.facts().key_url) target="_blank" rel="noopener noreferrer" {
                    "Get " (article(provider)) " " (provider.display_name()) " key" (icon(Icon::Out))
                }
            }
        }
        @for (name, models) in listed.local {
            p { (icon(Icon::Machine)) " " (name) " found on this machine: " (models) " model" (plural(*models)) ". "
                a href="/language-models" { "Use " (plural_them(*models)) } }
        }
        p.small { "No key at hand? " code { "ownkey serve --demo" } " shows everything with a made-up provider." }
    };
    empty(Icon::Key, "No key yet", &next)
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

const fn plural_them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

/// “a” or “an”, as the name is spoken.
pub(super) fn article(provider: ProviderId) -> &'static str {
    if provider.display_name().starts_with(['A', 'E', 'I', 'O', 'U', 'x']) { "an" } else { "a" }
}

/// The list of providers to choose from.
pub(crate) fn provider_options(chosen: Option<ProviderId>) -> Markup {
    html! {
        @for provider in &PROVIDERS {
            option value=(provider.name) selected[chosen == Some(provider.id)] { (provider.display_name) }
        }
    }
}
