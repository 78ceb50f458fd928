//! A provider's stream on its way to the client: passed through as it comes,
//! measured, and ended with an error event when the provider does not end it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use domain::attempt::{AttemptState, ErrorClass};
use domain::{Caller, Nanos, ProviderId};
use llm::UpstreamError;
use llm::client::UpstreamBody;
use llm::wire::Passage;
use tokio::sync::oneshot;

use super::failure;
use crate::App;
use crate::error::Error;
use crate::meter::{Meter, Used};
use crate::replay;

/// One piece of a streamed answer.
#[derive(Debug)]
pub enum Piece {
    /// Bytes of the wire, whole events.
    Data(Bytes),
    /// The answer ends here, incomplete; say so in the client's words.
    Failed(Error),
}

/// Who keeps what the provider wants back.
pub(super) struct Keeper {
    pub(super) app: Arc<App>,
    pub(super) caller: Caller,
}

/// A streamed answer. Dropping it drops the upstream call and settles the bill.
pub struct AnswerStream {
    body: Option<UpstreamBody>,
    pass: Box<dyn Passage>,
    meter: Meter,
    provider: ProviderId,
    keeper: Option<Keeper>,
    ready: VecDeque<Piece>,
    scratch: Vec<Bytes>,
    /// What has to be written down before its last event goes out.
    owed: Option<oneshot::Receiver<()>>,
    is_over: bool,
}

impl AnswerStream {
    pub(super) fn new(
        body: UpstreamBody,
        pass: Box<dyn Passage>,
        meter: Meter,
        provider: ProviderId,
        keeper: Option<Keeper>,
    ) -> Self {
        let (ready, scratch) = (VecDeque::new(), Vec::new());
        Self { body: Some(body), pass, meter, provider, keeper, ready, scratch, owed: None, is_over: false }
    }

    /// Ends only when this is done.
    pub(super) fn ends_after(&mut self, owed: Option<oneshot::Receiver<()>>) {
        self.owed = owed;
    }

    /// Waits for the first event, so that an error in it still has a status and
    /// another key may be tried. Comments are no event.
    pub(super) async fn prime(&mut self) -> Result<(), UpstreamError> {
        while !self.pass.has_begun() && !self.is_over {
            if let Some(error) = self.advance().await
                && !self.pass.has_begun()
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The provider's id of the answer, as far as it was said.
    #[must_use]
    pub fn id(&self) -> String {
        self.pass.facts().id.unwrap_or_default()
    }

    /// What the caller is billed; `None` until the end, and where nobody knows.
    #[must_use]
    pub const fn client_cost(&self) -> Option<Nanos> {
        self.meter.client_cost()
    }

    /// The next piece; `None` after the last one.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            if self.is_over {
                return None;
            }
            self.advance().await;
        }
    }

    /// Takes one frame from the provider. An error is returned and, as the last
    /// piece, queued.
    async fn advance(&mut self) -> Option<UpstreamError> {
        let frame = match self.body.as_mut() {
            Some(body) => body.next_frame().await,
            None => None,
        };
        let failed = match frame {
            Some(Ok(bytes)) => self.pass.push(bytes, &mut self.scratch),
            Some(Err(failure)) => Some(broken(failure.class, failure.sentence)),
            None => return self.end().await,
        };
        self.queue();
        let Some(error) = failed else {
            return if self.pass.is_done() { self.end().await } else { None };
        };
        self.fail(&error);
        Some(error)
    }

    /// The provider closed its stream, or said that it is over.
    async fn end(&mut self) -> Option<UpstreamError> {
        let facts = self.pass.finish(&mut self.scratch);
        self.queue();
        if !facts.completed {
            let error = facts.error.clone().unwrap_or_else(|| {
                broken(ErrorClass::StreamTruncated, "The connection ended without an end mark.".to_owned())
            });
            self.fail(&error);
            return Some(error);
        }
        self.is_over = true;
        if let Some(body) = self.body.take() {
            body.let_go();
        }
        self.meter.finish_stream(AttemptState::Settled, &facts, None);
        // Before the last event goes out: the next turn may reach another node.
        if let Some(owed) = self.owed.take() {
            // Whatever could not be written has been told.
            let _done = owed.await;
        }
        let states = self.pass.take_replay();
        if let Some(keeper) = self.keeper.take().filter(|_| !states.is_empty()) {
            replay::keep(&keeper.app, &keeper.caller, states).await;
        }
        None
    }

    fn fail(&mut self, error: &UpstreamError) {
        self.close();
        let facts = self.pass.facts();
        if facts.saw_output {
            self.meter.finish_stream(AttemptState::Failed, &facts, Some(error));
        } else {
            let is_refusal = !matches!(error.class, ErrorClass::StreamTruncated | ErrorClass::Timeout);
            self.meter.fail(error, if is_refusal { Used::Nothing } else { Used::Unknown });
        }
        self.ready.push_back(Piece::Failed(failure::of_stream(self.provider.display_name(), error, self.meter.now())));
    }

    fn queue(&mut self) {
        if self.pass.saw_output() {
            self.meter.saw_output();
        }
        self.ready.extend(self.scratch.drain(..).map(Piece::Data));
    }

    /// Lets go of the upstream call.
    fn close(&mut self) {
        self.body = None;
        self.is_over = true;
    }
}

impl Drop for AnswerStream {
    /// The client went away in the middle: what came until then is charged.
    fn drop(&mut self) {
        self.body = None;
        if !self.is_over {
            let facts = self.pass.facts();
            self.meter.finish_stream(AttemptState::Aborted, &facts, None);
        }
    }
}

/// A stream that broke is not begun again: some of it may be out.
fn broken(class: ErrorClass, message: String) -> UpstreamError {
    UpstreamError { is_retryable: false, ..UpstreamError::ours(class, message) }
}
