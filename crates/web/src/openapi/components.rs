//! What operations have in common: the shapes of errors, the headers, the ways
//! to say who one is.

use std::collections::BTreeMap;

use domain::access::Need;
use domain::resolve::Fallback;
use serde_json::{Value, json};

use super::is_open;

/// The first words of the document.
pub(super) const INTRODUCTION: &str = "Ownkey keeps people's own LLM provider keys and calls the models those keys open.\n\n\
`/v1` speaks OpenAI's format: point any unmodified client at it, with a gateway token as its key. `/v2` is Ownkey's \
own API, and everything the pages can do.\n\n\
Every answer has `x-request-id`. Times are ISO-8601 in UTC, ids are UUIDs, money is in dollars with whole nano-dollars \
beside it. In a change, an absent field stays as it is and `null` clears it. What you may not know of is 404; what you \
may see and not do is 403.";

/// The headers of an answer to a model call.
pub(super) const PAYMENT_HEADERS: [&str; 16] = [
    "x-ownkey-credential-id",
    "x-ownkey-credential-scope",
    "x-ownkey-provider",
    "x-ownkey-model",
    "x-ownkey-alias",
    "x-ownkey-attempts",
    "x-ownkey-cost-usd",
    "x-ownkey-dropped",
    "x-ownkey-passed-over",
    "x-ownkey-max-tokens",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

/// A reference to a component.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// What a door asks of the one who knocks.
pub(super) fn security_of(need: Need) -> Value {
    if is_open(need) {
        return json!([]);
    }
    let mut ways = vec![json!({"bearer": []}), json!({"x-api-key": []}), json!({"cookie": []})];
    if need == Need::Metrics {
        ways.push(json!({}));
    }
    ways.into()
}

/// The ways to say who one is.
pub(super) fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A gateway token (`owk_…`), or an access token from /v2/login/access-token.",
        },
        "x-api-key": {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "The same token, as Anthropic's clients send it; `api-key` and `x-goog-api-key` are taken too. \
                            Two different tokens in one request are refused.",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-ownkey",
            "description": "A browser that signed in at /login; without https the cookie is called `ownkey_<port>`. A change \
                            must come from one of Ownkey's own pages (`Sec-Fetch-Site: same-origin`, or `Origin`).",
        },
    })
}

/// Request headers, by the names operations refer to.
pub(super) fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema});
    json!({
        "request-id": header(
            "x-request-id",
            "Your own id of the request: 1 to 128 letters, digits, `-`, `_` or `.`. It is sent back, logged, and kept \
             with the usage. Anything else is passed over, and Ownkey's own id is sent back.",
            json!({"type": "string"}),
        ),
        "idempotency-key": header(
            "Idempotency-Key",
            "The same request sent twice with the same key does one thing, for 24 hours: 1 to 200 printable characters \
             without blanks. A create is answered again without its secret; a model call is not answered again.",
            json!({"type": "string", "pattern": "^[!-~]{1,200}$"}),
        ),
        "ownkey-credential": header(
            "x-ownkey-credential",
            "The id of the provider key that is to pay: one of yours; for admins also the server's.",
            json!({"type": "string", "format": "uuid"}),
        ),
        "ownkey-policy": header(
            "x-ownkey-policy",
            "`strict` never leaves the first scope that has a key; `chain` falls through where a key is absent; `cross` also \
             where the keys of a scope failed. Never further than the server, the user and the token allow.",
            json!({"type": "string", "enum": Fallback::ALL.iter().map(|policy| policy.as_str()).collect::<Vec<_>>()}),
        ),
        "ownkey-brought-key": header(
            "x-ownkey-provider-key",
            "A provider key for this call only, where the server allows it (`OWNKEY_REQUEST_KEYS=on`); it is neither \
             stored nor logged. Not together with `x-ownkey-credential`.",
            json!({"type": "string"}),
        ),
        "ownkey-brought-provider": header(
            "x-ownkey-provider",
            "The provider of `x-ownkey-provider-key`.",
            json!({"type": "string"}),
        ),
        "last-event-id": header(
            "Last-Event-ID",
            "The id of the last event that was heard. One that is no such id is answered with `resync`.",
            json!({"type": "string"}),
        ),
        "ownkey-params": header(
            "x-ownkey-params",
            "`lenient` leaves out what the model cannot take and lists it in `x-ownkey-dropped`; `strict` refuses it. Absent: as the gateway token says.",
            json!({"type": "string", "enum": ["lenient", "strict"]}),
        ),
    })
}

