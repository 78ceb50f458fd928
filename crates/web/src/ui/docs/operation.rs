//! One operation of the document.

use maud::{Markup, html};
use serde_json::Value;

use super::{curl, schema};

/// An operation, with where it is.
pub(super) struct Operation<'a> {
    pub(super) method: String,
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
}

/// All operations, by path.
pub(super) fn all(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, value) in methods.as_object().into_iter().flatten() {
            all.push(Operation { method: method.to_uppercase(), path, value });
        }
    }
    all
}

impl Operation<'_> {
    /// The name it is linked by.
    pub(super) fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    /// Its group.
    pub(super) fn tag(&self) -> &str {
        self.value["tags"][0].as_str().unwrap_or_default()
    }

    fn summary(&self) -> &str {
        self.value["summary"].as_str().unwrap_or_default()
    }

    /// What it says beyond its summary.
    fn description(&self) -> &str {
        let words = self.value["description"].as_str().unwrap_or_default();
        words.strip_prefix(self.summary()).unwrap_or(words).trim_start_matches(['.', ' '])
    }

    /// What a search looks at.
    pub(super) fn words(&self) -> String {
        format!("{} {} {} {}", self.method, self.path, self.tag(), self.summary()).to_lowercase()
    }

    /// Whether it has all of these words.
    pub(super) fn has(&self, wanted: &str) -> bool {
        let words = self.words();
        wanted.to_lowercase().split_whitespace().all(|word| words.contains(word))
    }

    /// Its method, coloured.
    pub(super) fn badge(&self) -> Markup {
        html! { span.method data-method=(self.method) { (self.method) } }
    }

    /// Everything about it.
    pub(super) fn article(&self, document: &Value, url: &str) -> Markup {
        let parameters: Vec<&Value> = self.parameters(document).collect();
        html! {
            article.card id=(self.id()) data-find=(self.words()) {
                h3 {
                    (self.badge()) " " code.path { (self.path) } " "
                    a.anchor href={ "#" (self.id()) } aria-label={ "Link to " (self.method) " " (self.path) } { "#" }
                }
                p { strong { (schema::prose(self.summary())) } }
                p { (schema::prose(self.description())) }
                @if !parameters.is_empty() {
                    h4 { "Parameters" }
                    (parameter_table(&parameters))
                }
                @for (kind, media) in self.value["requestBody"]["content"].as_object().into_iter().flatten() {
                    h4 { "Body " span.small { (kind) } }
                    (schema::fields(document, &media["schema"]))
                }
                h4 { "Example" }
                pre tabindex="0" { code { (curl::example(self, document, url)) } }
                (self.responses(document))
            }
        }
    }

    /// Its parameters, references followed; the request's id is said once, above.
    pub(super) fn parameters<'d>(&'d self, document: &'d Value) -> impl Iterator<Item = &'d Value> {
        let all = self.value["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| schema::follow(document, parameter)).filter(|parameter| parameter["name"] != "x-request-id")
    }

    /// Whether it asks who one is.
    pub(super) fn is_guarded(&self) -> bool {
        self.value["security"].as_array().is_some_and(|ways| !ways.is_empty())
    }

    fn responses(&self, document: &Value) -> Markup {
        let responses: Vec<(&String, &Value)> = self.value["responses"].as_object().into_iter().flatten().collect();
        let (good, bad): (Vec<_>, Vec<_>) = responses.into_iter().partition(|(status, _)| status.starts_with('2'));
        html! {
            h4 { "Answers" }
            (answer_table(document, &good))
            @if !bad.is_empty() {
                details {
                    summary { "Refusals: " (bad.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>().join(", ")) }
                    (answer_table(document, &bad))
                }
            }
        }
    }
}

fn parameter_table(parameters: &[&Value]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Parameters" {
            table {
                thead { tr { th { "Name" } th { "In" } th { "Type" } th { "What it is" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            td { code { (parameter["name"].as_str().unwrap_or_default()) } (schema::required(parameter["required"] == true)) }
                            td { (parameter["in"].as_str().unwrap_or_default()) }
                            td { (schema::kind(&parameter["schema"])) }
                            td { (schema::prose(parameter["description"].as_str().unwrap_or_default())) (schema::limits(&parameter["schema"])) }
                        }
                    }
                }
            }
        }
    }
}

fn answer_table(document: &Value, answers: &[(&String, &Value)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Answers" {
            table {
                thead { tr { th { "Status" } th { "When" } th { "Body" } } }
                tbody {
                    @for (status, answer) in answers {
                        @let answer = schema::follow(document, answer);
                        tr {
                            td { code { (status) } }
                            td { (schema::prose(answer["description"].as_str().unwrap_or_default())) }
                            td {
                                @for (kind, media) in answer["content"].as_object().into_iter().flatten() {
                                    div {
                                        @if media["schema"].is_null() { "events" } @else { (schema::kind(&media["schema"])) }
                                        " " span.small { (kind) }
                                    }
                                }
                                @if answer["content"].is_null() { "none" }
                            }
                        }
                    }
                }
            }
        }
    }
}
