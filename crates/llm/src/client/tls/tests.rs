//! Certificates: believed when they are for the name that was asked for and
//! signed by a known authority, and not otherwise.

use std::net::SocketAddr;

use domain::ProviderId;
use domain::attempt::ErrorClass;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::client::{Auth, Clocks, Outgoing, Phase, SendFailure, Upstream};
use crate::egress::tests::scripted;
use crate::egress::{EgressGuard, LocalEndpoints};

const AUTHORITY: &[u8] = include_bytes!("../../../fixtures/tls/authority.pem");
const SERVER: &[u8] = include_bytes!("../../../fixtures/tls/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("../../../fixtures/tls/server-key.pem");

#[test]
fn the_web_is_believed_and_garbage_is_named() {
    assert!(connector(Vec::new()).is_some());
    for garbage in [
        &b""[..],
        b"not a pem",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!\n",
    ] {
        assert!(read_roots(garbage).unwrap_err().contains("CA file"));
    }
    assert_eq!(read_roots(AUTHORITY).unwrap().len(), 1);
}

/// A TLS server for `model.test` that answers every connection once.
async fn tls_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let chain = CertificateDer::pem_slice_iter(SERVER).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}").await;
            }
        }
    });
    address
}

async fn call(host: &str, roots: Vec<CertificateDer<'static>>) -> Result<(), SendFailure> {
    let base = format!("https://{host}:{}", tls_server().await.port());
    let local = LocalEndpoints::parse(&base).unwrap();
    let guard = EgressGuard::with_lookup(local, Vec::new(), scripted(&[&["127.0.0.1"]]));
    let endpoint = guard.check_literal(ProviderId::Custom, &base).unwrap();
    let upstream = Upstream::new(guard, Clocks::default(), roots);
    let answer = upstream.send(Outgoing::get(&endpoint, "/models", Auth::None)).await?;
    assert_eq!(answer.body.collect(10).await.unwrap(), "{}");
    Ok(())
}

#[tokio::test]
async fn an_added_authority_is_believed_for_the_name_it_signed() {
    call("model.test", read_roots(AUTHORITY).unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_authority_and_a_wrong_name_are_not_believed() {
    for (host, roots) in [
        ("model.test", Vec::new()),
        ("other.test", read_roots(AUTHORITY).unwrap()),
        ("127.0.0.1", read_roots(AUTHORITY).unwrap()),
    ] {
        let failure = call(host, roots).await.unwrap_err();
        assert_eq!((failure.class, failure.phase, failure.was_sent), (ErrorClass::Unreachable, Phase::Connect, false));
        assert!(failure.sentence.contains("OWNKEY_CA_FILE"), "{failure}");
    }
}
