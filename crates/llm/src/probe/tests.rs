//! Checks against a scripted provider, and every known answer against the
//! verdict it should get.

use domain::{ProviderId, Secret};
use http::HeaderMap;
use serde_json::Value;

use super::*;
use crate::client::Clocks;
use crate::client::tests::server::{Reply, Server};
use crate::egress::{EgressGuard, LocalEndpoints};

fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_known_answer_gets_its_verdict() {
    let manifest: Value = serde_json::from_str(&fixture("checks/manifest.json")).unwrap();
    let cases = manifest["files"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let provider: ProviderId = case["provider"].as_str().unwrap().parse().unwrap();
        let body = fixture(&format!("checks/{file}"));
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let found = match (provider, case["kind"] == "key-info") {
            (ProviderId::XAi, true) => verdict::xai_key(body.as_bytes()),
            (ProviderId::OpenRouter, true) => verdict::openrouter_key(body.as_bytes()),
            _ => verdict(provider, status, &HeaderMap::new(), body.as_bytes()),
        };
        assert_eq!(found.status.as_str(), case["key_status"], "{file}: {}", found.reason);
        for leak in ["sk-proj", "xa***", "acme", "org-nope", "connect?name"] {
            assert!(!found.reason.contains(leak), "{file}: {}", found.reason);
        }
    }
}

/// Path, status and body or the name of a fixture.
type Answers = &'static [(&'static str, u16, &'static str)];

/// Checks a key of `provider` with these answers by path; anything else is 404.
async fn check(provider: ProviderId, base: &str, answers: Answers) -> (ProbeReport, Vec<String>) {
    let server = Server::start(move |seen| {
        let answer = answers.iter().find(|(path, ..)| *path == seen.path);
        let (_, status, body) = answer.unwrap_or(&("", 404, "{}"));
        let body = if body.ends_with(".json") { fixture(body) } else { (*body).to_owned() };
        Reply::json(*status, body)
    })
    .await;
    let (upstream, endpoint) = server.reached_by(provider, base, Clocks::default());
    let secret = Secret::new("sk-FAKE-0123456789".to_owned());
    let target = ProbeTarget { provider, endpoint: &endpoint, secret: Some(&secret), headers: &[] };
    let report = probe(&upstream, &target).await;
    let requests = server.requests();
    let (header, value) = match provider {
        ProviderId::Anthropic => ("x-api-key", "sk-FAKE-0123456789"),
        ProviderId::Google => ("x-goog-api-key", "sk-FAKE-0123456789"),
        ProviderId::Azure => ("api-key", "sk-FAKE-0123456789"),
        _ => ("authorization", "Bearer sk-FAKE-0123456789"),
    };
    assert!(requests.iter().all(|seen| seen.header(header) == Some(value)));
    assert!(header == "authorization" || requests.iter().all(|seen| seen.header("authorization").is_none()));
    let version = (provider == ProviderId::Anthropic).then_some("2023-06-01");
    assert!(requests.iter().all(|seen| seen.header("anthropic-version") == version));
    assert!(!report.reason.contains("FAKE"), "{}", report.reason);
    (report, requests.into_iter().map(|seen| seen.path).collect())
}

fn count(report: &ProbeReport) -> Option<usize> {
    report.models.as_ref().map(Vec::len)
}

