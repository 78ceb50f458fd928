//! One answer on its way out: status and headers, then steps that send, wait, hang or cut, told to the log as they happen.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::log::{Finished, Usage, Watch};

/// What a door decided to do with a call.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) before: Before,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) steps: Vec<Step>,
    /// The length told in `content-length`; none: chunked.
    pub(crate) length: Option<u64>,
    /// Tokens to bill for the prompt; none: free.
    pub(crate) prompt: Option<u64>,
}

/// What happens before the headers go out.
#[derive(Debug)]
pub(crate) enum Before {
    Nothing,
    Wait(Duration),
    Hang,
    Close,
}

/// One step of a body.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Bytes, and the completion tokens written once they are out.
    Send(Bytes, u64),
    Wait(Duration),
    /// Everything so far goes to the network before the next step.
    Flush,
    Hang,
    Cut,
}

impl Outgoing {
    /// A whole body at once, free of charge.
    pub(crate) fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let length = Some(body.len() as u64);
        Self { before: Before::Nothing, status, headers, steps: vec![Step::Send(body, 0)], length, prompt: None }
    }

    /// JSON, free of charge.
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::whole(status, "application/json", body.into())
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Play {
    steps: std::vec::IntoIter<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    hung: bool,
    length: Option<u64>,
    prompt: Option<u64>,
    watch: Watch,
}

impl Play {
    pub(crate) fn new(steps: Vec<Step>, length: Option<u64>, prompt: Option<u64>, mut watch: Watch) -> Self {
        if steps.is_empty() {
            watch.end(Finished::Completed);
        }
        Self { steps: steps.into_iter(), sleep: None, hung: false, length, prompt, watch }
    }

    fn sent(&mut self, completion: u64) {
        if let Some(prompt) = self.prompt {
            self.watch.bill(Usage { prompt, completion });
        }
        if self.steps.as_slice().is_empty() {
            self.watch.end(Finished::Completed);
        }
    }
}

/// The scripted end of a connection in the middle of an answer.
#[derive(Debug)]
pub(crate) struct ScriptedCut;

impl std::fmt::Display for ScriptedCut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the script cuts the connection here")
    }
}

impl std::error::Error for ScriptedCut {}

impl Body for Play {
    type Data = Bytes;
    type Error = ScriptedCut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ScriptedCut>>> {
        let this = self.get_mut();
        loop {
            if this.hung {
                return Poll::Pending;
            }
            if let Some(sleep) = &mut this.sleep {
                ready!(sleep.as_mut().poll(cx));
                this.sleep = None;
            }
            match this.steps.next() {
                None => {
                    this.watch.end(Finished::Completed);
                    return Poll::Ready(None);
                }
                Some(Step::Send(bytes, completion)) => {
                    this.sent(completion);
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
                Some(Step::Wait(pause)) => this.sleep = Some(Box::pin(tokio::time::sleep(pause))),
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Hang) => this.hung = true,
                Some(Step::Cut) => {
                    this.watch.end(Finished::Cut);
                    return Poll::Ready(Some(Err(ScriptedCut)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sleep.is_none() && !self.hung && self.steps.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
