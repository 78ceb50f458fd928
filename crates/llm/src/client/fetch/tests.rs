//! What is fetched for a request, and what never is.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::client::{Clocks, read_roots};
use crate::egress::tests::scripted;
use crate::egress::{Dial, LocalEndpoints};

const AUTHORITY: &[u8] = include_bytes!("../../../fixtures/tls/authority.pem");
const SERVER: &[u8] = include_bytes!("../../../fixtures/tls/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("../../../fixtures/tls/server-key.pem");
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";
const LIMIT: usize = 1024;

/// A public address, which the scripted network leads to the test's own server.
const PUBLIC: &str = "93.184.215.14";

/// A server for `model.test` on this machine, and what it was asked.
struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Answers every request with these bytes; `drip`: and then, without end,
    /// with these.
    async fn start(answer: Vec<u8>, drip: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = CertificateDer::pem_slice_iter(SERVER).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let (acceptor, asked) = (TlsAcceptor::from(Arc::new(config)), Arc::new(Mutex::new(Vec::new())));
        let site = Self { address, asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut head = vec![0; 4_096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                asked.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
                let _ = stream.write_all(&answer).await;
                while !drip.is_empty() && stream.write_all(drip).await.is_ok() {}
                let _ = stream.flush().await;
                if drip.is_empty() {
                    let _ = stream.read(&mut head).await;
                }
            }
        });
        site
    }

    async fn answering(head: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
        Self::start([head.as_bytes(), body].concat(), b"").await
    }

    /// Fetches from it under the name `model.test`, which resolves to these.
    async fn fetched_as(&self, address: &str, answers: &[&str]) -> Result<Fetched, FetchProblem> {
        upstream(self.address, answers).fetch(address, LIMIT, soon()).await
    }

    async fn fetched(&self) -> Result<Fetched, FetchProblem> {
        self.fetched_as("https://model.test/a.png", &[PUBLIC]).await
    }
}

/// A client in whose network every connection to a public address ends at
/// `site`; any other is a connection that must not be made.
fn upstream(site: SocketAddr, answers: &[&str]) -> Upstream {
    let dial: Dial = Arc::new(move |address| {
        assert_eq!(address.ip().to_string(), PUBLIC, "a connection to an address that is not public");
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        Box::pin(TcpStream::connect(site))
    });
    // What the operator lists for providers does not count here.
    let local = LocalEndpoints::parse("http://127.0.0.1:8000, https://127.0.0.1, https://model.test, https://10.0.0.7");
    let guard = EgressGuard::with_network(local.unwrap(), Vec::new(), scripted(&[answers]), dial);
    Upstream::new(guard, Clocks::default(), read_roots(AUTHORITY).unwrap())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[tokio::test]
async fn a_picture_comes_with_the_type_it_has_and_the_server_learns_nothing() {
    let site = Site::answering("200 OK\r\ncontent-type: text/html", PNG).await;
    let fetched = site.fetched_as("https://model.test/a%20b.png?sig=1#part", &[PUBLIC]).await.unwrap();
    assert_eq!(fetched, Fetched { media_type: "image/png", bytes: Bytes::from_static(PNG) });
    let asked = site.asked.lock().unwrap()[0].to_ascii_lowercase();
    let lines: Vec<&str> = asked.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "get /a%20b.png?sig=1 http/1.1");
    let mut names: Vec<&str> = lines[1..].iter().filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"], "{asked}");
}

