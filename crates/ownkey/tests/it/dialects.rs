//! Errors in the words of whoever asked, the ids on every answer, and the
//! spellings of one address.

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

#[tokio::test]
async fn every_refusal_is_said_in_the_words_of_whoever_asked() {
    let house = House::start().await;
    let ann = house.user("ann").await.client;
    let (google, json_type) = (("x-goog-api-key", ann.token()), ("content-type", "application/json"));
    let big = vec![b' '; 25 * 1024 * 1024 + 1];
    let deep = b"{".to_vec();
    let nobody = &house.nobody();
    type Row<'a> = (&'a Client, Method, &'a str, Vec<(&'a str, &'a str)>, Vec<u8>, Words, &'a str);
    let (get, post, put, none) = (Method::GET, Method::POST, Method::PUT, Vec::new);
    let rows: Vec<Row<'_>> = vec![
        (nobody, get.clone(), "/v1/models", vec![], none(), Words::OpenAi, "401 invalid_request_error invalid_api_key"),
        (nobody, get.clone(), "/v1/models", vec![ANTHROPIC], none(), Words::Anthropic, "401 authentication_error"),
        (
            nobody,
            get.clone(),
            "/v1/models",
            vec![("x-goog-api-key", "AIzaWrong")],
            none(),
            Words::Google,
            "401 UNAUTHENTICATED",
        ),
        (nobody, get.clone(), "/v2/tokens", vec![], none(), Words::Problem, "401 invalid_gateway_token"),
        (
            &ann,
            get.clone(),
            "/v1/models/none",
            vec![],
            none(),
            Words::OpenAi,
            "404 invalid_request_error model_not_found",
        ),
        (&ann, get.clone(), "/v1/models/none", vec![ANTHROPIC], none(), Words::Anthropic, "404 not_found_error"),
        (&ann, get.clone(), "/v1/models/none", vec![google], none(), Words::Google, "404 NOT_FOUND"),
        (&ann, get.clone(), "/v2/llm-models/none", vec![], none(), Words::Problem, "404 model_not_found"),
        (&ann, get.clone(), "/v1/nowhere", vec![], none(), Words::OpenAi, "404 invalid_request_error not_found"),
        (
            &ann,
            post.clone(),
            "/v1/embeddings",
            vec![],
            none(),
            Words::OpenAi,
            "404 invalid_request_error endpoint_not_supported",
        ),
        (&ann, post.clone(), "/v1/messages", vec![], none(), Words::Anthropic, "404 not_found_error"),
        (&ann, post.clone(), "/v1/messages/count_tokens", vec![], none(), Words::Anthropic, "404 not_found_error"),
        (&ann, post.clone(), "/messages", vec![], none(), Words::Anthropic, "404 not_found_error"),
        (&ann, get.clone(), "/v1beta/models", vec![], none(), Words::Google, "404 NOT_FOUND"),
        (&ann, post.clone(), "/v1beta/models/g:generateContent", vec![], none(), Words::Google, "404 NOT_FOUND"),
        (&ann, get.clone(), "/v2/nowhere", vec![], none(), Words::Problem, "404 not_found"),
        (&ann, get.clone(), "/api/nowhere", vec![], none(), Words::Problem, "404 not_found"),
        (
            &ann,
            put.clone(),
            "/v1/models",
            vec![],
            none(),
            Words::OpenAi,
            "405 invalid_request_error method_not_allowed",
        ),
        (&ann, put.clone(), "/v1/models", vec![ANTHROPIC], none(), Words::Anthropic, "405 invalid_request_error"),
        (&ann, put.clone(), "/v1/models", vec![google], none(), Words::Google, "405 INVALID_ARGUMENT"),
        (&ann, put.clone(), "/v2/tokens", vec![], none(), Words::Problem, "405 method_not_allowed"),
        (
            &ann,
            post.clone(),
            "/v1/chat/completions",
            vec![json_type],
            big.clone(),
            Words::OpenAi,
            "413 invalid_request_error payload_too_large",
        ),
        (
            &ann,
            post.clone(),
            "/v1/chat/completions",
            vec![json_type, ANTHROPIC],
            big.clone(),
            Words::Anthropic,
            "413 invalid_request_error",
        ),
        (
            &ann,
            post.clone(),
            "/v1/chat/completions",
            vec![json_type, google],
            big.clone(),
            Words::Google,
            "413 INVALID_ARGUMENT",
        ),
        (&ann, post.clone(), "/v2/tokens", vec![json_type], big, Words::Problem, "413 payload_too_large"),
        (&ann, post.clone(), "/v2/tokens", vec![], deep.clone(), Words::Problem, "415 unsupported_media_type"),
        (&ann, post.clone(), "/v2/tokens", vec![json_type], deep.clone(), Words::Problem, "400 invalid_json"),
        (
            &ann,
            post.clone(),
            "/v1/chat/completions",
            vec![json_type],
            deep.clone(),
            Words::OpenAi,
            "400 invalid_request_error invalid_json",
        ),
        (
            &ann,
            post,
            "/v1/chat/completions",
            vec![json_type, ANTHROPIC],
            deep,
            Words::Anthropic,
            "400 invalid_request_error",
        ),
    ];
    for (client, method, path, headers, body, words, expected) in rows {
        let answer = client.send(method.clone(), path, &headers, body).await;
        assert_eq!(said(&answer, words), expected, "{method} {path}");
    }
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
