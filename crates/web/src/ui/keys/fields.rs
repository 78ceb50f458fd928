//! The form of one provider, with the fields that its keys have.

use domain::ProviderId;
use domain::credential::{Credential, Scope};
use domain::credential_kind::{CredentialKind, Field};
use domain::provider::ProviderKind;
use domain::spread::Spread;
use llm::presets;
use maud::{Markup, html};

use super::list::{Listed, article, provider_options};
use super::place::Spot;
use crate::ui::view::{Icon, icon, tile};

/// The classic way: the provider first, then its own form.
pub(super) fn choice(spot: &Spot) -> Markup {
    html! {
        form.choice method="get" action="/keys" data-choice {
            @if spot.scope != Scope::Personal { input type="hidden" name="scope" value=(spot.scope); }
            label for="choose-provider" { "Or choose the provider" }
            select #choose-provider name="provider" { option value="" { "Provider…" } (provider_options(spot.provider)) }
            button.quiet.by-hand { "Show its form" }
        }
    }
}

/// A provider, and the form that adds a key of it.
pub(super) fn of_provider(
    provider: ProviderId,
    spot: &Spot,
    listed: &Listed<'_>,
    default_base: Option<&str>,
) -> Markup {
    let facts = provider.facts();
    let is_local = facts.kind == ProviderKind::Local;
    let keys = listed.shelf.count(spot.scope, Some(provider));
    html! {
        section.card.own aria-labelledby="provider-title" {
            div.row.spread {
                div.row { (tile(provider)) h2 #provider-title { (facts.display_name) } }
                @if !facts.key_url.is_empty() {
                    a href=(facts.key_url) target="_blank" rel="noopener noreferrer" {
                        "Get your " (facts.display_name) " key here " (icon(Icon::Out))
                    }
                }
            }
            p.soft { (facts.description) @if is_local { " No API key needed, but might need local config." } }
            (form(provider, spot.scope, default_base, ""))
            @if keys > 1 { hr; (spread(provider, spot.scope, None, listed.spread)) }
        }
    }
}

/// The form that adds a key of `provider`. `prefix` keeps its ids its own.
pub(super) fn form(provider: ProviderId, scope: Scope, default_base: Option<&str>, prefix: &str) -> Markup {
    let name = provider.display_name();
    html! {
        form.columns method="post" action="/keys" data-complete data-stay="Saved" {
            input type="hidden" name="provider" value=(provider);
            @if scope != Scope::Personal { input type="hidden" name="scope" value=(scope); }
            @if provider == ProviderId::Custom { (preset_choice()) }
            @for field in provider.credential_fields() { (input(&field, prefix, given(&field, default_base))) }
            div.field {
                label for={ (prefix) "name" } { "Name (optional)" }
                input id={ (prefix) "name" } name="name" type="text" maxlength="100" autocomplete="off" placeholder=(name);
            }
            button type="submit" {
                @if provider.facts().kind == ProviderKind::Local { "Add " (article(provider)) " " (name) " server" }
                @else { "Add " (article(provider)) " " (name) " key" }
            }
            p.wrong data-complaint hidden role="alert" {}
        }
    }
}

/// What stands in a field from the start.
fn given<'a>(field: &Field, default_base: Option<&'a str>) -> &'a str {
    if field.name == "api_base" && !field.required { default_base.unwrap_or("") } else { "" }
}

/// A field of a key. Its name in forms is the last part of its name in the API.
pub(super) fn input(field: &Field, prefix: &str, value: &str) -> Markup {
    let name = field.name.rsplit('.').next().unwrap_or(field.name);
    let id = format!("{prefix}{name}");
    let kind = if name == "api_base" { "url" } else { "text" };
    html! {
        div.field {
            label for=(id) { (field.label) @if !field.required { span.soft { " (optional)" } } }
            @if name == "headers" {
                textarea id=(id) name=(name) rows="2" autocomplete="off" spellcheck="false" placeholder=(field.example) {}
            } @else {
                input id=(id) name=(name) type=(kind) value=(value) class=[(name == "api_key").then_some("secret")]
                    autocomplete="off" autocapitalize="off" spellcheck="false" placeholder=(field.example) required[field.required];
            }
            @if name == "deployments" { p.hint { "Separated by commas; they become the key's models." } }
            @if name == "headers" { p.hint { "One on each line; sealed with the key." } }
        }
    }
}

/// Endpoints that people have; a script fills the form with one.
fn preset_choice() -> Markup {
    html! {
        div.field.scripted {
            label for="preset" { "Fill in" }
            select #preset data-preset {
                option value="" { "A known endpoint…" }
                @for preset in presets::builtin() {
                    option value=(preset.base_url) data-slug=(preset.id) data-name=(preset.display_name) { (preset.display_name) }
                }
            }
        }
    }
}

/// Fields of a saved key that can be edited, with what they hold.
pub(super) fn edit_inputs(key: &Credential) -> Markup {
    let kind = key.provider.credential_kind();
    let fields = key.provider.credential_fields();
    let settings = &key.settings;
    let value = |field: &Field| match field.name {
        "api_base" => key.api_base.clone().unwrap_or_default(),
        "settings.deployments" => settings.deployments.join(", "),
        "settings.api_version" => settings.api_version.clone().unwrap_or_default(),
        "settings.slug" => settings.slug.clone().unwrap_or_default(),
        _ => String::new(),
    };
    html! {
        @for field in fields.iter().filter(|field| field.name != "api_key") {
            (input(&Field { required: field.required && kind != CredentialKind::None, ..*field }, "edit-", &value(field)))
        }
        @if !settings.headers.is_empty() {
            p.small { "Headers now: " (settings.headers.join(", ")) ". They stay unless new ones are typed." }
        }
    }
}

/// How calls are spread over the keys of one provider; `organization`: whose,
/// when an organization's.
pub(crate) fn spread(provider: ProviderId, scope: Scope, organization: Option<&str>, settled: Spread) -> Markup {
    let choices = [
        (Spread::Primary, "The primary key serves, the others step in"),
        (Spread::RoundRobin, "Each key in turn"),
        (Spread::LeastUsed, "The key that served the fewest calls lately"),
    ];
    html! {
        form.row method="post" action="/keys/spread" data-at-once {
            @if let Some(organization) = organization { input type="hidden" name="organization" value=(organization); }
            input type="hidden" name="provider" value=(provider);
            input type="hidden" name="scope" value=(scope);
            label for="spread" { "With several keys" }
            select #spread name="spread" {
                @for (choice, words) in choices { option value=(choice) selected[choice == settled] { (words) } }
            }
            button.quiet.by-hand { "Settle" }
        }
    }
}
