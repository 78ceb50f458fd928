//! `GET /models` and `GET /models/{id}` as Google answers them, page by page.

use http::StatusCode;
use serde_json::{Value, json};

use crate::models::{self, Maker};
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::script::Models;

use super::errors::{self, Complaint};
use super::is_third;

/// A page of the list; 50 models unless the query says otherwise.
pub(crate) fn list(models: &Models, query: Option<&str>) -> Outgoing {
    let size = parameter(query, "pageSize").map_or(Ok(50), str::parse::<usize>);
    let start = parameter(query, "pageToken").map_or(Ok(0), str::parse::<usize>);
    let (Ok(size), Ok(start)) = (size, start) else {
        return Complaint::new("Invalid page size or page token.").outgoing();
    };
    let ids = models::listed(models, Maker::Google);
    let page: Vec<Value> = ids.iter().skip(start).take(size.clamp(1, 1000)).map(|id| line(id)).collect();
    let next = start + page.len();
    let mut body = json!({"models": page});
    if let (true, Some(body)) = (next < ids.len(), body.as_object_mut()) {
        body.insert("nextPageToken".to_owned(), json!(next.to_string()));
    }
    Outgoing::json(StatusCode::OK, body.to_string())
}

/// One model.
pub(crate) fn one(models: &Models, id: &str) -> Outgoing {
    let vectors = models::known(id).is_some_and(models::Model::is_for_vectors);
    match models::usable(models, Maker::Google, id, vectors) {
        Some(_) => Outgoing::json(StatusCode::OK, line(id).to_string()),
        None => errors::refuse(&Refusal::NoSuchModel(id)),
    }
}

fn line(id: &str) -> Value {
    let known = models::known(id);
    let name = known.and_then(|model| model.name.as_deref()).unwrap_or(id);
    let (context, most) = known.map_or((1_048_576, 65_536), |model| (model.context, model.most));
    let common = json!({"name": format!("models/{id}"), "version": "001", "displayName": name,
        "description": "A model.", "inputTokenLimit": context, "outputTokenLimit": most});
    let more = if known.is_some_and(models::Model::is_for_vectors) {
        json!({"supportedGenerationMethods": ["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"]})
    } else {
        json!({"supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"],
            "temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2, "thinking": is_third(id) || id.contains("2.5")})
    };
    let fields = [common, more].into_iter().filter_map(|part| part.as_object().cloned()).flatten();
    Value::Object(fields.collect())
}

fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}