#[tokio::test]
async fn only_public_addresses_are_connected_to() {
    let site = Site::answering("200 OK", PNG).await;
    for address in [
        "https://127.0.0.1/a.png",
        "https://127.0.0.1:8000/a.png",
        "https://localhost/a.png",
        "https://app.localhost/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:127.0.0.1]/a.png",
        "https://[64:ff9b::7f00:1]/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/latest",
        "https://10.0.0.7/a.png",
        "https://192.168.1.5/a.png",
        "https://100.64.0.1/a.png",
        "https://0.0.0.0/a.png",
        "https://model.test:6379/a.png",
    ] {
        assert_eq!(site.fetched_as(address, &[PUBLIC]).await, Err(FetchProblem::NotReached), "{address}");
    }
    for address in [
        "https://2130706433/a.png",
        "https://0x7f000001/a.png",
        "https://0x7f.1/a.png",
        "https://0177.0.0.1/a.png",
        "https://127.1/a.png",
        "https://user:secret@model.test/a.png",
        "https://model.test\\@127.0.0.1/a.png",
        "https://model.test./a.png",
        "https:///a.png",
        "model.test/a.png",
        "",
    ] {
        assert_eq!(site.fetched_as(address, &[PUBLIC]).await, Err(FetchProblem::Unreadable), "{address}");
    }
    for address in ["http://model.test/a.png", "ftp://model.test/a.png", "file:///etc/passwd", "gopher://model.test/"] {
        assert_eq!(site.fetched_as(address, &[PUBLIC]).await, Err(FetchProblem::NotHttps), "{address}");
    }
    assert!(site.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_with_one_private_address_is_not_connected_to() {
    let site = Site::answering("200 OK", PNG).await;
    for answers in
        [&["10.0.0.7"][..], &["127.0.0.1"], &[PUBLIC, "192.168.0.1"], &[PUBLIC, "::1"], &["169.254.169.254"], &[]]
    {
        let fetched = site.fetched_as("https://model.test/a.png", answers).await;
        assert_eq!(fetched, Err(FetchProblem::NotReached), "{answers:?}");
    }
    assert!(site.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_somebody_else_is_not_believed() {
    let site = Site::answering("200 OK", PNG).await;
    assert_eq!(site.fetched_as("https://other.test/a.png", &[PUBLIC]).await, Err(FetchProblem::NotReached));
}

#[tokio::test]
async fn redirects_refusals_and_other_things_are_no_pictures() {
    let long = [PNG, &[b'x'; LIMIT]].concat();
    for (head, body, expected) in [
        ("302 Found\r\nlocation: https://127.0.0.1/", &b""[..], FetchProblem::Redirected),
        ("301 Moved\r\nlocation: https://model.test/b.png", PNG, FetchProblem::Redirected),
        ("404 Not Found", PNG, FetchProblem::Status(404)),
        ("206 Partial Content", PNG, FetchProblem::Status(206)),
        ("200 OK\r\ncontent-type: image/png", b"<svg onload=alert(1)>", FetchProblem::WrongKind),
        ("200 OK\r\ncontent-type: image/png", b"", FetchProblem::WrongKind),
        ("200 OK\r\ncontent-type: image/png\r\ncontent-encoding: gzip", PNG, FetchProblem::Broken),
        ("200 OK\r\ncontent-type: image/png", &long, FetchProblem::TooLarge(LIMIT)),
    ] {
        assert_eq!(Site::answering(head, body).await.fetched().await, Err(expected), "{head}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_at_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let site = Site::start(head.to_vec(), b"8\r\n\x89PNG\r\n\x1a\n\r\n").await;
    assert_eq!(site.fetched().await, Err(FetchProblem::TooLarge(LIMIT)));
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_not_waited_for() {
    for silent_after in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n\x89PNG"] {
        let site = Site::start(silent_after.to_vec(), b"").await;
        let deadline = Instant::now() + Duration::from_millis(150);
        let fetched = upstream(site.address, &[PUBLIC]).fetch("https://model.test/a.png", LIMIT, deadline).await;
        assert_eq!(fetched, Err(FetchProblem::TooSlow), "{silent_after:?}");
    }
}

#[test]
fn the_first_bytes_say_what_it_is() {
    for (bytes, expected) in [
        (PNG, Some("image/png")),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
        (b"GIF89a\x01\0", Some("image/gif")),
        (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Some("image/heic")),
        (b"\0\0\0\x18ftypisom\0\0\0\0", None),
        (b"%PDF-1.7\n", Some("application/pdf")),
        (b"<html>", None),
        (b"", None),
    ] {
        assert_eq!(kind_of(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn only_the_host_of_an_address_is_shown() {
    assert_eq!(host_of("https://model.test/a.png?token=secret").as_deref(), Some("model.test"));
    assert_eq!(host_of("https://user:secret@model.test/"), None);
}
