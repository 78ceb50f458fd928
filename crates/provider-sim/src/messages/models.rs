//! `GET /models` and `GET /models/{id}` as Anthropic answers them, page by page.

use http::StatusCode;
use serde_json::{Value, json};

use crate::models::{self, Maker};
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::script::Models;

use super::errors;

/// A page of the list; 20 models unless the query says otherwise.
pub(crate) fn list(models: &Models, query: Option<&str>) -> Outgoing {
    let limit = parameter(query, "limit").map_or(Ok(20), str::parse::<usize>);
    let Ok(limit @ 1..=1000) = limit else {
        return errors::invalid("limit: Input should be greater than or equal to 1");
    };
    let ids = models::listed(models, Maker::Anthropic);
    let start = match parameter(query, "after_id") {
        None => 0,
        Some(after) => ids.iter().position(|id| *id == after).map_or(ids.len(), |place| place + 1),
    };
    let page: Vec<&str> = ids.iter().skip(start).take(limit).copied().collect();
    let more = start + page.len() < ids.len();
    let data: Vec<Value> = page.iter().map(|id| line(id)).collect();
    let body = json!({"data": data, "has_more": more, "first_id": page.first(), "last_id": page.last()});
    Outgoing::json(StatusCode::OK, body.to_string())
}

/// One model.
pub(crate) fn one(models: &Models, id: &str) -> Outgoing {
    match models::usable(models, Maker::Anthropic, id, false) {
        Some(_) => Outgoing::json(StatusCode::OK, line(id).to_string()),
        None => errors::refuse(&Refusal::NoSuchModel(id)),
    }
}

fn line(id: &str) -> Value {
    let known = models::known(id);
    let (context, most) = known.map_or((200_000, 64_000), |model| (model.context, model.most));
    let name = known.and_then(|model| model.name.as_deref()).unwrap_or(id);
    let takes = |what: &str| json!({"supported": !models::refuses(id, what)});
    json!({
        "type": "model", "id": id, "display_name": name, "created_at": "2026-09-24T00:00:00Z", "lifecycle": "active",
        "deprecated_at": null, "retires_at": null, "line": id.split('-').nth(1), "max_input_tokens": context,
        "max_tokens": most,
        "capabilities": {
            "batch": {"supported": true}, "citations": {"supported": true}, "image_input": {"supported": true},
            "pdf_input": {"supported": true}, "structured_outputs": {"supported": true},
            "thinking": {"supported": true,
                "types": {"adaptive": takes("adaptive"), "enabled": takes("budget")}},
        }
    })
}

fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}