#[tokio::test]
async fn a_good_key_is_valid_and_brings_its_models() {
    for (provider, base, answers, models) in [
        (ProviderId::OpenAi, "/v1", &[("/v1/models", 200, "lists/openai-models.json")][..], 6),
        (ProviderId::Groq, "/openai/v1", &[("/openai/v1/models", 200, "lists/groq-models.json")], 2),
        (ProviderId::Mistral, "/v1", &[("/v1/models", 200, "lists/mistral-models.json")], 3),
        (ProviderId::Fireworks, "/v1", &[("/v1/models", 200, "lists/fireworks-models.json")], 2),
        (ProviderId::Custom, "/v1", &[("/v1/models", 200, "lists/openai-models.json")], 6),
        (
            ProviderId::OpenRouter,
            "/api/v1",
            &[
                ("/api/v1/key", 200, "checks/openrouter-key.json"),
                ("/api/v1/models", 200, "lists/openrouter-models.json"),
            ],
            2,
        ),
        (
            ProviderId::XAi,
            "/v1",
            &[
                ("/v1/api-key", 200, "checks/xai-api-key.json"),
                ("/v1/language-models", 200, "lists/xai-language-models.json"),
            ],
            1,
        ),
        (
            ProviderId::XAi,
            "/v1",
            &[("/v1/api-key", 200, "checks/xai-api-key.json"), ("/v1/models", 200, "lists/openai-models.json")],
            6,
        ),
        (
            ProviderId::Ollama,
            "",
            &[("/api/version", 200, "checks/ollama-version.json"), ("/v1/models", 200, "lists/openai-models.json")],
            6,
        ),
        (
            ProviderId::Ollama,
            "",
            &[("/api/version", 200, "checks/ollama-version.json"), ("/api/tags", 200, "lists/ollama-tags.json")],
            3,
        ),
        (ProviderId::LmStudio, "", &[("/api/v0/models", 200, "lists/lmstudio-api-v0-models.json")], 3),
        (ProviderId::LmStudio, "", &[("/v1/models", 200, "lists/lmstudio-v1-models.json")], 2),
    ] {
        let (report, _) = check(provider, base, answers).await;
        assert_eq!((report.status, count(&report)), (KeyStatus::Valid, Some(models)), "{provider}: {}", report.reason);
        assert_eq!(report.endpoint_hint, None);
    }
}

#[tokio::test]
async fn anthropics_list_is_read_to_its_last_page() {
    let answers = &[
        ("/v1/models?limit=1000", 200, "lists/anthropic-models-page1.json"),
        ("/v1/models?limit=1000&after_id=claude-haiku-4-5-20251001", 200, "lists/anthropic-models-page2.json"),
    ];
    for base in ["", "/v1", "/v1/messages"] {
        let (report, paths) = check(ProviderId::Anthropic, base, answers).await;
        assert_eq!((report.status, count(&report)), (KeyStatus::Valid, Some(3)), "{base}: {}", report.reason);
        assert_eq!(paths.len(), 2);
    }
    // Half a list would hide models: the last whole one is kept.
    let (report, _) = check(ProviderId::Anthropic, "", &answers[..1]).await;
    assert_eq!((report.status, report.models), (KeyStatus::Valid, None));
}

#[tokio::test]
async fn an_anthropic_key_without_credit_is_told_by_its_words() {
    const LIST: &str = "/v1/models?limit=1000";
    const ANSWERS: [(Answers, KeyStatus, &str); 4] = [
        (&[(LIST, 400, "checks/anthropic-error-400-no-credit.json")], KeyStatus::NoCredit, "credit"),
        (&[(LIST, 401, "checks/anthropic-error-401-invalid-key.json")], KeyStatus::Invalid, "refused"),
        (&[(LIST, 403, "checks/anthropic-error-403-on-hold.json")], KeyStatus::Invalid, "on hold"),
        (&[(LIST, 403, "checks/anthropic-error-403-permission.json")], KeyStatus::Forbidden, "right"),
    ];
    for (answers, status, word) in ANSWERS {
        let (report, _) = check(ProviderId::Anthropic, "", answers).await;
        assert_eq!(report.status, status, "{}", report.reason);
        assert!(report.reason.contains(word), "{}", report.reason);
    }
}

