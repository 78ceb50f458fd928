//! What a door can answer: its own success, and every refusal that follows from
//! what it needs, takes and does.

use std::collections::{BTreeMap, BTreeSet};

use app::Code;
use domain::access::Need;
use http::Method;
use serde_json::{Map, Value, json};

use super::describe::{Answer, Described};
use super::{components, is_control, is_open, is_wire, names_in, shape};
use crate::problem::{self, Dialect};
use crate::router::Door;

/// What can go wrong on the way to a provider and back.
const OF_CALLS: [Code; 19] = [
    Code::InvalidJson,
    Code::InvalidRequest,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::UnsupportedParameter,
    Code::AmbiguousModel,
    Code::ProviderKeyRequired,
    Code::ModelNotAllowed,
    Code::BudgetExceeded,
    Code::ModelUnpriced,
    Code::ModelNotFound,
    Code::NotFound,
    Code::AlreadyDone,
    Code::RateLimited,
    Code::Undecryptable,
    Code::UpstreamCredentialsExhausted,
    Code::ProviderError,
    Code::ConfigStale,
    Code::StorageFull,
];

/// The codes a door can refuse with.
pub struct Refusals {
    codes: BTreeSet<&'static str>,
    is_wire: bool,
    passes_providers_refusals: bool,
}

impl Refusals {
    /// The refusals of a described door.
    #[must_use]
    pub fn of(door: &Door, described: &Described) -> Self {
        let mut refusals =
            Self { codes: BTreeSet::new(), is_wire: is_wire(door.path), passes_providers_refusals: described.is_call };
        refusals.add(&[Code::HeadersTooLarge, Code::Internal]);
        refusals.add_those_of_the_guard(door, described);
        if described.body.is_some() {
            refusals.add(&[Code::PayloadTooLarge, Code::UnsupportedMediaType, Code::InvalidRequest]);
            if described.body.as_ref().is_some_and(|body| body.kind == "application/json") {
                refusals.add(&[Code::InvalidJson]);
            }
        }
        if is_control(door.path) || described.has_query() {
            refusals.add(&[Code::InvalidRequest]);
        }
        if names_in(door.path).next().is_some() {
            refusals.add(&[Code::NotFound]);
        }
        if described.is_idempotent {
            refusals.add(&[Code::InvalidRequest, Code::InProgress]);
        }
        if described.is_call {
            refusals.add(&OF_CALLS);
            refusals.add(&[Code::ProviderRejected, Code::EndpointNotAllowed]);
            refusals.add(&[Code::ProviderOverloaded, Code::ProviderTimeout]);
        }
        refusals.add(&described.refusals);
        refusals
    }

    fn add(&mut self, codes: &[Code]) {
        self.codes.extend(codes.iter().map(|code| code.as_str()));
    }

    fn add_those_of_the_guard(&mut self, door: &Door, described: &Described) {
        let is_change = !matches!(door.method, Method::GET | Method::HEAD);
        if !is_open(door.need) {
            self.add(&[Code::InvalidGatewayToken, Code::Forbidden, Code::Misdirected]);
            if is_change {
                self.add(&[Code::NotSameOrigin]);
            }
        }
        if described.asks_the_store() {
            self.add(&[Code::StoreUnavailable]);
            if is_change {
                self.add(&[Code::StorageFull, Code::Conflict]);
            }
        }
        if door.need == Need::Metrics {
            self.add(&[Code::Forbidden]);
        }
    }

    /// Whether a code is among them.
    #[must_use]
    pub fn contain(&self, code: &str) -> bool {
        self.codes.contains(code)
    }

    /// The codes of each status, as the document writes statuses.
    #[must_use]
    pub fn by_status(&self) -> BTreeMap<String, Vec<Code>> {
        let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
        for &code in Code::ALL.iter().filter(|code| self.codes.contains(code.as_str())) {
            by_status.entry(self.status_of(code)).or_default().push(code);
            if let Some(status) = self.anthropics_own_status_of(code) {
                by_status.entry(status).or_default().push(code);
            }
        }
        if self.passes_providers_refusals {
            // The provider's status may be one that we refuse with ourselves.
            let is_of_client = |status: &String| status.starts_with('4') && status != "4XX";
            for (_, codes) in by_status.iter_mut().filter(|(status, _)| is_of_client(status)) {
                codes.push(Code::ProviderRejected);
            }
        }
        by_status
    }

    /// The status of a code in Anthropic's words, where those have another.
    fn anthropics_own_status_of(&self, code: Code) -> Option<String> {
        let [usual, anthropics] = [Dialect::OpenAi, Dialect::Anthropic]
            .map(|dialect| problem::status_in(&app::Error::new(code, ""), dialect).as_u16());
        (self.is_wire && usual != anthropics).then(|| anthropics.to_string())
    }

    fn status_of(&self, code: Code) -> String {
        match code {
            // A provider's own status passes through.
            Code::ProviderRejected if self.passes_providers_refusals => "4XX".to_owned(),
            // Refused in use, not while it is being saved.
            Code::EndpointNotAllowed if self.passes_providers_refusals => "502".to_owned(),
            code => {
                let dialect = if self.is_wire { Dialect::OpenAi } else { Dialect::Problem };
                problem::status_in(&app::Error::new(code, ""), dialect).as_u16().to_string()
            }
        }
    }
}

/// A success, with its headers.
pub(super) fn success(answer: &Answer, described: &Described, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut content = Map::new();
    for (kind, shape) in &answer.contents {
        let media = match shape {
            Some(shape) => json!({"schema": shape::reference(shape, schemas)}),
            // What one event holds is for the summary to say.
            None if matches!(*kind, "text/event-stream" | "application/octet-stream") => json!({}),
            None => json!({"schema": {"type": "string"}}),
        };
        content.insert((*kind).to_owned(), media);
    }
    let mut headers = vec!["x-request-id", "request-id"];
    if described.is_call && answer.status < 300 {
        headers.extend(components::PAYMENT_HEADERS);
        headers.extend(described.may_estimate.then_some("x-ownkey-estimated"));
    } else if described.is_idempotent && answer.status < 300 {
        headers.push("idempotent-replay");
    }
    let mut response = json!({"description": answer.what, "headers": header_references(&headers)});
    if !content.is_empty() {
        response["content"] = content.into();
    }
    response
}

/// A refusal as a component: its name, and what it says.
pub(super) fn refusal(door: &Door, status: &str, codes: &[Code]) -> (String, Value) {
    let is_wire = is_wire(door.path);
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let name = format!("{}-{status}-{}", if is_wire { "wire" } else { "problem" }, words.join("-"));
    let titles: Vec<String> =
        codes.iter().map(|code| format!("{} (`{}`)", problem::facts_of(*code).title, code.as_str())).collect();
    let content = if is_wire {
        json!({"application/json": {"schema": components::reference("schemas", "WireError")}})
    } else {
        let schema = json!({"allOf": [
            components::reference("schemas", "Problem"),
            {"type": "object", "properties": {"code": {"enum": words}}},
        ]});
        json!({"application/problem+json": {"schema": schema}})
    };
    let mut headers = vec!["x-request-id", "request-id"];
    match status {
        "401" => headers.push("www-authenticate"),
        "429" | "502" | "503" | "504" | "529" => headers.extend(["retry-after", "x-should-retry"]),
        _ => {}
    }
    let response =
        json!({"description": titles.join("; "), "headers": header_references(&headers), "content": content});
    (name, response)
}

fn header_references(names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), components::reference("headers", name))).collect::<Map<_, _>>().into()
}