/// Response headers.
pub(super) fn headers() -> Value {
    let always =
        |description: &str| json!({"description": description, "required": true, "schema": {"type": "string"}});
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let words = |description: &str, words: &[&str]| json!({"description": description, "schema": {"type": "string", "enum": words}});
    json!({
        "x-request-id": always("The id of the request: yours, or Ownkey's own."),
        "request-id": always("The same, as Anthropic's clients read it."),
        "www-authenticate": always("How to say who you are: `Bearer`."),
        "retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
        "x-should-retry": words("`false`: the same request would fail again.", &["false"]),
        "idempotent-replay": words("`true`: this was done before, and is shown again.", &["true"]),
        "x-ownkey-credential-id": text("The id of the key that paid."),
        "x-ownkey-credential-scope": words("Whose key paid.", &["personal", "organization", "system"]),
        "x-ownkey-provider": text("The provider that answered."),
        "x-ownkey-model": text("The model that answered, by the provider's own id."),
        "x-ownkey-alias": text("The alias that was called."),
        "x-ownkey-passed-over": text("What the alias stands for as well and was not called: `provider/model=reason`, separated by commas."),
        "x-ownkey-max-tokens": {
            "description": "The longest answer that was asked for, where a budget had room for no longer one.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "x-ratelimit-limit-requests": text("The calls that the gateway token may make in a minute. Anthropic's routes say it as `anthropic-ratelimit-requests-limit`, and the others alike."),
        "x-ratelimit-remaining-requests": text("How many of them are left."),
        "x-ratelimit-reset-requests": text("When the next minute begins: `12s`."),
        "x-ratelimit-limit-tokens": text("The tokens of text that the gateway token may use in a minute."),
        "x-ratelimit-remaining-tokens": text("How many of them are left."),
        "x-ratelimit-reset-tokens": text("When the next minute begins: `12s`."),
        "x-ownkey-attempts": {"description": "How many upstream calls it took.", "schema": {"type": "integer", "minimum": 1}},
        "x-ownkey-cost-usd": text("What it cost, in dollars, where that is known before the body."),
        "x-ownkey-estimated": words("`true`: the provider does not count, and this is an estimate.", &["true"]),
        "x-ownkey-dropped": text("What was left out of the request, because the model cannot take it."),
    })
}

/// The shapes of errors.
pub(super) fn schemas() -> BTreeMap<String, Value> {
    let wires = ["OpenAiError", "AnthropicError", "GoogleError"].map(|name| reference("schemas", name));
    let any = json!({
        "description": "An error in the words of the client's own format: OpenAI's, or Anthropic's or Google's where the \
                        request has `anthropic-version` or `x-goog-api-key`.",
        "anyOf": wires,
    });
    [
        ("Problem", problem()),
        ("WireError", any),
        ("OpenAiError", openai()),
        ("AnthropicError", anthropic()),
        ("GoogleError", google()),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into()
}

fn problem() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": text("`about:blank`: `code` says what it is."),
            "title": text("A few words."),
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": text("What happened, why, and what to do next: a sentence for people."),
            "code": {
                "type": "string",
                "description": "What to branch on.",
                "enum": app::Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
            },
            "request_id": text("The id of the request."),
            "instance": text("The path of the request."),
            "errors": {
                "type": "array",
                "description": "The fields at fault.",
                "items": {
                    "type": "object",
                    "required": ["field", "detail"],
                    "properties": {"field": text("The field."), "detail": text("What is wrong with it.")},
                },
            },
            "attempts": {
                "type": "array",
                "description": "The upstream calls that were made.",
                "items": {
                    "type": "object",
                    "required": ["credential_id", "credential_scope", "provider", "error"],
                    "properties": {
                        "credential_id": {"type": "string", "format": "uuid"},
                        "credential_scope": {"type": "string", "enum": ["personal", "organization", "system"]},
                        "provider": text("The provider."),
                        "error": text("What went wrong."),
                    },
                },
            },
            "impact": {"type": "object", "description": "Who would miss the key."},
        },
        "example": {
            "type": "about:blank",
            "title": "Not found",
            "status": 404,
            "detail": "There is no such provider key. Look at the list for what is there.",
            "code": "not_found",
            "request_id": "019aa1b2-5b7e-7c31-9d5a-3f1c2e4d5a6b",
            "instance": "/v2/credentials/019aa1b2-0000-7000-8000-000000000000",
        },
    })
}

fn openai() -> Value {
    json!({
        "type": "object",
        "description": "OpenAI's envelope.",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string", "enum": ["invalid_request_error", "rate_limit_error", "api_error"]},
                "param": {"type": ["string", "null"], "description": "The field at fault."},
                "code": {"type": ["string", "null"], "description": "What to branch on."},
            },
        }},
    })
}

fn anthropic() -> Value {
    json!({
        "type": "object",
        "description": "Anthropic's envelope.",
        "required": ["type", "error", "request_id"],
        "properties": {
            "type": {"type": "string", "enum": ["error"]},
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
            },
            "request_id": {"type": "string"},
        },
    })
}

fn google() -> Value {
    json!({
        "type": "object",
        "description": "Google's envelope.",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "message", "status"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
            },
        }},
    })
}
