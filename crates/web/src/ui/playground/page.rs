//! The playground as a page: a prompt, and columns beside one another.

use app::error::{Code, Error};
use app::models::{ModelLine, Source};
use domain::model::ModelKind;
use maud::{Markup, html};

use super::run::Outcome;
use super::state::{COLUMNS, Column, PARAMETERS, Parameter, Setting, State, Takes};
use crate::api::llm::EFFORTS;
use crate::ui::models::dollars;
use crate::ui::view::{Icon, complaint, empty, icon};

/// What the page is made of.
pub(super) struct Shown<'a> {
    pub(super) state: &'a State,
    /// The models that can be called.
    pub(super) lines: &'a [ModelLine],
    pub(super) keys: &'a [Source],
    pub(super) outcomes: &'a [Outcome],
    /// What is wrong with the form.
    pub(super) wrong: Option<&'a str>,
}

pub(super) fn content(shown: &Shown<'_>) -> Markup {
    if shown.lines.is_empty() {
        return html! {
            h1 { "Playground" }
            section.card {
                (empty(Icon::Play, "No key opens a model yet", &html! {
                    p { "Save a provider key, then ask one to four of its models the same thing, side by side." }
                    div.row { a.button href="/keys" { (icon(Icon::Plus)) "Add a key" } }
                }))
            }
        };
    }
    html! {
        div.lead {
            div { h1 { "Playground" } p { "One prompt, one to four models, side by side." } }
        }
        (complaint(shown.wrong))
        form #playground.playground method="post" action="/playground" {
            (prompt(shown.state))
            div #columns.beside data-columns=(shown.state.columns.len()) {
                @for number in 1..=COLUMNS { (column(shown, number)) }
            }
        }
        (models(shown.lines))
        dialog #code-dialog.wide aria-labelledby="code-title" {
            div.row.spread {
                h2 #code-title { "Get code" }
                button.bare.icon-only type="button" data-close aria-label="Close" { (icon(Icon::Cross)) }
            }
            div #code-place {}
        }
        p.sr role="status" #told {}
    }
}

fn prompt(state: &State) -> Markup {
    html! {
        section.card.prompt {
            div.field {
                label for="prompt" { "Prompt" }
                textarea #prompt name="prompt" rows="4" required autofocus placeholder="Ask all of them the same thing" { (state.prompt) }
            }
            details open[!state.system.is_empty()] {
                summary { "System prompt" }
                label.sr for="system" { "System prompt" }
                textarea #system name="system" rows="3" placeholder="How they should answer" { (state.system) }
            }
            div.actions {
                button #run type="submit" { (icon(Icon::Send)) "Run" }
                button #stop-all.quiet type="button" hidden { (icon(Icon::Stop)) "Stop all" }
                button #add.quiet type="submit" name="add" value="1" formnovalidate disabled[state.columns.len() == COLUMNS] {
                    (icon(Icon::Plus)) "Add a model"
                }
                span.small.keys-hint { kbd { "Ctrl" } " " kbd { "Enter" } " runs" }
            }
        }
    }
}

/// The models to choose from, once for all columns.
fn models(lines: &[ModelLine]) -> Markup {
    html! {
        datalist #model-list {
            @for line in lines.iter().filter(|line| line.facts.kind == ModelKind::Chat) {
                option value=(line.client_id) data-provider=(line.facts.provider.as_str()) {
                    (line.facts.display_name) " · " (line.facts.provider.display_name())
                    @if let Some(price) = line.price { " · " (dollars(price.rates.input_nanos)) " / " (dollars(price.rates.output_nanos)) }
                }
            }
        }
    }
}

/// A column; one that is not shown yet takes part in nothing.
fn column(shown: &Shown<'_>, number: usize) -> Markup {
    let known = shown.state.columns.iter().find(|column| column.number == number);
    let unused = State::unused(number);
    let column = known.unwrap_or(&unused);
    let outcome = shown.outcomes.iter().find(|outcome| outcome.number == number);
    html! {
        fieldset.card.column id={ "column-" (number) } data-number=(number) hidden[known.is_none()] disabled[known.is_none()] {
            legend.sr { "Model " (number) }
            div.head {
                label.sr for={ "m" (number) } { "Model " (number) }
                input id={ "m" (number) } name={ "m" (number) } list="model-list" value=(column.model) required placeholder="Choose a model" autocomplete="off" spellcheck="false";
                button.bare.icon-only type="submit" name="remove" value=(number) formnovalidate aria-label={ "Remove model " (number) } { (icon(Icon::Cross)) }
            }
            (settings(shown, column))
            (answer(shown, number, outcome))
            div.actions.under {
                button.quiet.little type="submit" name="of" value=(number) formaction="/playground/code" formnovalidate data-code { (icon(Icon::Code)) "Get code" }
                button.quiet.little type="button" data-copy-answer hidden { (icon(Icon::Copy)) "Copy" }
                button.quiet.little type="button" data-stop hidden { (icon(Icon::Stop)) "Stop" }
            }
        }
    }
}

