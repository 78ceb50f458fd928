//! A web site on this machine that stands for all public addresses: whatever
//! name is looked up leads to one, and every connection to it ends here.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use llm::egress::{Dial, EgressGuard, LocalEndpoints, Lookup};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The site's name, which its certificate is for.
pub const SITE: &str = "model.test";

/// A public address.
const PUBLIC: [u8; 4] = [93, 184, 215, 14];

const AUTHORITY: &[u8] = include_bytes!("../../llm/fixtures/tls/authority.pem");
const SERVER: &[u8] = include_bytes!("../../llm/fixtures/tls/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("../../llm/fixtures/tls/server-key.pem");

/// What the site says to a request.
#[derive(Clone)]
pub enum Page {
    /// This body.
    Body(Vec<u8>),
    /// This status.
    Status(u16),
    /// Nothing, for as long as the visitor stays.
    Silence,
}

/// The site.
pub struct Site {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    left: Arc<tokio::sync::Semaphore>,
}

impl Site {
    /// A site that says `page` to every request.
    pub async fn start(page: Page) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, left) = (Arc::default(), Arc::new(tokio::sync::Semaphore::new(0)));
        let site = Self { address, seen: Arc::clone(&seen), left: Arc::clone(&left) };
        let acceptor = acceptor();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let visit = visit(stream, acceptor.clone(), page.clone(), Arc::clone(&seen));
                let left = Arc::clone(&left);
                tokio::spawn(async move {
                    visit.await;
                    left.add_permits(1);
                });
            }
        });
        site
    }

    /// The paths that were asked for.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a visitor has gone.
    pub async fn visitor_left(&self) {
        self.left.acquire().await.expect("the site is there").forget();
    }
}

async fn visit(stream: TcpStream, acceptor: TlsAcceptor, page: Page, seen: Arc<Mutex<Vec<String>>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut head = vec![0; 8 * 1024];
    let length = stream.read(&mut head).await.unwrap_or(0);
    let text = String::from_utf8_lossy(head.get(..length).unwrap_or_default()).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    let (status, body) = match page {
        Page::Body(body) => (200, body),
        Page::Status(status) => (status, Vec::new()),
        Page::Silence => {
            while stream.read(&mut head).await.is_ok_and(|count| count > 0) {}
            return;
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    let _ = stream.shutdown().await;
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let chain = CertificateDer::pem_slice_iter(SERVER).map(|found| found.expect("a certificate")).collect();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).expect("a key");
    let config = config.expect("a version of TLS").with_no_client_auth().with_single_cert(chain, key);
    TlsAcceptor::from(Arc::new(config.expect("the key of the certificate")))
}

/// The authority that signed the site's certificate.
pub(crate) fn roots() -> Vec<CertificateDer<'static>> {
    llm::client::read_roots(AUTHORITY).expect("the authority")
}

/// A guard in whose network `site` is all there is beyond this machine.
pub(crate) fn guard(local: LocalEndpoints, own: SocketAddr, site: SocketAddr) -> EgressGuard {
    let lookup: Lookup = Arc::new(|_, port| Box::pin(async move { Ok(vec![SocketAddr::from((PUBLIC, port))]) }));
    #[expect(clippy::disallowed_methods, reason = "the test's own servers")]
    let dial: Dial = Arc::new(move |address| {
        let address = if address.ip().is_loopback() { address } else { site };
        Box::pin(TcpStream::connect(address))
    });
    EgressGuard::with_network(local, vec![own], lookup, dial)
}
