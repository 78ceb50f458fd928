//! A provider's stream on its way to the client: passed through as it comes,
//! measured, and ended with an error event when the provider does not end it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::{AttemptState, ErrorClass};
use domain::{Caller, Nanos, ProviderId};
use http::HeaderValue;
use llm::UpstreamError;
use llm::client::UpstreamBody;
use llm::wire::Passage;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};

use crate::App;
use crate::attempt::failure;
use crate::budgets;
use crate::error::Error;
use crate::meter::{Meter, Used};
use crate::reach::Key;
use crate::replay;
use crate::secrets;

/// One piece of a streamed answer.
#[derive(Debug)]
pub enum Piece {
    /// Bytes of the wire, whole events.
    Data(Bytes),
    /// The answer ends here, incomplete; say so in the client's words.
    Failed(Error),
    /// Nothing came for a while; the client may be told that the answer is still
    /// under way.
    Silence,
}

/// What a stream needs of the call it answers, beyond the call's own end.
pub(crate) struct Keeper {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    /// Who pays.
    pub(crate) key: Arc<Key>,
    /// The provider's id of the model.
    pub(crate) model: String,
}

impl Keeper {
    /// Remembers what a failure says of the key, as if it had come with a status.
    fn learns(&self, error: &UpstreamError) {
        failure::learnt(&self.app, &self.key, &self.model, error);
    }

    /// The failure without the key the call was made with.
    fn struck(&self, error: UpstreamError) -> UpstreamError {
        match secrets::lend(&self.app, &self.key.stored) {
            Ok(lent) => lent.secrets().fold(error, UpstreamError::without),
            Err(_) => error,
        }
    }
}

/// What came of waiting for the provider once.
enum Came {
    /// Something, or the end.
    Something,
    /// A failure, which is queued as the last piece.
    Failure(UpstreamError),
    /// Nothing in time.
    Silence,
}

/// A streamed answer. Dropping it drops the upstream call and settles the bill.
pub struct AnswerStream {
    body: Option<UpstreamBody>,
    pass: Box<dyn Passage>,
    meter: Meter,
    provider: ProviderId,
    keeper: Option<Keeper>,
    kind: Option<HeaderValue>,
    /// Rings when the client has heard nothing for too long; `None`: its format
    /// has no words for that.
    bell: Option<Bell>,
    ready: VecDeque<Piece>,
    scratch: Vec<Bytes>,
    /// What has to be written down before its last event goes out.
    owed: Option<oneshot::Receiver<()>>,
    is_over: bool,
}

impl AnswerStream {
    pub(crate) fn new(
        body: UpstreamBody,
        pass: Box<dyn Passage>,
        meter: Meter,
        provider: ProviderId,
        keeper: Option<Keeper>,
        keep_alive: Option<Duration>,
    ) -> Self {
        let (ready, scratch) = (VecDeque::new(), Vec::new());
        let (bell, owed) = (keep_alive.map(Bell::new), None);
        Self { body: Some(body), pass, meter, provider, keeper, kind: None, bell, ready, scratch, owed, is_over: false }
    }

    /// The same, of a kind that is not looked into.
    pub(crate) fn of_kind(mut self, kind: HeaderValue) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Ends only when this is done.
    pub(super) fn ends_after(&mut self, owed: Option<oneshot::Receiver<()>>) {
        self.owed = owed;
    }

