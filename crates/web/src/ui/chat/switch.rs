//! Choosing the key and the model: a page, which a script shows in a dialog.

use app::credentials::{self, Listing};
use app::error::Error;
use app::models::{self, ModelFilter, ModelLine};
use domain::Caller;
use domain::credential::{Credential, Source};
use domain::ids::CredentialId;
use domain::key_shape;
use domain::model::{ModelKind, ModelStatus};
use domain::provider::ProviderId;
use maud::{Markup, html};

use super::figures::{price, roughly};
use super::head::whose;
use crate::router::Shared;
use crate::ui::view::{Icon, badge, icon, key_state, tile};

/// The most keys that are listed here; all are under `/keys`.
const MOST_KEYS: i64 = 60;

/// What there is to choose from.
pub(super) struct Choices {
    pub(super) keys: Vec<Credential>,
    pub(super) models: Vec<ModelLine>,
}

/// What is chosen, and where the choice goes.
pub(super) struct Chosen<'a> {
    /// Where the form is sent.
    pub(super) action: String,
    /// Where one goes back to.
    pub(super) back: String,
    pub(super) model: &'a str,
    pub(super) pinned: Option<CredentialId>,
    /// An answer is asked for again: the key stays as it is.
    pub(super) is_for_one_answer: bool,
}

/// The keys the caller may see and the models there are.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn choices(shared: &Shared, caller: &Caller) -> Result<Choices, Error> {
    let listing = Listing { limit: MOST_KEYS, ..Listing::default() };
    let (mut keys, _) = credentials::list(&shared.app, caller, &listing).await?;
    keys.retain(|key| key.grace_of.is_none() && key.source != Source::Keyless);
    let mut models = models::list(&shared.app, caller, ModelFilter::default()).await?;
    models.retain(|line| line.facts.kind == ModelKind::Chat && line.facts.status != ModelStatus::Retired);
    Ok(Choices { keys, models })
}

/// The choice as a form.
pub(super) fn sheet(choices: &Choices, chosen: &Chosen<'_>) -> Markup {
    html! {
        div.sheet-page data-sheet-content {
            h1 { @if chosen.is_for_one_answer { "Answer again with another model" } @else { "Key and model" } }
            form.switch method="post" action=(chosen.action) data-leads[chosen.is_for_one_answer] {
                @if chosen.is_for_one_answer { input type="hidden" name="action" value="regenerate"; }
                @else { (keys(&choices.keys, chosen)) }
                div.models-side {
                    div.row {
                        div.grow {
                            label.sr for="model-search" { "Search the models" }
                            input #model-search type="search" placeholder="Search the models" autocomplete="off" autofocus;
                        }
                        span #model-count.small role="status" {}
                    }
                    div #models { (groups(&choices.models, chosen.model)) }
                }
            }
            p.only-plain { a href=(chosen.back) { "Back to the chat" } }
        }
    }
}

fn keys(keys: &[Credential], chosen: &Chosen<'_>) -> Markup {
    html! {
        div.keys-side {
            fieldset {
                legend { "Key" }
                label.pick {
                    input type="radio" name="credential_id" value="" checked[chosen.pinned.is_none()];
                    span.grow { "Whichever fits" span.small.block { "Yours first, then your organization's, then the server's" } }
                }
                @for key in keys { (key_choice(key, chosen.pinned == Some(key.id))) }
            }
            div.row {
                @if !chosen.model.is_empty() {
                    button.quiet.little type="submit" name="model" value=(chosen.model) { "Use it with " (chosen.model) }
                }
                a.button.quiet.little href="/keys" { (icon(Icon::Key)) "Manage keys" }
            }
        }
    }
}

fn key_choice(key: &Credential, is_chosen: bool) -> Markup {
    html! {
        label.pick {
            input type="radio" name="credential_id" value=(key.id) data-provider=(key.provider.as_str()) checked[is_chosen] disabled[!key.is_active];
            (tile(key.provider))
            span.grow {
                span.clip.block { (key.name) }
                span.small.block { (key.provider.display_name()) " " @if !key.masked.is_empty() { code.nowrap { (key_shape::masked_in_lists(&key.masked)) } } }
                span.small.pick-end { (whose(key.scope)) (key_state(key.status, key.is_active)) }
            }
        }
    }
}

/// Models by provider: those a key opens, then the others.
fn groups(models: &[ModelLine], current: &str) -> Markup {
    let (usable, locked): (Vec<&ModelLine>, Vec<&ModelLine>) = models.iter().partition(|line| line.payer.is_some());
    html! {
        @for (provider, lines) in by_provider(&usable) {
            section aria-labelledby={ "models-" (provider.as_str()) } {
                h2 id={ "models-" (provider.as_str()) } { (provider.display_name()) }
                ul { @for line in lines { (usable_line(line, current)) } }
            }
        }
        @for (provider, lines) in by_provider(&locked) {
            section.locked aria-labelledby={ "locked-" (provider.as_str()) } {
                h2 id={ "locked-" (provider.as_str()) } { (icon(Icon::Lock)) (provider.display_name()) ": a key opens these" }
                ul { @for line in lines { (locked_line(line)) } }
            }
        }
        @if usable.is_empty() && locked.is_empty() { p.small { "No model is known yet." } }
    }
}

/// In the order in which they come.
fn by_provider<'a>(lines: &[&'a ModelLine]) -> Vec<(ProviderId, Vec<&'a ModelLine>)> {
    let mut groups: Vec<(ProviderId, Vec<&ModelLine>)> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|(provider, _)| *provider == line.facts.provider) {
            Some((_, lines)) => lines.push(line),
            None => groups.push((line.facts.provider, vec![line])),
        }
    }
    groups
}

/// What a search looks in.
fn words(line: &ModelLine) -> String {
    let facts = &line.facts;
    let text =
        format!("{} {} {} {}", facts.display_name, line.client_id, facts.provider, facts.provider.display_name());
    text.to_lowercase()
}

fn usable_line(line: &ModelLine, current: &str) -> Markup {
    let is_current = line.client_id == current;
    html! {
        li data-words=(words(line)) data-provider=(line.facts.provider.as_str()) {
            button.model type="submit" name="model" value=(line.client_id) aria-current=[is_current.then_some("true")] {
                span.grow {
                    strong.clip.block { (line.facts.display_name) }
                    (facts(line))
                }
                @if line.facts.is_recommended { (badge("green", Icon::Star, "Recommended")) }
                @if is_current { (icon(Icon::Check)) }
            }
        }
    }
}

fn locked_line(line: &ModelLine) -> Markup {
    let provider = line.facts.provider;
    html! {
        li data-words=(words(line)) data-provider=(provider.as_str()) {
            a.model href={ "/keys?provider=" (provider.as_str()) } {
                span.grow {
                    span.clip.block { (line.facts.display_name) }
                    (facts(line))
                }
                span.small { "Add a key" }
            }
        }
    }
}

/// Price, window and abilities in one line.
fn facts(line: &ModelLine) -> Markup {
    let can = line.facts.capabilities;
    let abilities = [(can.vision, "pictures"), (can.tools, "tools"), (can.reasoning, "reasoning")];
    html! {
        span.small.model-facts {
            span { @if let Some(known) = &line.price { (price(known)) " per 1M" } @else { "price unknown" } }
            @if let Some(window) = line.facts.context_window { span { (roughly(window)) " tokens" } }
            @for (_, word) in abilities.into_iter().filter(|(has, _)| *has) { span { (word) } }
        }
    }
}
