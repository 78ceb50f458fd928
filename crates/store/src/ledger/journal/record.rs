//! A line of the journal: a checksum, and the call as JSON. It begins with a line
//! break, too, so that what comes after half a line is not a part of it.

use std::borrow::Cow;
use std::io::Write as _;

use domain::ids::{AttemptId, CredentialId, NodeId, OrganizationId, RequestId, TeamId, TokenId, UserId};
use domain::{Price, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ledger::AttemptStart;

/// Digits of the checksum, and a space.
const HEAD: usize = 9;

/// The head with the line break before it.
const OPENING: usize = HEAD + 1;

/// About how long a line is.
const USUAL: usize = 768;

#[derive(Serialize, Deserialize)]
struct Record<'r> {
    attempt: AttemptId,
    request: RequestId,
    #[serde(borrow)]
    client_request_id: Option<Cow<'r, str>>,
    number: i64,
    user: UserId,
    token: Option<TokenId>,
    team: Option<TeamId>,
    organization: Option<OrganizationId>,
    credential: CredentialId,
    #[serde(borrow)]
    scope: Cow<'r, str>,
    #[serde(borrow)]
    provider: Cow<'r, str>,
    #[serde(borrow)]
    model: Cow<'r, str>,
    #[serde(borrow)]
    requested_model: Cow<'r, str>,
    #[serde(borrow)]
    alias: Option<Cow<'r, str>>,
    #[serde(borrow)]
    source: Cow<'r, str>,
    #[serde(borrow)]
    wire: Cow<'r, str>,
    streamed: bool,
    price: Option<Price>,
    markup_basis_points: u32,
    node: NodeId,
    at_micros: i64,
}

/// The line of a call, with a line break at either end and none between.
pub(super) fn encode(start: &AttemptStart) -> Option<Vec<u8>> {
    let record = Record {
        attempt: start.attempt,
        request: start.request,
        client_request_id: start.client_request_id.as_deref().map(Cow::Borrowed),
        number: start.number,
        user: start.user,
        token: start.token,
        team: start.team,
        organization: start.organization,
        credential: start.credential,
        scope: Cow::Borrowed(start.scope.as_str()),
        provider: Cow::Borrowed(start.provider.as_str()),
        model: Cow::Borrowed(&start.model),
        requested_model: Cow::Borrowed(&start.requested_model),
        alias: start.alias.as_deref().map(Cow::Borrowed),
        source: Cow::Borrowed(start.source.as_str()),
        wire: Cow::Borrowed(start.wire.as_str()),
        streamed: start.streamed,
        price: start.price,
        markup_basis_points: start.markup_basis_points,
        node: start.node,
        at_micros: start.at.as_micros(),
    };
    let mut line = Vec::with_capacity(USUAL);
    line.extend_from_slice(&[b' '; OPENING]);
    serde_json::to_writer(&mut line, &record).ok()?;
    let checksum = crc32fast::hash(line.get(OPENING..)?);
    write!(line.get_mut(..OPENING)?, "\n{checksum:08x} ").ok()?;
    line.push(b'\n');
    Some(line)
}

/// The call of a line, without its line breaks; `None`: it is not whole, or not
/// one of this version's.
pub(super) fn decode(line: &[u8]) -> Option<AttemptStart> {
    let (head, text) = line.split_at_checked(HEAD)?;
    let checksum = u32::from_str_radix(std::str::from_utf8(head).ok()?.strip_suffix(' ')?, 16).ok()?;
    if crc32fast::hash(text) != checksum {
        return None;
    }
    let record: Record<'_> = serde_json::from_slice(text).ok()?;
    Some(AttemptStart {
        attempt: record.attempt,
        request: record.request,
        client_request_id: record.client_request_id.map(Cow::into_owned),
        number: record.number,
        user: record.user,
        token: record.token,
        team: record.team,
        organization: record.organization,
        credential: record.credential,
        scope: record.scope.parse().ok()?,
        provider: record.provider.parse().ok()?,
        model: record.model.into_owned(),
        requested_model: record.requested_model.into_owned(),
        alias: record.alias.map(Cow::into_owned),
        source: record.source.parse().ok()?,
        wire: record.wire.parse().ok()?,
        streamed: record.streamed,
        price: record.price,
        markup_basis_points: record.markup_basis_points,
        node: record.node,
        at: Timestamp::from_micros(record.at_micros),
    })
}