    /// Waits for the first event, so that an error in it still has a status and
    /// another key may be tried. Comments are no event. A provider that says
    /// nothing for long after it took the request is answering: its client is
    /// told so, before anything between the two gives up.
    pub(crate) async fn prime(&mut self) -> Result<(), UpstreamError> {
        self.wind_bell();
        while !self.pass.has_begun() && !self.is_over {
            match self.advance().await {
                Came::Something => {}
                Came::Failure(error) if self.pass.has_begun() => self.learn(&error),
                Came::Failure(error) => return Err(error),
                Came::Silence => {
                    self.ready.push_back(Piece::Silence);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What it is, where it passes as whatever it is: not always events.
    #[must_use]
    pub const fn kind(&self) -> Option<&HeaderValue> {
        self.kind.as_ref()
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
        if self.ready.is_empty() {
            self.wind_bell();
        }
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            if self.is_over {
                return None;
            }
            match self.advance().await {
                Came::Something => {}
                Came::Failure(error) => self.learn(&error),
                Came::Silence => return Some(Piece::Silence),
            }
        }
    }

    /// Ends it here: the upstream call is let go, and what came until now is
    /// charged. Nothing for one that is over.
    pub fn stop(&mut self) {
        self.body = None;
        if !self.is_over {
            self.is_over = true;
            let facts = self.pass.facts();
            self.meter.finish_stream(AttemptState::Aborted, &facts, None);
        }
    }

    fn wind_bell(&mut self) {
        if let Some(bell) = &mut self.bell {
            bell.wind();
        }
    }

    /// Remembers a failure that no attempt will tell of any more.
    fn learn(&self, error: &UpstreamError) {
        if let Some(keeper) = &self.keeper {
            keeper.learns(error);
        }
    }

    /// Takes one frame from the provider. An error is returned and, as the last
    /// piece, queued.
    async fn advance(&mut self) -> Came {
        let frame = match (self.body.as_mut(), self.bell.as_mut(), self.meter.stop()) {
            (Some(body), bell, Some(stop)) => {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return self.stop_for_budget(),
                    frame = body.next_frame() => frame,
                    () = rings(bell) => return Came::Silence,
                }
            }
            (Some(body), Some(bell), None) => {
                tokio::select! {
                    biased;
                    frame = body.next_frame() => frame,
                    () = bell.rings() => return Came::Silence,
                }
            }
            (Some(body), None, None) => body.next_frame().await,
            (None, ..) => None,
        };
        let failed = match frame {
            Some(Ok(bytes)) => self.pass.push(bytes, &mut self.scratch),
            Some(Err(failure)) => Some(broken(failure.class, failure.sentence)),
            None => return self.end().await,
        };
        self.queue();
        let Some(error) = failed else {
            return if self.pass.is_done() { self.end().await } else { Came::Something };
        };
        Came::Failure(self.fail(error))
    }

    /// A budget is spent: what came until now is charged, and no more comes.
    fn stop_for_budget(&mut self) -> Came {
        self.stop();
        self.ready.push_back(Piece::Failed(budgets::spent_meanwhile()));
        Came::Something
    }

    /// The provider closed its stream, or said that it is over.
    async fn end(&mut self) -> Came {
        let facts = self.pass.finish(&mut self.scratch);
        self.queue();
        if !facts.completed {
            let error = facts.error.clone().unwrap_or_else(|| {
                broken(ErrorClass::StreamTruncated, "The connection ended without an end mark.".to_owned())
            });
            return Came::Failure(self.fail(error));
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
        Came::Something
    }

    /// Ends the call with this failure; returns it as it may be told.
    fn fail(&mut self, error: UpstreamError) -> UpstreamError {
        let error = match &self.keeper {
            Some(keeper) => keeper.struck(error),
            None => error,
        };
        self.close();
        let facts = self.pass.facts();
        if facts.saw_output {
            self.meter.finish_stream(AttemptState::Failed, &facts, Some(&error));
        } else {
            let is_refusal = !matches!(error.class, ErrorClass::StreamTruncated | ErrorClass::Timeout);
            self.meter.fail(&error, if is_refusal { Used::Nothing } else { Used::Unknown });
        }
        self.ready.push_back(Piece::Failed(failure::of_stream(self.provider.display_name(), &error, self.meter.now())));
        error
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
        self.stop();
    }
}

/// Rings as `bell` does; never without one.
async fn rings(bell: Option<&mut Bell>) {
    match bell {
        Some(bell) => bell.rings().await,
        None => std::future::pending().await,
    }
}

/// Rings when nothing was heard for a while. One timer for the whole stream,
/// which is wound anew and not made anew.
struct Bell {
    wait: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Bell {
    fn new(wait: Duration) -> Self {
        Self { wait, sleep: Box::pin(sleep(wait)) }
    }

    fn wind(&mut self) {
        self.sleep.as_mut().reset(Instant::now() + self.wait);
    }

    async fn rings(&mut self) {
        self.sleep.as_mut().await;
    }
}

/// A stream that broke is not begun again: some of it may be out.
fn broken(class: ErrorClass, message: String) -> UpstreamError {
    UpstreamError { is_retryable: false, ..UpstreamError::ours(class, message) }
}
