//! Fetching what a request names by its address. The address is a stranger's
//! word, so the rules are narrower than for providers: https, a public address
//! whatever the operator listed, no redirect, no proxy, no cookie, no key, no
//! referrer, a connection of its own, and limits on everything.

use bytes::Bytes;
use domain::ProviderId;
use domain::attempt::ErrorClass;
use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{Payload, SendFailure, Upstream, UpstreamBody, is_compressed};
use crate::egress::{EgressGuard, Endpoint};

/// The longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 8 * 1024;

/// What was found at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What it is by its first bytes, whatever the server calls it.
    pub media_type: &'static str,
    /// The thing itself.
    pub bytes: Bytes,
}

/// Why it was not fetched. `Display` goes on from “… could not be fetched: ”.
///
/// A name that leads into a private network and one that leads nowhere are not
/// told apart: whoever asks is not told what this server's network looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchProblem {
    /// No address that two programs would read alike.
    #[error("it is not an address this server reads; write https://, a host and a path, nothing before the host")]
    Unreadable,
    /// Anything but https, where what comes may be somebody else's.
    #[error("only https addresses are fetched")]
    NotHttps,
    /// Refused by the rules, or nobody is there who proves to be the host.
    #[error("no public server with a valid certificate was reached there")]
    NotReached,
    /// The time is over.
    #[error("it did not come in time")]
    TooSlow,
    /// It is elsewhere.
    #[error("it redirects elsewhere, which is not followed; give the final address")]
    Redirected,
    /// The server said no.
    #[error("its server answered with status {0}")]
    Status(u16),
    /// Larger than the limit.
    #[error("it is larger than {} MiB", .0 / (1024 * 1024))]
    TooLarge(usize),
    /// The connection ended early, or it came packed.
    #[error("its server did not send all of it, plainly")]
    Broken,
    /// Something else than what models look at.
    #[error("it is no PNG, JPEG, GIF, WebP, HEIC or PDF")]
    WrongKind,
}

/// The host of an address, which may be shown; the rest may hold a secret.
#[must_use]
pub fn host_of(address: &str) -> Option<String> {
    Place::read(address).ok().map(|place| place.endpoint.host_and_port().to_owned())
}

/// An address that was read: whom to connect to, and what to ask for.
struct Place {
    endpoint: Endpoint,
    path: String,
}

impl Place {
    fn read(address: &str) -> Result<Self, FetchProblem> {
        if address.len() > MAX_ADDRESS_BYTES {
            return Err(FetchProblem::Unreadable);
        }
        let (scheme, rest) = address.split_once("://").ok_or(FetchProblem::Unreadable)?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(FetchProblem::NotHttps);
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // The host is read as strictly as an endpoint's.
        let endpoint =
            EgressGuard::read(ProviderId::Custom, &format!("https://{host}")).map_err(|_| FetchProblem::Unreadable)?;
        let url = Url::parse(address).map_err(|_| FetchProblem::Unreadable)?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { endpoint, path: format!("{}{query}", url.path()) })
    }
}

impl Upstream {
    /// Fetches a picture or a document of at most `limit_bytes`, until
    /// `deadline`. Dropping the future closes the connection.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn fetch(&self, address: &str, limit_bytes: usize, deadline: Instant) -> Result<Fetched, FetchProblem> {
        let place = Place::read(address)?;
        self.guard.public_only().admit(&place.endpoint).map_err(|_| FetchProblem::NotReached)?;
        let bytes = timeout_at(deadline, self.take(&place, limit_bytes, deadline));
        let bytes = bytes.await.map_err(|_| FetchProblem::TooSlow)??;
        let media_type = kind_of(&bytes).ok_or(FetchProblem::WrongKind)?;
        Ok(Fetched { media_type, bytes })
    }

    async fn take(&self, place: &Place, limit_bytes: usize, deadline: Instant) -> Result<Bytes, FetchProblem> {
        let endpoint = &place.endpoint;
        let request = asked(place).ok_or(FetchProblem::Unreadable)?;
        let answer = self.pool.client_for_stranger(endpoint).request(request).await;
        let response = answer.map_err(|error| of_failure(&SendFailure::of_request(endpoint, &error)))?;
        let (head, body) = response.into_parts();
        match head.status {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(FetchProblem::Redirected),
            status => return Err(FetchProblem::Status(status.as_u16())),
        }
        if is_compressed(&head.headers) {
            return Err(FetchProblem::Broken);
        }
        let host = endpoint.host_and_port().to_owned();
        let body = UpstreamBody::new(body, host, self.clocks.idle, deadline);
        body.collect(limit_bytes).await.map_err(|failure| match failure.class {
            ErrorClass::TooLarge => FetchProblem::TooLarge(limit_bytes),
            ErrorClass::Timeout => FetchProblem::TooSlow,
            _ => FetchProblem::Broken,
        })
    }
}

/// The request: whom it is for, and nothing of who asks.
fn asked(place: &Place) -> Option<Request<Payload>> {
    let mut request = Request::new(Payload::empty());
    *request.uri_mut() = place.endpoint.join(&place.path)?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("ownkey"));
    headers.insert(ACCEPT, HeaderValue::from_static("image/png, image/jpeg, image/gif, image/webp, application/pdf"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Some(request)
}

const fn of_failure(failure: &SendFailure) -> FetchProblem {
    if failure.was_sent { FetchProblem::Broken } else { FetchProblem::NotReached }
}

/// What something is by its first bytes.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let is_at = |at: usize, mark: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let is_heic = || [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"].iter().any(|brand| is_at(8, *brand));
    match () {
        () if is_at(0, b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if is_at(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        () if is_at(0, b"GIF87a") || is_at(0, b"GIF89a") => Some("image/gif"),
        () if is_at(0, b"RIFF") && is_at(8, b"WEBP") => Some("image/webp"),
        () if is_at(4, b"ftyp") && is_heic() => Some("image/heic"),
        () if is_at(0, b"%PDF-") => Some("application/pdf"),
        () => None,
    }
}

#[cfg(test)]
mod tests;