#[tokio::test]
async fn googles_list_is_read_to_its_last_page() {
    let answers = &[
        ("/v1beta/models?pageSize=1000", 200, "lists/google-models-page1.json"),
        ("/v1beta/models?pageSize=1000&pageToken=Cg9mYWtlLXBhZ2UtdG9rZW4", 200, "lists/google-models-page2.json"),
    ];
    let (report, paths) = check(ProviderId::Google, "", answers).await;
    assert_eq!((report.status, count(&report)), (KeyStatus::Valid, Some(3)), "{}", report.reason);
    assert_eq!(paths.len(), 2);
    // Half a list would hide models: the last whole one is kept.
    let (report, _) = check(ProviderId::Google, "", &answers[..1]).await;
    assert_eq!((report.status, report.models), (KeyStatus::Valid, None));
    let bases = ["/v1beta", "/v1beta/openai/", "/v1"];
    for base in bases {
        let (report, _) = check(ProviderId::Google, base, answers).await;
        assert_eq!(report.status, KeyStatus::Valid, "{base}: {}", report.reason);
    }
}

#[tokio::test]
async fn googles_wrong_key_is_told_by_its_reason() {
    let path = "/v1beta/models?pageSize=1000";
    for (status, answer, expected, word) in [
        (400, "checks/google-error-400-invalid-key.json", KeyStatus::Invalid, "refused"),
        (403, "checks/google-error-403-service-disabled.json", KeyStatus::Forbidden, "switched off"),
        (400, "checks/google-error-400-location.json", KeyStatus::Forbidden, "region"),
    ] {
        let server = Server::start(move |seen| {
            assert_eq!(seen.path, path);
            Reply::json(status, fixture(answer))
        })
        .await;
        let (upstream, endpoint) = server.reached_by(ProviderId::Google, "", Clocks::default());
        let secret = Secret::new("AIza-FAKE".to_owned());
        let target =
            ProbeTarget { provider: ProviderId::Google, endpoint: &endpoint, secret: Some(&secret), headers: &[] };
        let report = probe(&upstream, &target).await;
        assert_eq!(report.status, expected, "{}", report.reason);
        assert!(report.reason.contains(word), "{}", report.reason);
    }
}

#[tokio::test]
async fn an_ollama_that_shows_only_openais_layer_is_called_in_it() {
    let answers = &[("/v1/models", 200, "lists/openai-models.json")];
    let (report, _) = check(ProviderId::Ollama, "", answers).await;
    let models = report.models.unwrap();
    assert!(models.iter().all(|model| model.wires == [domain::provider::WireName::OpenAiChat]));
    let answers = &[
        ("/api/version", 200, "checks/ollama-version.json"),
        ("/api/tags", 200, "lists/ollama-tags.json"),
        ("/api/show", 200, "wire/ollama-native/show.response.json"),
    ];
    let (report, asked) = check(ProviderId::Ollama, "", answers).await;
    let models = report.models.unwrap();
    assert!(models.iter().all(|model| model.wires.is_empty() && model.context_window == Some(131_072)));
    assert_eq!(asked.iter().filter(|path| *path == "/api/show").count(), models.len());
}

#[tokio::test]
async fn openrouters_public_list_proves_nothing() {
    let answers = &[
        ("/api/v1/key", 401, "checks/openrouter-error-401-invalid-key.json"),
        ("/api/v1/models", 200, "lists/openrouter-models.json"),
    ];
    let (report, paths) = check(ProviderId::OpenRouter, "/api/v1", answers).await;
    assert_eq!((report.status, report.models), (KeyStatus::Invalid, None));
    assert_eq!(paths, ["/api/v1/key"]);
}

#[tokio::test]
async fn azures_list_checks_the_key_and_names_no_deployment() {
    let list = "/openai/models?api-version=2024-10-21";
    let good = r#"{"object":"list","data":[{"id":"gpt-4o-mini-2024-07-18","object":"model"}]}"#;
    for (status, body, expected) in
        [(200, good, KeyStatus::Valid), (401, "checks/azure-error-401-invalid-key.json", KeyStatus::Invalid)]
    {
        let answers: &'static [(&str, u16, &str)] = Box::leak(Box::new([(list, status, body)]));
        let (report, paths) = check(ProviderId::Azure, "", answers).await;
        assert_eq!((report.status, report.models), (expected, None), "{}", report.reason);
        assert_eq!(paths, [list]);
    }
}

