//! Whose certificates are believed: the web's authorities, and those the
//! operator adds. There is no switch that believes everyone.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

/// Reads the certificates of a PEM file (`OWNKEY_CA_FILE`).
///
/// # Errors
/// Says that the file holds none, or one that cannot be read.
pub fn read_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = || "The CA file is not a list of certificates in PEM. Check its content.".to_owned();
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| unreadable())?;
    let mut store = RootCertStore::empty();
    let (accepted, refused) = store.add_parsable_certificates(roots.iter().cloned());
    if accepted == 0 || refused > 0 {
        return Err(unreadable());
    }
    Ok(roots)
}

/// TLS for HTTP/1.1; `None` only if the library cannot offer a safe version.
pub(super) fn connector(extra_roots: Vec<CertificateDer<'static>>) -> Option<TlsConnector> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let (_, refused) = roots.add_parsable_certificates(extra_roots);
    if refused > 0 {
        tracing::warn!(refused, "some extra root certificates could not be read and are not used");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
