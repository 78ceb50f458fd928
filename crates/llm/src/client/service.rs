//! Requests of the house's own to a service that the operator named, such as the
//! one that people sign in through, or is told what happens. The rules are those
//! for strangers, with one origin more: the operator's word lets that one be on
//! this network; or those for providers. No redirect, no proxy, a connection of its own, and limits on everything.

use bytes::Bytes;
use domain::attempt::ErrorClass;
use domain::{Origin, ProviderId};
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use tokio::time::{Instant, timeout_at};

use super::failure::Phase;
use super::{Payload, SendFailure, Upstream, UpstreamBody, is_compressed};
use crate::egress::{EgressGuard, Endpoint};

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
        let guard = self.guard.only(named);
        let endpoint = judged(&guard, request.uri())?;
        let answer = self.pool.client_for_service(guard, &endpoint).request(written(request));
        let exchange = async {
            let response = answer.await.map_err(|error| SendFailure::of_request(&endpoint, &error))?;
            let (head, body) = response.into_parts();
            if is_compressed(&head.headers) {
                return Err(SendFailure::compressed(&endpoint));
            }
            let host = endpoint.host_and_port().to_owned();
            let body = UpstreamBody::new(body, host, self.clocks.idle, deadline).collect(limit_bytes).await?;
            Ok(Response::from_parts(head, body))
        };
        timeout_at(deadline, exchange).await.map_err(|_| late(&endpoint))?
    }

    /// Sends `request`, whose address is a whole one, under the rules for
    /// providers: of this network only what the operator listed. Waits for the
    /// status until `deadline` and reads no more.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn deliver(&self, request: Request<Bytes>, deadline: Instant) -> Result<StatusCode, SendFailure> {
        let endpoint = judged(&self.guard, request.uri())?;
        let answer = self.pool.client_for_service(self.guard.clone(), &endpoint).request(written(request));
        let answer = timeout_at(deadline, answer).await.map_err(|_| late(&endpoint))?;
        answer.map(|response| response.status()).map_err(|error| SendFailure::of_request(&endpoint, &error))
    }
}

/// The origin of a whole address, if it may be called.
fn judged(guard: &EgressGuard, uri: &Uri) -> Result<Endpoint, SendFailure> {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let origin = format!("{}://{host}", uri.scheme_str().unwrap_or("https"));
    guard.check_literal(ProviderId::Custom, &origin).map_err(|problem| SendFailure::refused(&problem))
}

fn written(request: Request<Bytes>) -> Request<Payload> {
    let (mut head, body) = request.into_parts();
    head.headers.insert(USER_AGENT, HeaderValue::from_static("ownkey"));
    head.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Request::from_parts(head, Payload::from(body))
}

fn late(endpoint: &Endpoint) -> SendFailure {
    SendFailure {
        class: ErrorClass::Timeout,
        phase: Phase::Headers,
        was_sent: true,
        sentence: format!("{} did not answer in time.", endpoint.host_and_port()),
    }
}

#[cfg(test)]
mod tests;
