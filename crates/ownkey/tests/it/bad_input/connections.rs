//! Connections that no well-behaved client opens.

use std::time::{Duration, Instant};

use testkit::House;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::CANARY;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends these bytes as they are; the connection stays open.
#[expect(clippy::disallowed_methods, reason = "a client of its own house")]
async fn raw(house: &House, bytes: &[u8]) -> TcpStream {
    let address = house.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    stream
}

/// What comes back until the server closes or falls silent.
async fn answered(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(Ok(read)) = timeout(Duration::from_millis(500), stream.read(&mut piece)).await {
        if read == 0 {
            break;
        }
        all.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn more_than_32_kib_of_headers_are_431() {
    let house = House::start().await;
    let many = format!("x-filler: {CANARY}{}\r\n", "a".repeat(1_000)).repeat(40);
    let one = format!("x-filler: {CANARY}{}\r\n", "a".repeat(40_000));
    let path = format!("/{}", "a".repeat(40_000));
    for (what, request) in [
        ("many", format!("GET /v2/users/me HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        ("one", format!("GET /v1/models HTTP/1.1\r\nhost: x\r\n{one}\r\n")),
        ("a path", format!("GET /v2{path} HTTP/1.1\r\nhost: x\r\n\r\n")),
    ] {
        let answer = answered(&mut raw(&house, request.as_bytes()).await).await;
        let is_told = answer.contains("headers_too_large") && answer.contains("x-request-id: ");
        assert!(answer.starts_with("HTTP/1.1 431") && is_told && !answer.contains("CANARY"), "{what}: {answer}");
    }
    // A slow client hears the same: its first piece alone is too large.
    let (first, rest) = one.split_at(36_000);
    let mut stream = raw(&house, format!("GET /v1/models HTTP/1.1\r\nhost: x\r\n{first}").as_bytes()).await;
    let early = answered(&mut stream).await;
    assert!(early.is_empty(), "refused before its headers were whole: {early}");
    stream.write_all(format!("{rest}\r\n").as_bytes()).await.unwrap();
    let answer = answered(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("headers_too_large"), "{answer}");
    // What is much too long is not even read.
    let endless = format!("GET /v2/users/me HTTP/1.1\r\nhost: x\r\nx-filler: {CANARY}{}\r\n\r\n", "a".repeat(200_000));
    let answer = answered(&mut raw(&house, endless.as_bytes()).await).await;
    let is_refused = answer.is_empty() || answer.starts_with("HTTP/1.1 431");
    assert!(is_refused && !answer.contains("CANARY"), "{answer}");
    house.nobody().get("/health").await.expect(200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n",
        ann.client.token()
    );
    // Declared: refused before a byte of it has come.
    let declared = format!("{head}content-length: {}\r\n\r\n", 25 * 1024 * 1024 + 1);
    let answer = answered(&mut raw(&house, declared.as_bytes()).await).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("payload_too_large"), "{answer}");
    // Chunked: refused when the limit is passed.
    let mut stream = raw(&house, format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await;
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
    for _ in 0..26 {
        if timeout(PATIENCE, stream.write_all(&chunk)).await.expect("it reads on").is_err() {
            break;
        }
    }
    let answer = answered(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("payload_too_large"), "{answer}");
}

#[tokio::test]
async fn bytes_that_are_no_http_end_with_400_or_a_closed_door() {
    let house = House::start().await;
    for request in [
        "nonsense\r\n\r\n".to_owned(),
        format!("GET /{CANARY} HTTP/9.9\r\n\r\n"),
        format!("GET /health HTTP/1.1\r\nbad header {CANARY}\r\n\r\n"),
        format!("POST /v2/tokens HTTP/1.1\r\nhost: x\r\ncontent-length: {CANARY}\r\n\r\n"),
        "POST /v2/tokens HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd".to_owned(),
        "\u{16}\u{3}\u{1}\0\0".to_owned(),
    ] {
        let answer = answered(&mut raw(&house, request.as_bytes()).await).await;
        let is_refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(is_refused && !answer.contains("CANARY"), "{request:?}: {answer}");
    }
    house.nobody().get("/health").await.expect(200);
}

#[tokio::test]
async fn half_a_header_is_closed_by_the_header_clock() {
    let house = House::start().await;
    let started = Instant::now();
    let mut stream = raw(&house, b"GET /health HTTP/1.1\r\nhost: x\r\nx-half: ").await;
    let mut rest = Vec::new();
    let read = timeout(Duration::from_secs(13), stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "still open after {:?}", started.elapsed());
    assert!(started.elapsed() > Duration::from_secs(8), "closed after {:?}", started.elapsed());
}
