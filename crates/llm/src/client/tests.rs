//! The client against a scripted provider on a loopback port.

pub(crate) mod server;

use std::net::SocketAddr;

use domain::ProviderId;
use domain::attempt::ErrorClass;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use self::server::{Reply, Server};
use super::*;
use crate::egress::tests::scripted;
use crate::egress::{EgressGuard, LocalEndpoints};

const SOON: Duration = Duration::from_millis(200);

fn ok() -> Reply {
    Reply::json(200, "{}")
}

async fn get(upstream: &Upstream, endpoint: &Endpoint) -> Result<Bytes, SendFailure> {
    upstream.send(Outgoing::get(endpoint, "/models", Auth::None)).await?.body.collect(1_000).await
}

/// A client for `http://model.test:<port>`, a name that resolves as scripted.
fn named(address: SocketAddr, is_listed: bool, answers: &[&[&str]]) -> (Upstream, String) {
    let base = format!("http://model.test:{}", address.port());
    let local = if is_listed { LocalEndpoints::parse(&base).unwrap() } else { LocalEndpoints::none() };
    let guard = EgressGuard::with_lookup(local, Vec::new(), scripted(answers));
    (Upstream::new(guard, Clocks::default(), Vec::new()), base)
}

#[tokio::test]
async fn a_request_carries_its_key_its_id_and_no_wish_for_compression() {
    let server = Server::start(|_| ok()).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let secret = Secret::new("sk-FAKE".to_owned());
    let extra = [(HeaderName::from_static("x-extra"), HeaderValue::from_static("1"))];
    let outgoing = Outgoing {
        method: Method::POST,
        body: Bytes::from_static(b"{\"a\":1}").into(),
        request_id: Some("req-1"),
        extra_headers: &extra,
        ..Outgoing::get(&endpoint, "/chat/completions", Auth::Bearer(&secret))
    };
    let answer = upstream.send(outgoing).await.unwrap();
    assert_eq!(answer.status, 200);
    let seen = &server.requests()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen.body, "{\"a\":1}");
    for (name, value) in [
        ("authorization", "Bearer sk-FAKE"),
        ("accept-encoding", "identity"),
        ("x-client-request-id", "req-1"),
        ("content-type", "application/json"),
        ("x-extra", "1"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    assert_eq!(seen.header("host"), Some(server.address.to_string().as_str()));
}

#[test]
fn a_key_is_not_printed_with_its_header() {
    let secret = Secret::new("sk-FAKE".to_owned());
    let (_, value) = auth_header(Auth::Bearer(&secret)).unwrap().unwrap();
    assert_eq!(value.as_bytes(), b"Bearer sk-FAKE");
    assert!(!format!("{value:?}").contains("FAKE"));
    assert!(auth_header(Auth::Bearer(&Secret::new("a\nb".to_owned()))).is_none(), "a key that is no header value");
    for (key, expected) in [("0123456789abcdef", "api-key"), ("eyJhbGciOi.FAKE.token", "authorization")] {
        let secret = Secret::new(key.to_owned());
        let (name, value) = auth_header(Auth::of(ProviderId::Azure, Some(&secret))).unwrap().unwrap();
        assert_eq!((name.as_str(), value.is_sensitive()), (expected, true));
    }
}

#[test]
fn anthropic_gets_the_key_in_a_header_of_its_own() {
    let secret = Secret::new("sk-FAKE".to_owned());
    let (name, value) = auth_header(Auth::of(ProviderId::Anthropic, Some(&secret))).unwrap().unwrap();
    assert_eq!((name.as_str(), value.as_bytes()), ("x-api-key", &b"sk-FAKE"[..]));
    assert!(value.is_sensitive() && !format!("{value:?}").contains("FAKE"));
    let (name, _) = auth_header(Auth::of(ProviderId::OpenAi, Some(&secret))).unwrap().unwrap();
    assert_eq!(name, AUTHORIZATION);
    assert!(auth_header(Auth::of(ProviderId::Anthropic, None)).unwrap().is_none());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_else_sees_the_key() {
    let elsewhere = Server::start(|_| ok()).await;
    let location = format!("location: http://{}/v1/models\r\n", elsewhere.address);
    let location: &'static str = location.leak();
    let server = Server::start(move |_| Reply::Answer(307, location, String::new())).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let secret = Secret::new("sk-FAKE".to_owned());
    let answer = upstream.send(Outgoing::get(&endpoint, "/models", Auth::Bearer(&secret))).await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_after_the_check_is_refused() {
    let server = Server::start(|_| ok()).await;
    let (upstream, _) = named(server.address, false, &[&["93.184.216.34"], &["127.0.0.1"]]);
    let base = format!("https://model.test:{}", server.address.port());
    let endpoint = upstream.guard().check_literal(ProviderId::Custom, &base).unwrap();
    assert!(upstream.guard().resolve(&endpoint).await.is_ok(), "public while it was saved");
    let failure = get(&upstream, &endpoint).await.unwrap_err();
    assert_eq!((failure.class, failure.was_sent), (ErrorClass::EndpointRefused, false));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn one_private_address_among_public_ones_is_refused() {
    let server = Server::start(|_| ok()).await;
    let (upstream, _) = named(server.address, false, &[&["93.184.216.34", "127.0.0.1"]]);
    let base = format!("https://model.test:{}", server.address.port());
    let endpoint = upstream.guard().check_literal(ProviderId::Custom, &base).unwrap();
    assert_eq!(get(&upstream, &endpoint).await.unwrap_err().class, ErrorClass::EndpointRefused);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn calls_share_a_connection_until_the_rules_change() {
    let server = Server::start(|_| ok()).await;
    let (upstream, base) = named(server.address, true, &[&["127.0.0.1"]]);
    let endpoint = upstream.guard().check_literal(ProviderId::Custom, &base).unwrap();
    for _ in 0..3 {
        get(&upstream, &endpoint).await.unwrap();
    }
    assert_eq!(server.connections(), 1);

    upstream.guard().replace(LocalEndpoints::none(), Vec::new());
    let failure = get(&upstream, &endpoint).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::EndpointRefused, "although an open connection was there");
    assert_eq!(server.requests().len(), 3);

    upstream.guard().replace(LocalEndpoints::parse(&base).unwrap(), Vec::new());
    get(&upstream, &endpoint).await.unwrap();
    assert_eq!(server.connections(), 2, "connections of an older version are not used again");
}

#[tokio::test]
async fn a_connection_is_handed_out_for_five_minutes_at_most() {
    let server = Server::start(|_| ok()).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    get(&upstream, &endpoint).await.unwrap();
    for expected in [1, 1, 1, 1, 2] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(61)).await;
        tokio::time::resume();
        get(&upstream, &endpoint).await.unwrap();
        assert_eq!(server.connections(), expected);
    }
}

#[tokio::test]
async fn dropping_the_body_closes_the_connection_at_once() {
    let mut server =
        Server::start(|_| Reply::Then("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n")).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let mut answer = upstream.send(Outgoing::get(&endpoint, "/models", Auth::None)).await.unwrap();
    assert_eq!(answer.body.next_frame().await.unwrap().unwrap(), "hi");
    drop(answer);
    timeout(SOON, server.closed()).await.expect("the provider saw the close");
}

#[tokio::test]
async fn dropping_a_call_that_waits_for_its_answer_closes_the_connection_at_once() {
    let mut server = Server::start(|_| Reply::Then("")).await;
    let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", Clocks::default());
    let call = upstream.send(Outgoing::get(&endpoint, "/models", Auth::None));
    assert!(timeout(Duration::from_millis(50), call).await.is_err());
    timeout(SOON, server.closed()).await.expect("the provider saw the close");
}

#[tokio::test]
async fn every_way_to_fail_says_whether_the_provider_may_have_worked() {
    let clocks = Clocks { first_header: Duration::from_millis(50), ..Clocks::default() };
    for (reply, class, phase) in [
        ("", ErrorClass::Timeout, Phase::Headers),
        ("cut:", ErrorClass::Unreachable, Phase::Headers),
        (
            "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n",
            ErrorClass::ServerError,
            Phase::Headers,
        ),
        ("cut:HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{", ErrorClass::StreamTruncated, Phase::Body),
        (
            "cut:HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
            ErrorClass::StreamTruncated,
            Phase::Body,
        ),
        ("HTTP/1.1 200 X\r\ncontent-length: 1001\r\n\r\n{", ErrorClass::TooLarge, Phase::Body),
    ] {
        let server = Server::start(move |_| match reply.strip_prefix("cut:") {
            Some(bytes) => Reply::Cut(bytes),
            None => Reply::Then(reply),
        })
        .await;
        let (upstream, endpoint) = server.reached_by(ProviderId::Custom, "/v1", clocks);
        let failure = get(&upstream, &endpoint).await.unwrap_err();
        assert_eq!((failure.class, failure.phase, failure.was_sent), (class, phase, true), "{reply:?}");
        assert!(failure.sentence.contains(&server.address.to_string()), "{failure}");
        assert!(!failure.sentence.contains("/models"), "{failure}");
    }
}

/// Who is there and never says so: a handshake without an answer, and a queue
/// with no place left in it.
#[tokio::test]
async fn a_connection_that_is_never_made_ends_within_its_clock() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let queue = full.local_addr().unwrap();
    let next = || std::net::TcpStream::connect_timeout(&queue, SOON).ok();
    let waiting: Vec<_> = std::iter::from_fn(next).take(64).collect();
    assert!(waiting.len() < 64, "the queue is never full");
    for base in [format!("https://{}", silent.local_addr().unwrap()), format!("http://{queue}")] {
        let guard = EgressGuard::new(LocalEndpoints::parse(&base).unwrap(), Vec::new());
        let upstream = Upstream::new(guard, Clocks { connect: SOON, ..Clocks::default() }, Vec::new());
        let endpoint = upstream.guard().check_literal(ProviderId::Custom, &base).unwrap();
        let failure = get(&upstream, &endpoint).await.unwrap_err();
        let seen = (failure.class, failure.phase, failure.was_sent);
        assert_eq!(seen, (ErrorClass::Unreachable, Phase::Connect, false), "{base}: {failure}");
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let server = Server::start(|_| ok()).await;
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for (upstream, base) in [
        named(address, true, &[&["127.0.0.1"]]),
        named(address, true, &[]),
        // Plain text where TLS was asked for.
        {
            let base = format!("https://127.0.0.1:{}", server.address.port());
            let guard = EgressGuard::new(LocalEndpoints::parse(&base).unwrap(), Vec::new());
            (Upstream::new(guard, Clocks { connect: SOON, ..Clocks::default() }, Vec::new()), base)
        },
    ] {
        let endpoint = upstream.guard().check_literal(ProviderId::Custom, &base).unwrap();
        let failure = get(&upstream, &endpoint).await.unwrap_err();
        assert_eq!((failure.class, failure.phase, failure.was_sent), (ErrorClass::Unreachable, Phase::Connect, false));
    }
}
