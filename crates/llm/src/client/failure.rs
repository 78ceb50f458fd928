//! What can go wrong between us and a provider before there is an answer to
//! read. The sentences are ours; no library's own words pass.

use std::error::Error;
use std::fmt;

use domain::attempt::ErrorClass;

use super::connector::ConnectFailure;
use crate::egress::{Endpoint, EndpointProblem};

/// How far a call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection yet.
    Connect,
    /// Connected; no status line yet.
    Headers,
    /// In the middle of the answer.
    Body,
}

/// A call that failed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFailure {
    /// `Unreachable`, `Timeout`, `EndpointRefused`, `StreamTruncated` or
    /// `TooLarge`; `BadRequest` for a request that could not be written,
    /// `ServerError` for an answer that came compressed.
    pub class: ErrorClass,
    /// How far it had come.
    pub phase: Phase,
    /// Whether the provider may have received the request, so that it may have
    /// begun to work, and to charge. When in doubt: yes.
    pub was_sent: bool,
    /// What happened, safe to show. Names the host, never a path or a query.
    pub sentence: String,
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for SendFailure {}

impl SendFailure {
    pub(super) fn refused(problem: &EndpointProblem) -> Self {
        let class = if problem.is_refusal() { ErrorClass::EndpointRefused } else { ErrorClass::Unreachable };
        Self { class, phase: Phase::Connect, was_sent: false, sentence: problem.to_string() }
    }

    pub(super) fn unwritable(endpoint: &Endpoint) -> Self {
        let sentence =
            format!("The request to {} could not be written: a header or path is malformed.", endpoint.host_and_port());
        Self { class: ErrorClass::BadRequest, phase: Phase::Connect, was_sent: false, sentence }
    }

    pub(super) fn no_answer_in_time(endpoint: &Endpoint, seconds: u64) -> Self {
        let host = endpoint.host_and_port();
        let sentence = format!("{host} took the request but did not begin to answer within {seconds} seconds.");
        Self { class: ErrorClass::Timeout, phase: Phase::Headers, was_sent: true, sentence }
    }

    pub(super) fn compressed(endpoint: &Endpoint) -> Self {
        let host = endpoint.host_and_port();
        let sentence = format!("{host} sent its answer compressed although it was asked not to, so it was not read.");
        Self { class: ErrorClass::ServerError, phase: Phase::Headers, was_sent: true, sentence }
    }

    /// What the client library reports, without its words.
    pub(super) fn of_request(endpoint: &Endpoint, error: &hyper_util::client::legacy::Error) -> Self {
        let host = endpoint.host_and_port();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(failure) = inner.downcast_ref::<ConnectFailure>() {
                return failure.as_send_failure(host);
            }
            cause = inner.source();
        }
        if error.is_connect() {
            let sentence = format!("No connection to {host} could be made. Check that it is running and reachable.");
            return Self { class: ErrorClass::Unreachable, phase: Phase::Connect, was_sent: false, sentence };
        }
        let sentence = format!("{host} closed the connection before it answered.");
        Self { class: ErrorClass::Unreachable, phase: Phase::Headers, was_sent: true, sentence }
    }

    pub(super) fn in_body(class: ErrorClass, sentence: String) -> Self {
        Self { class, phase: Phase::Body, was_sent: true, sentence }
    }
}
