//! From where somebody knocks: the peer's address, or the one a trusted proxy
//! passes on.

use std::net::IpAddr;

use app::sign_in::Visitor;
use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::rim::Failure;
use crate::router::Shared;
use crate::serve::Peer;

/// Who knocks, as far as the network tells.
pub(crate) struct Knocking(pub(crate) Visitor);

impl FromRequestParts<Shared> for Knocking {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
        // The last word is the trusted proxy's own; everything before it is the client's.
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit(',').next())
            .and_then(|value| value.trim().parse::<IpAddr>().ok());
        let is_trusted = peer.is_some_and(|peer| shared.trusted_proxies.contains(&peer));
        let address = if is_trusted { forwarded.or(peer) } else { peer };
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Visitor {
            address: address.map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
            user_agent: agent.map(str::to_owned),
        }))
    }
}
