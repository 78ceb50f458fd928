//! The line to the shared windows: TCP, TLS by our own rules, and what the
//! library makes of them.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Address, Away, PATIENCE};

/// Connects and signs in.
pub(super) async fn connect(
    address: &Address,
    roots: &[CertificateDer<'static>],
) -> Result<MultiplexedConnection, Away> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the operator keeps data, like the database; no request names it"
    )]
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(|error| of_io(&error))?;
    // Small questions, each waited for.
    stream.set_nodelay(true).map_err(|error| of_io(&error))?;
    if !address.is_tls {
        return speak(address, stream).await;
    }
    let name = ServerName::try_from(address.host.clone()).map_err(|_| Away("its name is none for TLS".to_owned()))?;
    let stream = connector(roots)?.connect(name, stream).await.map_err(|error| of_io(&error))?;
    speak(address, stream).await
}

async fn speak<S>(address: &Address, stream: S) -> Result<MultiplexedConnection, Away>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let opened = MultiplexedConnection::new_with_config(&address.info, stream, config).await;
    let (line, driver) = opened.map_err(|error| told(&error))?;
    // Ends when the last handle is dropped.
    tokio::spawn(driver);
    Ok(line)
}

fn connector(roots: &[CertificateDer<'static>]) -> Result<TlsConnector, Away> {
    let mut known = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    known.add_parsable_certificates(roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Away("there is no safe version of TLS".to_owned()))?;
    Ok(TlsConnector::from(Arc::new(versions.with_root_certificates(known).with_no_client_auth())))
}

fn of_io(error: &std::io::Error) -> Away {
    Away(format!("it cannot be reached ({error})"))
}

/// Why, without the server's own words: some repeat the command, and with it the
/// password.
pub(super) fn told(error: &RedisError) -> Away {
    let code: String = error.code().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let is_sign_in = error.kind() == ErrorKind::AuthenticationFailed || matches!(&*code, "NOAUTH" | "WRONGPASS");
    Away(if is_sign_in {
        "it refuses the password".to_owned()
    } else if error.is_timeout() {
        "it does not answer in time".to_owned()
    } else if error.is_io_error() || error.is_connection_dropped() {
        "the connection was lost".to_owned()
    } else if code.is_empty() {
        "it answers otherwise than a Redis does".to_owned()
    } else {
        format!("it refuses what it was asked ({code})")
    })
}
