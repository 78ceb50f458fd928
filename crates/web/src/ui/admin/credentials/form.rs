//! The form that adds a key for others.

use domain::ProviderId;
use domain::credential::Scope;
use domain::organization::Organization;
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::Asked;
use crate::ui::keys::provider_options;
use crate::ui::view::{Icon, icon};

/// What the form holds.
#[derive(Clone, Default, Deserialize)]
pub(in crate::ui::admin) struct KeyForm {
    #[serde(default)]
    pub(super) organization: String,
    #[serde(default)]
    pub(super) provider: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) api_key: String,
    #[serde(default)]
    pub(super) secret_ref: String,
    #[serde(default)]
    pub(super) api_base: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) deployments: String,
    #[serde(default)]
    pub(super) api_version: String,
    #[serde(default)]
    pub(super) slug: String,
    #[serde(default)]
    pub(super) headers: String,
    /// The organization whose keys were looked at.
    pub(super) back: Option<String>,
}

impl KeyForm {
    /// What may be written into a page again.
    pub(super) fn without_secret(&self) -> Self {
        Self { api_key: String::new(), headers: String::new(), ..self.clone() }
    }

    fn has_more(&self) -> bool {
        [&self.note, &self.deployments, &self.api_version, &self.slug].into_iter().any(|text| !text.trim().is_empty())
    }
}

/// Adds a key; folded away until it is wanted.
pub(super) fn add(
    asked: &Asked,
    typed: &KeyForm,
    offered: &[Organization],
    chosen: Option<&Organization>,
    is_open: bool,
) -> Markup {
    let provider: Option<ProviderId> = typed.provider.parse().ok().or(asked.provider);
    let is_shared = asked.scope == Scope::Organization;
    html! {
        details.card.add #add open[is_open] {
            summary { (icon(Icon::Plus)) @if is_shared { "Add Provider Credential" } @else { "Add System Key" } }
            @if is_shared && offered.is_empty() {
                p.soft { "A provider credential belongs to an organization, and there is none yet. " a href="/admin/organizations" { "Make one first" } "." }
            } @else {
                form method="post" action=(asked.page()) data-stay="Saved" autocomplete="off" {
                    p.wrong data-complaint hidden role="alert" {}
                    @if let Some(back) = &asked.organization { input type="hidden" name="back" value=(back); }
                    div.columns.aligned {
                        @if is_shared { (whose(typed, offered, chosen)) }
                        div.field {
                            label for="new-provider" { "Provider" }
                            select #new-provider name="provider" required { option value="" { "Choose…" } (provider_options(provider)) }
                        }
                        div.field {
                            label for="new-name" { "Credential Name" }
                            input #new-name name="name" type="text" value=(typed.name) maxlength="100" autocomplete="off" placeholder="Production";
                            p.hint { "The provider's name, unless you say." }
                        }
                        div.field {
                            label for="new-key" { "API Key" }
                            input.secret #new-key name="api_key" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="sk-…";
                            p.hint { "Sealed before it is stored, then checked by one free call." }
                        }
                        @if !is_shared { (reference(typed)) }
                        div.field {
                            label for="new-base" { "API Base URL " span.soft { "(optional)" } }
                            input #new-base name="api_base" type="url" value=(typed.api_base) autocomplete="off" placeholder="The provider's own";
                        }
                    }
                    details.more open[typed.has_more()] { summary { "More fields" } (more(typed)) }
                    div.actions { button type="submit" { "Save and check" } }
                }
            }
        }
    }
}

fn whose(typed: &KeyForm, offered: &[Organization], chosen: Option<&Organization>) -> Markup {
    let is_chosen = |one: &Organization| {
        typed.organization == one.slug
            || (typed.organization.is_empty() && chosen.is_some_and(|chosen| chosen.id == one.id))
    };
    html! {
        div.field {
            label for="new-organization" { "Organization" }
            select #new-organization name="organization" required {
                @if offered.len() > 1 { option value="" { "Choose…" } }
                @for one in offered { option value=(one.slug) selected[is_chosen(one)] { (one.name) } }
            }
        }
    }
}

/// Where the operator keeps the key instead.
fn reference(typed: &KeyForm) -> Markup {
    html! {
        div.field {
            label for="new-reference" { "Or where the key is kept " span.soft { "(instead of the key)" } }
            input #new-reference name="secret_ref" type="text" value=(typed.secret_ref) autocomplete="off" spellcheck="false" placeholder="env:OPENAI_API_KEY or file:/run/secrets/openai";
            p.hint { "Read when it is used; a changed value is noticed." }
        }
    }
}

/// What few keys need.
fn more(typed: &KeyForm) -> Markup {
    html! {
        div.columns.aligned {
            div.field {
                label for="new-note" { "Note" }
                input #new-note name="note" type="text" value=(typed.note) maxlength="2000" autocomplete="off";
            }
            div.field {
                label for="new-deployments" { "Deployments " span.soft { "(Azure)" } }
                input #new-deployments name="deployments" type="text" value=(typed.deployments) autocomplete="off" spellcheck="false";
                p.hint { "Separated by commas; they become the key's models." }
            }
            div.field {
                label for="new-version" { "API version " span.soft { "(Azure)" } }
                input #new-version name="api_version" type="text" value=(typed.api_version) autocomplete="off" spellcheck="false";
            }
            div.field {
                label for="new-slug" { "Slug " span.soft { "(custom)" } }
                input #new-slug name="slug" type="text" value=(typed.slug) autocomplete="off" spellcheck="false";
                p.hint { "Stands before its models' ids." }
            }
            div.field {
                label for="new-headers" { "Headers " span.soft { "(custom)" } }
                textarea #new-headers name="headers" rows="2" autocomplete="off" spellcheck="false" placeholder="name: value" {}
                p.hint { "One on each line; sealed with the key." }
            }
        }
    }
}
