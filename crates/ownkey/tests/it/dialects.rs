//! Errors in the words of whoever asked, the ids on every answer, and the
//! spellings of one address.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use http::Method;
use serde_json::json;
use testkit::{Answer, Client, House, chat_body};

/// An Anthropic client's mark.
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The words in which something may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    OpenAi,
    Anthropic,
    Google,
    Problem,
}

/// Checks that an answer is an error in these words; returns what a client
/// branches on: type or status or code.
fn said(answer: &Answer, words: Words) -> String {
    let json = answer.json();
    let text = |pointer: &str| {
        let found = json.pointer(pointer).and_then(|value| value.as_str());
        found.unwrap_or_else(|| panic!("no {pointer} in {words:?}: {json}")).to_owned()
    };
    let status = answer.status.as_u16();
    let kind = answer.header("content-type");
    let (sentence, word) = match words {
        Words::OpenAi => {
            assert!(json["error"].get("param").is_some() && json.get("type").is_none(), "{json}");
            (text("/error/message"), format!("{} {}", text("/error/type"), text("/error/code")))
        }
        Words::Anthropic => {
            assert_eq!((text("/type").as_str(), text("/request_id").as_str()), ("error", answer.header("request-id")));
            (text("/error/message"), text("/error/type"))
        }
        Words::Google => {
            assert_eq!(json["error"]["code"], status);
            (text("/error/message"), text("/error/status"))
        }
        Words::Problem => {
            assert_eq!((json["status"].as_u64(), text("/type").as_str()), (Some(status.into()), "about:blank"));
            assert_eq!(text("/request_id"), answer.header("x-request-id"));
            assert!(!text("/title").is_empty() && !text("/instance").is_empty(), "{json}");
            (text("/detail"), text("/code"))
        }
    };
    let expected = if words == Words::Problem { "application/problem+json" } else { "application/json" };
    assert_eq!(kind, expected, "{json}");
    assert!(sentence.ends_with(['.', '?', '!']), "{sentence}");
    assert_ids(answer);
    format!("{status} {word}")
}

