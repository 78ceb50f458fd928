//! Requests of the house's own to a service that the operator named, such as the
//! one that people sign in through. The rules are those for strangers, with one
//! origin more: the operator's word lets that one be on this network. No
//! redirect, no proxy, a connection of its own, and limits on everything.

use bytes::Bytes;
use domain::attempt::ErrorClass;
use domain::{Origin, ProviderId};
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::failure::Phase;
use super::{Payload, SendFailure, Upstream, UpstreamBody, is_compressed};
use crate::egress::EgressGuard;

impl Upstream {
    /// Sends `request`, whose address is a whole one, and reads an answer of at
    /// most `limit_bytes`, until `deadline`. Only `named`, of all origins, may be
    /// on this network, and only it may be reached without https.
    ///
    /// # Errors
    /// There is no whole answer.
    pub async fn exchange(
        &self,
        named: &Origin,
        request: Request<Bytes>,
        limit_bytes: usize,
        deadline: Instant,
    ) -> Result<Response<Bytes>, SendFailure> {
        let (mut head, body) = request.into_parts();
        let host = head.uri.authority().map_or("", |authority| authority.as_str());
        let origin = format!("{}://{host}", head.uri.scheme_str().unwrap_or("https"));
        let endpoint =
            EgressGuard::read(ProviderId::Custom, &origin).map_err(|problem| SendFailure::refused(&problem))?;
        let guard = self.guard.only(named);
        guard.admit(&endpoint).map_err(|problem| SendFailure::refused(&problem))?;
        head.headers.insert(USER_AGENT, HeaderValue::from_static("ownkey"));
        head.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let request = Request::from_parts(head, Payload::from(body));
        let client = self.pool.client_for_service(guard, &endpoint);
        let exchange = async {
            let answer = client.request(request).await;
            let response = answer.map_err(|error| SendFailure::of_request(&endpoint, &error))?;
            let (head, body) = response.into_parts();
            if is_compressed(&head.headers) {
                return Err(SendFailure::compressed(&endpoint));
            }
            let host = endpoint.host_and_port().to_owned();
            let body = UpstreamBody::new(body, host, self.clocks.idle, deadline).collect(limit_bytes).await?;
            Ok(Response::from_parts(head, body))
        };
        timeout_at(deadline, exchange).await.map_err(|_| SendFailure {
            class: ErrorClass::Timeout,
            phase: Phase::Headers,
            was_sent: true,
            sentence: format!("{} did not answer in time.", endpoint.host_and_port()),
        })?
    }
}

#[cfg(test)]
mod tests;
