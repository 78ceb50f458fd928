//! What the provider saw and what it bills: the outside view a gateway's own ledger is checked against.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use tokio::sync::Notify;

/// One request as it arrived, and how it ended.
#[derive(Clone, Debug)]
pub struct Call {
    /// Order number, from 1.
    pub at: u64,
    /// Method, upper case.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The `authorization` header as received.
    pub authorization: Option<String>,
    /// All headers as received.
    pub headers: HeaderMap,
    /// `model` of a generation call.
    pub model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The body as received.
    pub body: Bytes,
    /// When it had arrived, since the provider started.
    pub arrived: Duration,
    /// The status answered; none while nothing was.
    pub status: Option<u16>,
    /// How it ended.
    pub finished: Finished,
    /// When it ended, since the provider started.
    pub ended: Option<Duration>,
    /// What the provider bills for it: prompt, and completion as far as it was sent; none for errors and lists.
    /// Known when the call has ended.
    pub sent_usage: Option<Usage>,
}

impl Call {
    /// A header's first value, when it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The whole answer was handed to the network.
    Completed,
    /// The client closed the connection before.
    ClientGone,
    /// The provider itself broke the connection, as scripted.
    Cut,
    /// Not ended yet.
    InProgress,
}

/// Token counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub prompt: u64,
    /// Tokens written.
    pub completion: u64,
}

/// Calls that the provider bills alike: a line of its statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charge {
    /// The key, as its owner is shown it.
    pub key: String,
    /// The model that was asked for.
    pub model: String,
    /// Tokens read by each of the calls.
    pub prompt: u64,
    /// Of these, from a cache.
    pub cached: u64,
    /// Tokens written by each, the reasoning included.
    pub completion: u64,
    /// Whether the caller was told all of this, and had the whole answer.
    pub told: bool,
}

/// What is known of a generation before it ends.
#[derive(Debug)]
struct Generation {
    key: String,
    model: String,
    cached: u64,
    told: bool,
}

/// Totals over all ended calls since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Calls received, lists and errors and unfinished ones included.
    pub calls: u64,
    /// Calls that cost something.
    pub billed_calls: u64,
    /// Tokens read in billed calls.
    pub prompt: u64,
    /// Tokens written in billed calls.
    pub completion: u64,
}

#[derive(Debug)]
pub(crate) struct Log {
    started: Instant,
    keep: usize,
    entries: Mutex<Entries>,
    pub(crate) changed: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    calls: VecDeque<Call>,
    bill: Bill,
    generations: HashMap<u64, Generation>,
    statement: BTreeMap<Charge, u64>,
}

impl Log {
    pub(crate) fn new(keep: usize) -> Self {
        Self { started: Instant::now(), keep, entries: Mutex::default(), changed: Notify::new() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.entries().calls.iter().cloned().collect()
    }

    pub(crate) fn bill(&self) -> Bill {
        self.entries().bill
    }

    pub(crate) fn statement(&self) -> Vec<(Charge, u64)> {
        self.entries().statement.iter().map(|(charge, calls)| (charge.clone(), *calls)).collect()
    }

    /// Notes a call that has arrived completely; the guard must end it.
    pub(crate) fn open(self: &Arc<Self>, parts: &Parts, body: &Bytes) -> Watch {
        let arrived = self.elapsed();
        let mut entries = self.entries();
        entries.bill.calls += 1;
        let at = entries.bill.calls;
        if self.keep > 0 {
            if entries.calls.len() == self.keep {
                entries.calls.pop_front();
            }
            entries.calls.push_back(arrival(at, arrived, parts, body));
        }
        drop(entries);
        self.changed.notify_waiters();
        Watch { log: Arc::clone(self), at, usage: None, ended: false }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, at: u64, change: impl FnOnce(&mut Call)) {
        if self.keep == 0 {
            return;
        }
        let mut entries = self.entries();
        let first = entries.calls.front().map_or(at, |call| call.at);
        let place = at.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| entries.calls.get_mut(place)) {
            change(call);
        }
    }

    fn end(&self, at: u64, finished: Finished, usage: Option<Usage>) {
        let ended = self.elapsed();
        if let Some(usage) = usage {
            let bill = &mut self.entries().bill;
            bill.billed_calls += 1;
            bill.prompt += usage.prompt;
            bill.completion += usage.completion;
        }
        self.charge(at, finished, usage);
        self.change(at, |call| {
            call.finished = finished;
            call.ended = Some(ended);
            call.sent_usage = usage;
        });
        self.changed.notify_waiters();
    }
}

impl Log {
    /// Writes a generation that ended into the statement.
    fn charge(&self, at: u64, finished: Finished, usage: Option<Usage>) {
        let mut entries = self.entries();
        let Some(Generation { key, model, cached, told }) = entries.generations.remove(&at) else { return };
        let Some(Usage { prompt, completion }) = usage else { return };
        let told = told && finished == Finished::Completed;
        *entries.statement.entry(Charge { key, model, prompt, cached, completion, told }).or_default() += 1;
    }
}

fn arrival(at: u64, arrived: Duration, parts: &Parts, body: &Bytes) -> Call {
    let authorization = parts.headers.get(http::header::AUTHORIZATION);
    Call {
        at,
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        authorization: authorization.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        headers: parts.headers.clone(),
        model: None,
        stream: false,
        body: body.clone(),
        arrived,
        status: None,
        finished: Finished::InProgress,
        ended: None,
        sent_usage: None,
    }
}

/// Ends its call in the log exactly once; dropped before the end, the client has gone.
#[derive(Debug)]
pub(crate) struct Watch {
    log: Arc<Log>,
    at: u64,
    usage: Option<Usage>,
    ended: bool,
}

impl Watch {
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn describe(&self, model: Option<String>, stream: bool) {
        self.log.change(self.at, |call| {
            call.model = model;
            call.stream = stream;
        });
    }

    /// Says what the statement will have of this call; `told`: the answer tells its usage as it is.
    pub(crate) fn generates(&self, key: &str, model: &str, cached: u64, told: bool) {
        let generation = Generation { key: key.to_owned(), model: model.to_owned(), cached, told };
        self.log.entries().generations.insert(self.at, generation);
    }

    pub(crate) fn answered(&self, status: u16) {
        self.log.change(self.at, |call| call.status = Some(status));
        self.log.changed.notify_waiters();
    }

    pub(crate) fn bill(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    pub(crate) fn end(&mut self, finished: Finished) {
        if !self.ended {
            self.ended = true;
            self.log.end(self.at, finished, self.usage);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(Finished::ClientGone);
    }
}
