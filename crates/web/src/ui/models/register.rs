//! The form that writes a model into the registry.

use app::error::Error;
use app::naming;
use app::registry::{Edit, NewModel};
use domain::credential::Scope;
use domain::model::ModelKind;
use domain::money::Rates;
use domain::provider::PROVIDERS;
use domain::registration::{Registration, Said};
use domain::{Nanos, Price};
use maud::{Markup, html};
use serde::Deserialize;

use super::asked::kind_name;
use crate::api::models::registry::abilities;

/// What was typed. A number is text until it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    provider: String,
    model_id: String,
    scope: String,
    display_name: String,
    kind: String,
    tools: Option<String>,
    vision: Option<String>,
    json_schema: Option<String>,
    reasoning: Option<String>,
    context_window: String,
    max_tokens: String,
    input: String,
    output: String,
    cached: String,
    /// Where an edit is to go: `save` or `remove`.
    pub(super) action: String,
}

impl Typed {
    /// What is registered, as it would be typed.
    pub(super) fn of(registration: &Registration) -> Self {
        let said = &registration.said;
        let can = said.capabilities.unwrap_or_default();
        let mark = |has: bool| has.then(|| "on".to_owned());
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let rate = |of: fn(&Rates) -> Option<i64>| {
            said.price.and_then(|price| of(&price.rates)).map(|nanos| Nanos(nanos).to_string()).unwrap_or_default()
        };
        Self {
            provider: registration.provider.to_string(),
            model_id: registration.model.clone(),
            scope: registration.scope().to_string(),
            display_name: said.display_name.clone().unwrap_or_default(),
            kind: said.kind.map(kind_name).unwrap_or_default().to_owned(),
            tools: mark(can.tools),
            vision: mark(can.vision),
            json_schema: mark(can.json_schema),
            reasoning: mark(can.reasoning),
            context_window: number(said.context_window),
            max_tokens: number(said.max_output_tokens),
            input: rate(|rates| Some(rates.input_nanos)),
            output: rate(|rates| Some(rates.output_nanos)),
            cached: rate(|rates| rates.cached_input_nanos),
            action: String::new(),
        }
    }

    /// The same for a model that is known otherwise: nothing is said of it yet.
    pub(super) fn about(provider: &str, model: &str) -> Self {
        Self { provider: provider.to_owned(), model_id: model.to_owned(), ..Self::default() }
    }

    /// Whether nothing was typed.
    pub(super) fn is_empty(&self) -> bool {
        self.model_id.is_empty() && self.provider.is_empty()
    }

    /// For whom it is.
    pub(super) fn scope(&self) -> Scope {
        self.scope.parse().unwrap_or(Scope::Personal)
    }

    /// As a new registration.
    pub(super) fn new_model(&self) -> Result<NewModel, Error> {
        let provider = self.provider.parse().map_err(|problem: String| Error::invalid("provider", problem))?;
        Ok(NewModel {
            scope: self.scope(),
            organization: None,
            provider,
            model: self.model_id.clone(),
            said: self.said()?,
        })
    }

    /// As a change: the form shows all that is said.
    pub(super) fn edit(&self) -> Result<Edit, Error> {
        let said = self.said()?;
        Ok(Edit {
            display_name: Some(said.display_name.clone()),
            context_window: Some(said.context_window),
            max_output_tokens: Some(said.max_output_tokens),
            price: Some(said.price),
            abilities: Some(said),
        })
    }

    fn said(&self) -> Result<Said, Error> {
        Ok(Said {
            display_name: Some(self.display_name.trim().to_owned()).filter(|name| !name.is_empty()),
            context_window: number("context_window", &self.context_window)?,
            max_output_tokens: number("max_tokens", &self.max_tokens)?,
            price: self.price()?,
            ..self.abilities()?
        })
    }

    fn abilities(&self) -> Result<Said, Error> {
        let kind = match self.kind.as_str() {
            "chat" => Some("chat"),
            "embedding" => Some("embeddings"),
            _ => None,
        };
        let marks = [
            (&self.tools, "tools"),
            (&self.vision, "vision"),
            (&self.json_schema, "json_schema"),
            (&self.reasoning, "reasoning"),
        ];
        let marked = marks.into_iter().filter_map(|(mark, word)| mark.is_some().then_some(word));
        let words: Vec<&str> = kind.into_iter().chain(marked).collect();
        abilities((!words.is_empty()).then_some(words.as_slice()))
    }

    fn price(&self) -> Result<Option<Price>, Error> {
        let (input, output) = (rate("input", &self.input)?, rate("output", &self.output)?);
        let cached_input_nanos = rate("cached", &self.cached)?;
        match (input, output) {
            (Some(input_nanos), Some(output_nanos)) => {
                let rates = Rates { input_nanos, output_nanos, cached_input_nanos, ..Rates::default() };
                Ok(Some(Price { rates, long_context: None }))
            }
            (None, None) if cached_input_nanos.is_none() => Ok(None),
            _ => Err(Error::invalid("The price", "needs both input and output; write 0 for what is free")),
        }
    }
}

fn number(field: &str, typed: &str) -> Result<Option<u64>, Error> {
    let plain: String = typed.chars().filter(|c| !matches!(c, ' ' | ',' | '_')).collect();
    if plain.is_empty() {
        return Ok(None);
    }
    plain.parse().map(Some).map_err(|_| Error::invalid(field, "is no whole number of tokens; write it like 128000"))
}

