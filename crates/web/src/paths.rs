//! The spellings clients have for one address: a doubled `/v1`, none at all, a
//! slash at the end, a model below `/v1beta` whose own slash is taken for the one
//! after `models`. They reach the same handler, never a redirect.

use http::Uri;
use http::uri::PathAndQuery;

use crate::rim::ROOT_FORMS;

/// The canonical spelling of `uri`; `None` when it is canonical already.
#[must_use]
pub fn canonical(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !needs_rewriting(path) {
        return None;
    }
    let mut rewritten = path;
    while rewritten.len() > 1 && rewritten.ends_with('/') {
        rewritten = rewritten.strip_suffix('/')?;
    }
    let mut rewritten = rewritten.to_owned();
    while let Some(rest) = rewritten.strip_prefix("/v1/v1").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        rewritten = format!("/v1{rest}");
    }
    if is_root_form(&rewritten) {
        rewritten = format!("/v1{rewritten}");
    }
    if let Some(call) = bare_model_call(&rewritten) {
        rewritten = format!("/v1beta/models/{call}");
    }
    let text = uri.query().map_or_else(|| rewritten.clone(), |query| format!("{rewritten}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

fn needs_rewriting(path: &str) -> bool {
    (path.len() > 1 && path.ends_with('/'))
        || is_under(path, "/v1/v1")
        || is_root_form(path)
        || bare_model_call(path).is_some()
}

/// `provider/model:generateContent` directly below `/v1beta`: the AI SDK leaves
/// out `models/` before a model whose id has a slash.
fn bare_model_call(path: &str) -> Option<&str> {
    let call = path.strip_prefix("/v1beta/")?;
    let (model, action) = call.rsplit_once(':')?;
    let is_action = !action.is_empty() && action.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_bare = model.contains('/') && !is_under(model, "models");
    (is_bare && is_action).then_some(call)
}

fn is_root_form(path: &str) -> bool {
    ROOT_FORMS.iter().any(|form| is_under(path, form))
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_canonical_address_is_reached_in_one_step_and_keeps_its_query(
            parts in prop::collection::vec(prop::sample::select(&["v1", "models", "chat", "completions", "messages", "", "x", "%2F", "v1beta", "m:generateContent"][..]), 0..7),
            query in prop::option::of("[a-z=&%0-9]{0,12}"),
        ) {
            let path = format!("/{}", parts.join("/"));
            let text = query.as_ref().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
            let Ok(uri) = text.parse::<Uri>() else { return Ok(()) };
            if let Some(rewritten) = canonical(&uri) {
                prop_assert_eq!(rewritten.query(), uri.query());
                prop_assert_eq!(canonical(&rewritten), None, "{} -> {}", uri, rewritten);
            }
        }
    }

    #[test]
    fn every_spelling_leads_to_one_address() {
        for (spelling, address) in [
            ("/v1/chat/completions/", "/v1/chat/completions"),
            ("/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/chat/completions?beta=true", "/v1/chat/completions?beta=true"),
            ("/models/gpt-4o", "/v1/models/gpt-4o"),
            ("/v2/llm-models/?is_active=true", "/v2/llm-models?is_active=true"),
            ("/v1/v1", "/v1"),
            (
                "/v1beta/groq/gpt-oss:20b:generateContent?alt=sse",
                "/v1beta/models/groq/gpt-oss:20b:generateContent?alt=sse",
            ),
        ] {
            let uri: Uri = spelling.parse().unwrap();
            assert_eq!(canonical(&uri).map(|uri| uri.to_string()).as_deref(), Some(address), "{spelling}");
        }
        for canonical_already in [
            "/",
            "/v1/models",
            "/v1x",
            "/modelsx",
            "/v1/v1x",
            "/v1beta/models/a/b:countTokens",
            "/v1beta/a:b",
            "/v1beta/a/b:",
        ] {
            assert_eq!(canonical(&canonical_already.parse().unwrap()), None, "{canonical_already}");
        }
    }
}
