//! The list of fixtures, and what is compared of an answer.

use domain::ProviderId;
use domain::money::Nanos;
use domain::usage::TokenCounts;
use http::HeaderMap;
use llm::neutral::{Answer, FinishReason, ToolCall};
use llm::wire::{self, ClientWire, Wire};
use serde::Deserialize;
use serde_json::{Value, json};

/// One fixture.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) kind: String,
    pub(crate) provider: ProviderId,
    /// A wire's name, or an embedding format's.
    #[serde(rename = "wire")]
    pub(crate) wire_name: String,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: serde_json::Map<String, Value>,
    pub(crate) path: Option<String>,
    pub(crate) maps_from: Option<String>,
    #[serde(default)]
    pub(crate) expect: Value,
}

impl Case {
    /// What the provider speaks; `None`: embeddings.
    pub(crate) fn wire(&self) -> Option<&'static dyn Wire> {
        // Ollama's vectors come under its one wire's name.
        let is_vectors = self.expect.get("vectors").is_some();
        wire::of(self.wire_name.parse().ok().filter(|_| !is_vectors)?)
    }

    /// What a client of the same format speaks, if clients speak it.
    pub(crate) fn client_wire(&self) -> Option<&'static dyn ClientWire> {
        wire::of_client(self.wire_name.parse().ok()?)
    }

    /// The fixture's bytes.
    pub(crate) fn body(&self) -> Vec<u8> {
        read(&self.file)
    }

    /// The answer's headers.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        map
    }
}

/// A fixture's bytes.
pub(crate) fn read(file: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/wire/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All fixtures of a kind in openai-chat's format.
pub(crate) fn chat_cases(kind: &str) -> Vec<Case> {
    let mut cases = cases(kind);
    cases.retain(|case| case.wire_name == "openai-chat");
    cases
}

/// All fixtures of a kind in the formats of chat.
pub(crate) fn cases(kind: &str) -> Vec<Case> {
    let mut cases = all_cases(kind);
    // Counts of tokens are answers to another question.
    let is_count = |path: &str| path.ends_with(":countTokens") || path.ends_with("/count_tokens");
    cases.retain(|case| case.wire().is_some() && !case.path.as_deref().is_some_and(is_count));
    // A status of success may still be a failure: see `failed_answers`.
    cases.retain(|case| case.kind != "response" || case.expect.get("error_class").is_none());
    assert!(!cases.is_empty(), "no fixtures of kind {kind}");
    cases
}

/// Answers with a status of success that are failures all the same.
pub(crate) fn failed_answers() -> Vec<Case> {
    let mut cases = all_cases("response");
    cases.retain(|case| case.wire().is_some() && case.expect.get("error_class").is_some());
    cases
}

/// All fixtures of a kind.
pub(crate) fn all_cases(kind: &str) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Manifest {
        files: Vec<Case>,
    }
    let manifest: Manifest = serde_json::from_slice(&read("manifest.json")).unwrap();
    manifest.files.into_iter().filter(|case| case.kind == kind).collect()
}

/// What was read, in the manifest's words.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) refusal: Option<String>,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) usage: Option<TokenCounts>,
    pub(crate) cost: Option<Nanos>,
}

impl Seen {
    /// What a whole answer says.
    pub(crate) fn of(answer: Answer) -> Self {
        Self {
            text: answer.text,
            reasoning: answer.reasoning,
            refusal: answer.refusal,
            calls: answer.tool_calls,
            finish: answer.finish,
            usage: answer.usage,
            cost: answer.cost,
        }
    }
}

/// Compares with `expect`: an absent `usage` means that none is known.
pub(crate) fn compare(case: &Case, seen: &Seen) {
    let (file, expect) = (&case.file, &case.expect);
    // Two choices: the neutral words have one, the first.
    let expect_first = expect.get("choices").map_or(expect, |choices| &choices[0]);
    assert_eq!(seen.text, expect_first["text"].as_str().unwrap_or_default(), "{file}: text");
    assert_eq!(seen.reasoning, expect["reasoning"].as_str().unwrap_or_default(), "{file}: reasoning");
    assert_eq!(seen.refusal.as_deref(), expect["refusal"].as_str(), "{file}: refusal");
    assert_eq!(seen.finish.map(FinishReason::as_str), expect_first["finish_reason"].as_str(), "{file}: finish");
    let calls: Vec<Value> = seen
        .calls
        .iter()
        .map(|call| json!({"name": call.name, "arguments": serde_json::from_str::<Value>(&call.arguments).unwrap()}))
        .collect();
    assert_eq!(calls, expect["tool_calls"].as_array().cloned().unwrap_or_default(), "{file}: calls");
    let ids: Vec<&str> = seen.calls.iter().map(|call| call.id.as_str()).collect();
    assert!(ids.iter().all(|id| !id.is_empty() && ids.iter().filter(|other| other == &id).count() == 1), "{file}: ids");
    assert_eq!(usage_json(seen.usage), expect.get("usage").cloned(), "{file}: usage");
    if let Some(cost) = expect.get("cost_usd") {
        assert_eq!(seen.cost, Nanos::parse_usd(&cost.to_string()), "{file}: cost");
    }
}

/// Counts in the manifest's words.
pub(crate) fn usage_json(counts: Option<TokenCounts>) -> Option<Value> {
    counts.map(|counts| {
        json!({
            "prompt_tokens": counts.prompt,
            "completion_tokens": counts.completion,
            "total_tokens": counts.prompt + counts.completion,
            "cached_tokens": counts.cached,
            "cache_write_tokens": counts.cache_write,
            "reasoning_tokens": counts.reasoning,
        })
    })
}