fn rate(field: &str, typed: &str) -> Result<Option<i64>, Error> {
    let typed = typed.trim().trim_start_matches('$').trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let nanos = Nanos::parse_usd(typed).map(|nanos| nanos.0);
    nanos.map(Some).ok_or_else(|| Error::invalid(field, "is no price; write dollars per million tokens, like 1.25"))
}

/// What was typed, to be typed on; a provider key in the place of a name is not
/// shown again.
fn echoed(typed: &str) -> &str {
    if naming::shown(typed) == "…" { "" } else { typed }
}

/// The form for a model that nobody listed.
pub(super) fn form(typed: &Typed, is_admin: bool, complaint: Option<&str>) -> Markup {
    html! {
        details.card #register open[complaint.is_some()] {
            summary { h2 { "Register a model by hand" } }
            p.soft {
                "For an Azure deployment, a model that no list has, or to correct what is known of one. "
                "What you leave empty stays as it is known."
            }
            form.form method="post" action="/language-models" data-stay="Registered" {
                @match complaint {
                    Some(sentence) => { p.complaint role="alert" data-complaint { (sentence) } }
                    None => { p.refused role="alert" data-complaint hidden {} }
                }
                div.columns {
                    div.field {
                        label for="register-provider" { "Provider" }
                        select #register-provider name="provider" {
                            @for provider in &PROVIDERS {
                                option value=(provider.name) selected[provider.name == typed.provider] { (provider.display_name) }
                            }
                        }
                    }
                    div.field {
                        label for="register-model" { "Model id" }
                        input #register-model name="model_id" value=(echoed(&typed.model_id)) required autocomplete="off" spellcheck="false" aria-describedby="register-model-hint";
                        p.hint #register-model-hint { "At Azure the deployment; at your own endpoint slug/model." }
                    }
                    @if is_admin {
                        div.field {
                            label for="register-scope" { "For" }
                            select #register-scope name="scope" {
                                option value="personal" { "My own keys" }
                                option value="system" selected[typed.scope == "system"] { "Everybody" }
                            }
                        }
                    }
                }
                (fields(typed, "register"))
                button type="submit" { "Register" }
            }
        }
    }
}

/// The form for a model that is there: what is said of it.
pub(super) fn edit_form(
    typed: &Typed,
    address: &str,
    is_registered: bool,
    is_admin: bool,
    complaint: Option<&str>,
) -> Markup {
    html! {
        form.form method="post" action=(address) {
            @if let Some(sentence) = complaint { p.complaint role="alert" { (sentence) } }
            input type="hidden" name="provider" value=(typed.provider);
            input type="hidden" name="model_id" value=(echoed(&typed.model_id));
            @if is_registered {
                input type="hidden" name="scope" value=(typed.scope);
            } @else if is_admin {
                div.field {
                    label for="edit-scope" { "For" }
                    select #edit-scope name="scope" { option value="personal" { "My own keys" } option value="system" { "Everybody" } }
                }
            }
            (fields(typed, "edit"))
            div.actions {
                button type="submit" name="action" value="save" { "Save" }
                @if is_registered { button.danger type="submit" name="action" value="remove" formnovalidate { "Take out of the registry" } }
            }
        }
    }
}

fn fields(typed: &Typed, prefix: &str) -> Markup {
    let marks = [
        ("tools", "Tools", &typed.tools),
        ("vision", "Vision", &typed.vision),
        ("reasoning", "Reasoning", &typed.reasoning),
        ("json_schema", "Structured output", &typed.json_schema),
    ];
    let numbers = [
        ("context_window", "Context, in tokens", &typed.context_window, "128000"),
        ("max_tokens", "Longest answer, in tokens", &typed.max_tokens, "16000"),
        ("input", "Input, $ per 1M tokens", &typed.input, "1.25"),
        ("output", "Output, $ per 1M tokens", &typed.output, "10"),
        ("cached", "Cached input, $ per 1M", &typed.cached, "as input"),
    ];
    html! {
        div.columns {
            div.field {
                label for={ (prefix) "-name" } { "Name" }
                input id={ (prefix) "-name" } name="display_name" value=(echoed(&typed.display_name)) maxlength="120" autocomplete="off";
            }
            div.field {
                label for={ (prefix) "-kind" } { "Kind" }
                select id={ (prefix) "-kind" } name="kind" {
                    option value="" { "As known" }
                    option value=(kind_name(ModelKind::Chat)) selected[typed.kind == "chat"] { "Chat" }
                    option value=(kind_name(ModelKind::Embedding)) selected[typed.kind == "embedding"] { "Embeddings" }
                }
            }
        }
        fieldset.marks {
            legend { "It can" }
            @for (name, word, mark) in marks {
                label.mark { input type="checkbox" name=(name) checked[mark.is_some()]; (word) }
            }
        }
        div.columns {
            @for (name, word, value, example) in numbers {
                div.field {
                    label for={ (prefix) "-" (name) } { (word) }
                    input id={ (prefix) "-" (name) } name=(name) value=(value) inputmode="decimal" placeholder=(example) autocomplete="off";
                }
            }
        }
    }
}