/// Both id headers, the same, and the headers that keep an answer safe.
fn assert_ids(answer: &Answer) {
    assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
    assert_eq!(answer.header("x-request-id"), answer.header("request-id"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn an_openai_client_reads_the_sentence_it_knows_about_a_wrong_token() {
    let house = House::start().await;
    let stranger = house.nobody().with_token("owk_0123456789abcdefghijklmnopqrstuvwxyz");
    let answer = stranger.get("/v1/models").await.expect(401);
    let message =
        format!("Incorrect API key provided: owk_…wxyz. This is Ownkey; make a gateway token at {}/tokens.", house.url);
    assert_eq!(
        answer.json(),
        json!({"error": {
            "message": message,
            "type": "invalid_request_error",
            "param": null,
            "code": "invalid_api_key",
        }})
    );
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_strangers_provider_key_is_not_repeated_in_the_refusal() {
    let house = House::start().await;
    let key = "sk-proj-CANARYaBcDeFgHiJkLmNoPqRsTuVwXyZ0123";
    for path in ["/v1/models", "/v1/messages", "/v1beta/models", "/v2/tokens"] {
        for header in ["x-api-key", "api-key", "x-goog-api-key"] {
            let answer = house.nobody().send(Method::GET, path, &[(header, key)], Vec::new()).await;
            let seen = format!("{:?}{}", answer.headers, answer.text());
            assert!(answer.status.is_client_error() && !seen.contains("CANARY"), "{path} {header}: {seen}");
        }
        let seen = house.nobody().with_token(key).get(path).await;
        assert!(seen.status.is_client_error() && !seen.text().contains("CANARY"), "{path}: {}", seen.text());
    }
}

/// Knocks with this body and a client's mark, and compares what is said.
async fn check(client: &Client, knock: &str, marks: &[(&str, &str)], body: &[u8], words: Words, expected: &str) {
    let (method, path) = knock.split_once(' ').unwrap_or_default();
    let answer = client.send(method.parse().unwrap_or_default(), path, marks, body.to_vec()).await;
    assert_eq!(said(&answer, words), expected, "{knock}");
}

#[tokio::test]
async fn a_stranger_is_refused_in_the_words_of_the_wire() {
    let house = House::start().await;
    for (knock, mark, words, expected) in [
        ("GET /v1/models", None, Words::OpenAi, "401 invalid_request_error invalid_api_key"),
        ("GET /v1/models", Some(ANTHROPIC), Words::Anthropic, "401 authentication_error"),
        ("GET /v1/models", Some(("x-goog-api-key", "AIzaWrong")), Words::Google, "401 UNAUTHENTICATED"),
        ("POST /chat/completions", None, Words::OpenAi, "401 invalid_request_error invalid_api_key"),
        ("GET /v2/tokens", None, Words::Problem, "401 invalid_gateway_token"),
        ("GET /v2/tokens", Some(ANTHROPIC), Words::Problem, "401 invalid_gateway_token"),
    ] {
        let marks: Vec<_> = mark.into_iter().collect();
        check(&house.nobody(), knock, &marks, b"", words, expected).await;
    }
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_in_the_words_of_the_wire() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    for (knock, words, expected) in [
        ("POST /v1/messages", Words::Anthropic, "400 invalid_request_error"),
        ("POST /messages", Words::Anthropic, "400 invalid_request_error"),
        ("POST /v1beta/models/g:generateContent", Words::Google, "400 INVALID_ARGUMENT"),
    ] {
        check(&ann, knock, &[], b"", words, expected).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_missing_in_the_words_of_the_wire() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    let google = Some(("x-goog-api-key", ann.token()));
    for (knock, mark, words, expected) in [
        ("GET /v1/models/none", None, Words::OpenAi, "404 invalid_request_error model_not_found"),
        ("GET /v1/models/none", Some(ANTHROPIC), Words::Anthropic, "404 not_found_error"),
        ("GET /v1/models/none", google, Words::Google, "404 NOT_FOUND"),
        ("GET /v2/llm-models/none", None, Words::Problem, "404 model_not_found"),
        ("GET /v1/nowhere", None, Words::OpenAi, "404 invalid_request_error not_found"),
        ("POST /v1/files", None, Words::OpenAi, "404 invalid_request_error endpoint_not_supported"),
        ("POST /v1/audio/..%2ffiles", None, Words::OpenAi, "404 invalid_request_error endpoint_not_supported"),
        ("POST /v1/messages/batches", None, Words::Anthropic, "404 not_found_error"),
        ("GET /v1beta/models/none", None, Words::Google, "404 NOT_FOUND"),
        ("GET /v1/responses/resp_none", None, Words::OpenAi, "404 invalid_request_error not_found"),
        ("PUT /v1beta/models", None, Words::Google, "405 INVALID_ARGUMENT"),
        ("POST /v1beta/models/g:forget", None, Words::Google, "404 NOT_FOUND"),
        ("GET /v2/nowhere", None, Words::Problem, "404 not_found"),
        ("GET /api/nowhere", None, Words::Problem, "404 not_found"),
        ("PUT /v1/models", None, Words::OpenAi, "405 invalid_request_error method_not_allowed"),
        ("PUT /v1/models", Some(ANTHROPIC), Words::Anthropic, "405 invalid_request_error"),
        ("PUT /v1/models", google, Words::Google, "405 INVALID_ARGUMENT"),
        ("PUT /v2/tokens", None, Words::Problem, "405 method_not_allowed"),
    ] {
        let marks: Vec<_> = mark.into_iter().collect();
        check(&ann, knock, &marks, b"", words, expected).await;
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_told_which_ones_are() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    for (path, allowed) in [("/v2/tokens", ["GET", "POST"]), ("/v1/models", ["GET", "HEAD"])] {
        let answer = ann.send(Method::PUT, path, &[], Vec::new()).await.expect(405);
        let told = answer.header("allow").to_owned();
        assert!(allowed.iter().all(|method| told.split(',').any(|one| one.trim() == *method)), "{path}: {told}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_taken_is_refused_in_the_words_of_the_wire() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    let (google, chat) = (Some(("x-goog-api-key", ann.token())), "POST /v1/chat/completions");
    let big = vec![b' '; 25 * 1024 * 1024 + 1];
    for (knock, mark, body, words, expected) in [
        (chat, None, big.as_slice(), Words::OpenAi, "413 invalid_request_error payload_too_large"),
        (chat, Some(ANTHROPIC), &big, Words::Anthropic, "413 invalid_request_error"),
        (chat, google, &big, Words::Google, "413 INVALID_ARGUMENT"),
        ("POST /v2/tokens", None, &big, Words::Problem, "413 payload_too_large"),
        (chat, None, b"{", Words::OpenAi, "400 invalid_request_error invalid_json"),
        (chat, Some(ANTHROPIC), b"{", Words::Anthropic, "400 invalid_request_error"),
        (chat, google, b"{", Words::Google, "400 INVALID_ARGUMENT"),
        ("POST /v2/tokens", None, b"{", Words::Problem, "400 invalid_json"),
    ] {
        let marks: Vec<_> = [("content-type", "application/json")].into_iter().chain(mark).collect();
        check(&ann, knock, &marks, body, words, expected).await;
    }
    check(&ann, "POST /v2/tokens", &[], b"{}", Words::Problem, "415 unsupported_media_type").await;
}

#[tokio::test]
async fn a_well_formed_request_id_is_echoed_and_any_other_is_replaced_by_ours() {
    let house = House::start().await;
    let client = house.nobody();
    let longest = "a".repeat(128);
    for (path, status) in [("/health", 200), ("/v1/models", 401), ("/v2/nowhere", 404), ("/login", 200)] {
        for given in ["x", "req_1-2.3", longest.as_str()] {
            let answer = client.send(Method::GET, path, &[("x-request-id", given)], Vec::new()).await.expect(status);
            assert_ids(&answer);
            assert_eq!(answer.header("x-request-id"), given, "{path}");
        }
        for given in ["", "two words", "a,b", "ü", "<script>", &"a".repeat(129)] {
            let answer = client.send(Method::GET, path, &[("x-request-id", given)], Vec::new()).await.expect(status);
            assert_ids(&answer);
            assert_eq!(answer.header("x-request-id").len(), 36, "{path} {given}: a UUID of ours");
        }
        let answer = client.get(path).await;
        assert_ids(&answer);
        assert_ne!(answer.header("x-request-id"), client.get(path).await.header("x-request-id"));
    }
}

#[tokio::test]
async fn both_ids_are_on_every_kind_of_answer() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    assert_ids(&ann.chat("Hi").await.expect(200));
    assert_ids(&ann.chat_stream("Hi").await.expect(200));
    for path in ["/", "/login", "/assets/style.css", "/openapi.json", "/metrics", "/v1/models", "/v2/users/me", "/x"] {
        assert_ids(&ann.client.get(path).await);
    }
    for method in [Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_ids(&ann.client.send(method, "/v1/models", &[], Vec::new()).await);
    }
}

#[tokio::test]
async fn every_spelling_of_an_address_reaches_the_same_handler() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let body = chat_body("gpt-5-mini", "Hi", false);
    for path in [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/v1/chat/completions//",
        "/v1/v1/chat/completions",
        "/v1/v1/v1/chat/completions/",
        "/chat/completions",
        "/chat/completions/?beta=true",
    ] {
        let answer = ann.client.post(path, &body).await.expect(200);
        assert_eq!(answer.json()["object"], "chat.completion", "{path}");
    }
    for path in ["/v1/models", "/v1/models/", "/v1/v1/models", "/models", "/models/", "/v1/models?x=1"] {
        assert_eq!(ann.client.get(path).await.expect(200).json()["object"], "list", "{path}");
    }
    for path in ["/v1/models/gpt-5-mini", "/models/gpt-5-mini", "/v1/v1/models/gpt-5-mini/"] {
        assert_eq!(ann.client.get(path).await.expect(200).json()["id"], "gpt-5-mini", "{path}");
    }
    ann.client.get("/v2/llm-models/?is_active=true").await.expect(200);
}

#[tokio::test]
async fn an_address_that_cannot_be_decoded_is_refused_in_the_callers_words() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    for (path, words) in [
        ("/v1/models/%ff", Words::OpenAi),
        ("/models/%ff", Words::OpenAi),
        ("/v1/models/a/%C3%28", Words::OpenAi),
        ("/v1/%ff", Words::OpenAi),
        ("/v1/messages/%ff", Words::Anthropic),
        ("/v1beta/models/%ff", Words::Google),
        ("/v2/llm-models/%ff", Words::Problem),
        ("/v2/credentials/%ff", Words::Problem),
        ("/v2/tokens/%ff/", Words::Problem),
        ("/v2/%ff", Words::Problem),
    ] {
        let method = if path.contains("tokens") { Method::DELETE } else { Method::GET };
        let answer = ann.send(method, path, &[], Vec::new()).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.text());
        said(&answer, words);
    }
    for path in ["/invite/%ff", "/reset/%ff", "/%ff"] {
        let answer = ann.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_token_is_taken_from_any_of_the_four_headers_and_two_must_agree() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let gateway = ann.gateway_client().await;
    let bearer = format!("Bearer {}", gateway.token());
    let lower = format!("bearer  {}", gateway.token());
    let token = gateway.token();
    let nobody = house.nobody();
    let get = |path: &'static str, headers: Vec<(&'static str, String)>| {
        let nobody = nobody.clone();
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            nobody.send(Method::GET, path, &headers, Vec::new()).await
        }
    };
    for (header, value) in [
        ("authorization", bearer.as_str()),
        ("authorization", lower.as_str()),
        ("x-api-key", token),
        ("api-key", token),
        ("x-goog-api-key", token),
    ] {
        for path in ["/v1/models", "/v2/llm-models"] {
            get(path, vec![(header, value.to_owned())]).await.expect(200);
        }
    }
    get("/v1/models", vec![("authorization", bearer.clone()), ("x-api-key", token.to_owned())]).await.expect(200);
    for other in ["owk_other", ann.client.token()] {
        for header in ["x-api-key", "api-key", "x-goog-api-key"] {
            let both = vec![("authorization", bearer.clone()), (header, other.to_owned())];
            get("/v1/models", both.clone()).await.expect(401);
            get("/v2/llm-models", both).await.expect(401);
        }
    }
    let twice = vec![("x-api-key", token.to_owned()), ("x-api-key", "owk_other".to_owned())];
    get("/v1/models", twice).await.expect(401);
    let twice = vec![("authorization", bearer), ("authorization", "Bearer owk_other".to_owned())];
    get("/v1/models", twice).await.expect(401);
}

#[tokio::test]
async fn a_wrong_field_is_400_on_a_wire_and_422_in_our_own_words() {
    let house = House::start().await;
    let client = house.user("ann").await.client;
    for body in [json!({"messages": []}), json!({"model": 5, "messages": []}), json!({"model": "gpt-5-mini"})] {
        let answer = client.post("/v1/chat/completions", &body).await.expect(400).json();
        assert_eq!(answer["error"]["type"], "invalid_request_error", "{answer}");
    }
    client.post("/v2/llm/chat/completions", &json!({"messages": []})).await.expect(422);
}
