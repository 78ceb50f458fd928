//! Headers: too many, two-faced, half-sent; and the ids on every answer.

use http::Method;
use testkit::{Client, House, Raw, raw};

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn more_than_32_kib_of_headers_are_431() {
    let house = House::start().await;
    let many: String = (0..300).map(|n| format!("x-filler-{n}: {}\r\n", "x".repeat(200))).collect();
    for headers in [format!("x-filler: {}\r\n", "x".repeat(40 * 1024)), many] {
        let answer = raw(&house.url, &get("/health/live", &headers)).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let fits = format!("x-filler: {}\r\n", "x".repeat(24 * 1024));
    let answer = raw(&house.url, &get("/health/live", &fits)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn what_is_no_http_is_400_or_the_end() {
    let house = House::start().await;
    for request in [
        "NONSENSE\r\n\r\n",
        "GET /health/live HTTP/9.9\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        "POST /v2/tokens HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "POST /v2/tokens HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v2/tokens HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut connection = Raw::connect(&house.url).await;
        connection.send(request.as_bytes()).await;
        connection.finish().await;
        let answer = connection.read_to_end().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:?}: {answer}");
    }
    house.nobody().get("/health/live").await.expect(200);
}

/// Slow: it waits for the header clock of ten seconds.
#[tokio::test]
async fn half_a_header_does_not_hold_a_connection() {
    let house = House::start().await;
    let mut connection = Raw::connect(&house.url).await;
    connection.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    let answer = connection.read_to_end().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let token = ann.client.token();
    let request = format!(
        "POST /v2/tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 50\r\nconnection: close\r\n\r\n{{\"name\":"
    );
    let mut connection = Raw::connect(&house.url).await;
    connection.send(request.as_bytes()).await;
    connection.finish().await;
    let answer = connection.read_to_end().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(ann.client.get("/v2/tokens").await.json()["count"], 0);
}

#[tokio::test]
async fn two_different_tokens_in_one_request_are_401_and_the_same_one_twice_is_fine() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let client = ann.gateway_client().await;
    let other = ann.gateway_client().await;
    for name in ["x-api-key", "api-key", "x-goog-api-key"] {
        let both = client.send(Method::GET, "/v1/models", &[(name, other.token())], Vec::new()).await.expect(401);
        assert!(!both.text().contains(other.token()) && !both.text().contains(client.token()));
        client.send(Method::GET, "/v1/models", &[(name, client.token())], Vec::new()).await.expect(200);
        house.nobody().send(Method::GET, "/v1/models", &[(name, client.token())], Vec::new()).await.expect(200);
    }
    let two = [("authorization", format!("Bearer {}", other.token()))];
    let two: Vec<(&str, &str)> = two.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.send(Method::GET, "/v1/models", &two, Vec::new()).await.expect(401);
}

#[tokio::test]
async fn a_wrong_token_is_told_in_the_sentence_that_clients_match() {
    let house = House::start().await;
    let text = "owk_user_0123456789ABCDEFGHIJKLMNOPQRSTwxyz";
    let wrong = Client::new(&house.url, Some(text));
    let answer = wrong.get("/v1/models").await.expect(401);
    let expected = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: owk_…wxyz. This is Ownkey; make a gateway token at {}/tokens.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}}}"#,
        house.url
    );
    assert_eq!(answer.json(), serde_json::from_str::<serde_json::Value>(&expected).unwrap());
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let key = "sk-proj-CANARYaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789";
    let theirs = Client::new(&house.url, Some(key)).get("/v1/models").await.expect(401).text();
    assert!(!theirs.contains("CANARY") && !theirs.contains("6789"), "{theirs}");
    let messages = [("anthropic-version", "2023-06-01")];
    let answer = wrong.send(Method::GET, "/v1/models", &messages, Vec::new()).await.expect(401).json();
    assert_eq!(answer["error"]["type"], "authentication_error");
    let goog = [("x-goog-api-key", text)];
    let answer = house.nobody().send(Method::GET, "/v1/models", &goog, Vec::new()).await.expect(401).json();
    assert_eq!(answer["error"]["status"], "UNAUTHENTICATED");
    let own = wrong.get("/v2/users/me").await.expect(401);
    assert_eq!(own.json()["code"], "invalid_gateway_token");
    assert_eq!(own.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_well_formed_request_id_comes_back_and_any_other_is_replaced() {
    let house = House::start().await;
    let nobody = house.nobody();
    let long = "a".repeat(129);
    for path in ["/health/live", "/v1/models", "/v2/users/me", "/nonsense", "/login"] {
        let given = [("x-request-id", "my-id_1.2")];
        let answer = nobody.send(Method::GET, path, &given, Vec::new()).await;
        assert_eq!((answer.header("x-request-id"), answer.header("request-id")), ("my-id_1.2", "my-id_1.2"), "{path}");
        for bad in ["", "with blank", "semi;colon", "<script>", long.as_str()] {
            let answer = nobody.send(Method::GET, path, &[("x-request-id", bad)], Vec::new()).await;
            let (shown, other) = (answer.header("x-request-id"), answer.header("request-id"));
            assert_eq!((shown.len(), shown), (36, other), "{path} with {bad:?}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}