fn settings(shown: &Shown<'_>, column: &Column) -> Markup {
    let is_set = column.key.is_some() || column.settings.iter().any(|setting| setting.is_on);
    html! {
        details.settings open[is_set] {
            summary { (icon(Icon::Dials)) "Key and parameters" }
            div.field {
                label for={ "k" (column.number) } { "Key" }
                select id={ "k" (column.number) } name={ "k" (column.number) } data-key {
                    option value="" { "Whichever would pay" }
                    @for key in shown.keys {
                        option value=(key.key) data-provider=(key.provider.as_str()) selected[column.key == Some(key.key)] {
                            (key.provider.display_name()) " " (key.title)
                        }
                    }
                }
            }
            @for (parameter, setting) in PARAMETERS.iter().zip(&column.settings) { (setting_of(column.number, parameter, setting)) }
        }
    }
}

fn setting_of(number: usize, parameter: &Parameter, setting: &Setting) -> Markup {
    let name = format!("{}{number}", parameter.name);
    let (least, most, step) = match parameter.takes {
        Takes::Number(least, most, step) => (Some(least), Some(most), step),
        Takes::Whole => (Some("1"), None, "1"),
        Takes::Any | Takes::Effort => (None, None, "1"),
    };
    html! {
        div.setting {
            label.check {
                input type="checkbox" name={ (name) "_on" } checked[setting.is_on] aria-label={ "Send " (parameter.word) };
                (parameter.word)
            }
            @if parameter.takes == Takes::Effort {
                select name=(name) aria-label=(parameter.word) {
                    @for effort in EFFORTS { option value=(effort) selected[setting.typed == effort] { (effort) } }
                }
            } @else {
                input type="number" name=(name) value=(setting.typed) min=[least] max=[most] step=(step) aria-label=(parameter.word);
            }
        }
    }
}

/// The place of an answer, with the answer where there is one already.
fn answer(shown: &Shown<'_>, number: usize, outcome: Option<&Outcome>) -> Markup {
    let answered = outcome.and_then(|outcome| outcome.answer.as_ref().ok());
    let failed = outcome.and_then(|outcome| outcome.answer.as_ref().err());
    let reasoning = answered.map_or("", |(answer, _)| answer.reasoning.as_str());
    let text = answered.map_or("", |(answer, _)| answer.refusal.as_deref().unwrap_or(&answer.text));
    html! {
        div.answer tabindex="0" role="region" aria-label={ "Answer of model " (number) } {
            details.thought hidden[reasoning.is_empty()] {
                summary { (icon(Icon::Thought)) span data-thought-title { "Thinking" } }
                div.said data-thought { (reasoning) }
            }
            div.said data-said { (text) }
            p.waiting { span { "The answer comes here." } span { "Waiting for the first word …" } }
            p.complaint role="alert" data-failed hidden[failed.is_none()] {
                @if let Some(error) = failed { span { (error.sentence) } @if let Some((to, words)) = way_out(error) { a href=(to) { (words) } } }
            }
        }
        p.figures data-figures hidden[answered.is_none()] {
            @if let (Some((answer, payment)), Some(outcome)) = (answered, outcome) {
                span { (seconds(outcome.took)) }
                @if let Some(usage) = answer.usage { span { (usage.prompt) " in, " (usage.completion) " out" } }
                @match payment.cost { Some(cost) => { span { "$" (cost) } } None => { span { "cost unknown" } } }
                @if let Some(key) = shown.keys.iter().find(|key| key.key == payment.credential) {
                    span { (key.provider.display_name()) " " (key.title) }
                }
                @if !payment.dropped.is_empty() { span { "left out: " (payment.dropped.join(", ")) } }
            }
        }
    }
}

/// The page where a refusal is put right.
fn way_out(error: &Error) -> Option<(String, &'static str)> {
    match (error.code, error.details.attempts.last()) {
        (Code::ModelNotFound | Code::AmbiguousModel, _) => {
            Some(("/language-models?show=all".to_owned(), "Look for the model"))
        }
        (_, Some(attempt)) => Some((format!("/keys?provider={}", attempt.provider), "See the keys")),
        (Code::ProviderKeyRequired, None) => Some(("/keys".to_owned(), "Add a key")),
        _ => None,
    }
}

fn seconds(took: std::time::Duration) -> String {
    format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100)
}