#[tokio::test]
async fn a_hugging_face_key_is_tried_where_it_is_used_and_nowhere_else() {
    for (status, body, expected, models) in [
        (401, "checks/huggingface-error-401-router.json", KeyStatus::Invalid, None),
        (402, "checks/huggingface-error-402-credits.json", KeyStatus::NoCredit, Some(1)),
        (403, "checks/huggingface-error-403-scope.json", KeyStatus::Forbidden, Some(1)),
        (400, r#"{"error":"model is required"}"#, KeyStatus::Unverified, Some(1)),
        (503, "{}", KeyStatus::Unreachable, None),
    ] {
        let answers: &'static [(&str, u16, &str)] = Box::leak(Box::new([
            ("/v1/chat/completions", status, body),
            ("/v1/models", 200, "lists/huggingface-router-models.json"),
        ]));
        let (report, paths) = check(ProviderId::HuggingFace, "/v1", answers).await;
        assert_eq!((report.status, count(&report)), (expected, models), "{}", report.reason);
        assert_eq!(paths.len(), 1 + usize::from(models.is_some()));
    }
}

#[tokio::test]
async fn a_spent_or_managing_openrouter_key_is_told_apart() {
    let (report, _) = check(
        ProviderId::OpenRouter,
        "/api/v1",
        &[
            ("/api/v1/key", 200, "checks/openrouter-key-exhausted.json"),
            ("/api/v1/models", 200, "lists/openrouter-models.json"),
        ],
    )
    .await;
    assert_eq!((report.status, count(&report)), (KeyStatus::NoCredit, Some(2)));
    let managing = r#"{"data": {"is_management_key": true}}"#;
    assert_eq!(verdict::openrouter_key(managing.as_bytes()).status, KeyStatus::Forbidden);
}

#[tokio::test]
async fn a_restricted_openai_key_may_still_chat() {
    let (report, _) =
        check(ProviderId::OpenAi, "/v1", &[("/v1/models", 403, "checks/openai-error-403-missing-scope.json")]).await;
    assert_eq!((report.status, report.models), (KeyStatus::Valid, None));
    assert!(report.reason.contains("may not list models"), "{}", report.reason);
}

#[tokio::test]
async fn a_custom_base_without_v1_is_found_with_it() {
    let (report, paths) =
        check(ProviderId::Custom, "/llm", &[("/llm/v1/models", 200, "lists/openai-models.json")]).await;
    assert_eq!((report.status, count(&report)), (KeyStatus::Valid, Some(6)));
    assert!(report.endpoint_hint.unwrap().ends_with("/llm/v1"));
    assert_eq!(paths, ["/llm/models", "/llm/v1/models"]);

    let (report, _) = check(ProviderId::Custom, "", &[("/v1/models", 401, "{}")]).await;
    assert_eq!(report.status, KeyStatus::Invalid);
    assert!(report.endpoint_hint.unwrap().ends_with("/v1"));

    let (report, _) = check(ProviderId::Custom, "/v1", &[]).await;
    assert_eq!((report.status, report.endpoint_hint), (KeyStatus::Unverified, None));
    assert!(report.reason.contains("no model list"), "{}", report.reason);
}

#[tokio::test]
async fn what_says_nothing_about_the_key_keeps_the_last_list() {
    for (answers, status) in [
        (&[("/v1/models", 503, "{}")][..], KeyStatus::Unreachable),
        (&[("/v1/models", 200, "<html>login</html>")], KeyStatus::Unverified),
        (&[("/v1/models", 200, "{\"error\": \"later\"}")], KeyStatus::Unreachable),
        (&[("/v1/models", 307, "")], KeyStatus::Unverified),
        (&[], KeyStatus::Unverified),
    ] {
        let (report, _) = check(ProviderId::Mistral, "/v1", answers).await;
        assert_eq!((report.status, report.models), (status, None), "{}", report.reason);
    }
}

#[tokio::test]
async fn a_check_follows_no_redirect_and_the_key_stays_where_it_was_sent() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(|_| Reply::json(200, "{\"data\": []}")).await;
        let to: &'static str = format!("location: {}/v1/models\r\n", elsewhere.origin()).leak();
        let server = Server::start(move |_| Reply::Answer(status, to, String::new())).await;
        // Both are listed, so that nothing but the redirect itself is refused.
        let local = LocalEndpoints::none().with(server.origin()).with(elsewhere.origin());
        let guard = EgressGuard::new(local, Vec::new());
        let endpoint = guard.check_literal(ProviderId::Mistral, &format!("{}/v1", server.origin())).unwrap();
        let upstream = Upstream::new(guard, Clocks::default(), Vec::new());
        let secret = Secret::new("sk-FAKE-0123456789".to_owned());
        let target =
            ProbeTarget { provider: ProviderId::Mistral, endpoint: &endpoint, secret: Some(&secret), headers: &[] };
        let report = probe(&upstream, &target).await;
        assert_eq!((report.status, report.models), (KeyStatus::Unverified, None), "{status}");
        assert!(report.reason.contains("follows no redirects"), "{status}: {}", report.reason);
        assert!(!server.requests().is_empty());
        assert_eq!(elsewhere.connections(), 0, "{status}: the key went elsewhere");
    }
}

#[tokio::test]
async fn an_empty_local_server_is_valid_and_says_what_to_do() {
    let answers = &[
        ("/api/version", 200, "checks/ollama-version.json"),
        ("/v1/models", 200, "{\"object\": \"list\", \"data\": []}"),
    ];
    let (report, _) = check(ProviderId::Ollama, "", answers).await;
    assert_eq!((report.status, count(&report)), (KeyStatus::Valid, Some(0)));
    assert!(report.reason.contains("no model yet"), "{}", report.reason);
}

#[tokio::test]
async fn a_local_server_that_is_off_is_unreachable() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{address}");
    let guard = EgressGuard::new(LocalEndpoints::parse(&base).unwrap(), Vec::new());
    let endpoint = guard.check_literal(ProviderId::Ollama, &base).unwrap();
    let upstream = Upstream::new(guard.clone(), Clocks::default(), Vec::new());
    let target = ProbeTarget { provider: ProviderId::Ollama, endpoint: &endpoint, secret: None, headers: &[] };
    let report = probe(&upstream, &target).await;
    assert_eq!(report.status, KeyStatus::Unreachable);
    assert!(report.reason.contains("running"), "{}", report.reason);

    guard.replace(LocalEndpoints::none(), Vec::new());
    let report = probe(&upstream, &target).await;
    assert_eq!(report.status, KeyStatus::Unreachable);
    assert!(report.reason.contains("OWNKEY_LOCAL_ENDPOINTS="), "{}", report.reason);
}

#[tokio::test]
async fn a_check_ends_after_ten_seconds() {
    let server = Server::start(|_| Reply::Then("HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{")).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let target = ProbeTarget { provider: ProviderId::Custom, endpoint: &endpoint, secret: None, headers: &[] };
    let check =
        steps::Check { upstream: &upstream, target: &target, deadline: Instant::now() + Duration::from_millis(50) };
    let findings = check.run().await;
    assert_eq!(findings.verdict.status, KeyStatus::Unreachable);
    assert!(findings.verdict.reason.contains("within 10 seconds"), "{}", findings.verdict.reason);
}

#[tokio::test]
async fn a_provider_that_needs_a_key_is_not_called_without_one() {
    let guard = EgressGuard::new(LocalEndpoints::default(), Vec::new());
    for provider in ProviderId::all() {
        let Some(base) = provider.facts().default_base else { continue };
        let endpoint = guard.check_literal(provider, base).unwrap();
        let upstream = Upstream::new(guard.clone(), Clocks::default(), Vec::new());
        if provider.facts().needs_key {
            let report =
                probe(&upstream, &ProbeTarget { provider, endpoint: &endpoint, secret: None, headers: &[] }).await;
            assert_eq!(report.status, KeyStatus::Unverified);
            assert!(report.reason.contains("no key"), "{}", report.reason);
        }
    }
}
