//! The load: closed loop (each connection waits for its answer) and open loop
//! (requests leave by the clock, and their latency counts from when they should
//! have left, so that a slow server cannot hide behind its own slowness).

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;

/// What each request is.
#[derive(Clone)]
pub(crate) struct Shot {
    /// Where it goes.
    pub(crate) address: String,
    /// To which door.
    pub(crate) path: &'static str,
    /// The token it brings.
    pub(crate) token: String,
    /// Its body.
    pub(crate) body: Bytes,
}

/// How a measurement went.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Whole answers with status 200.
    pub(crate) answered: u64,
    /// Anything else.
    pub(crate) failed: u64,
    /// From when a request left, or should have left, to its last byte.
    pub(crate) latencies: Vec<Duration>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.latencies.extend(other.latencies);
    }

    fn count(&mut self, ok: bool, latency: Duration) {
        if ok {
            self.answered += 1;
            self.latencies.push(latency);
        } else {
            self.failed += 1;
        }
    }

    /// The latency that this share of the answers stayed under.
    pub(crate) fn percentile(&mut self, share: f64) -> Duration {
        self.latencies.sort_unstable();
        let index = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    shot: Shot,
}

impl Connection {
    #[expect(clippy::disallowed_methods, reason = "the load goes to loopback and is not Ownkey")]
    async fn open(shot: &Shot) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&shot.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // The sender sees a broken connection and says so.
            let _broke = connection.await.is_err();
        });
        Ok(Self { sender, shot: shot.clone() })
    }

    async fn fire(&mut self) -> Result<bool, Failure> {
        self.sender.ready().await?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.shot.path)
            .header(HOST, &self.shot.address)
            .header(AUTHORIZATION, format!("Bearer {}", self.shot.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(self.shot.body.clone()))?;
        let response = self.sender.send_request(request).await?;
        let ok = response.status().is_success();
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(ok)
    }
}

/// `connections` connections, each firing again when its answer is complete.
pub(crate) async fn closed_loop(shot: &Shot, connections: usize, time: Duration) -> Result<Outcome, Failure> {
    let end = Instant::now() + time;
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let mut connection = Connection::open(shot).await?;
        workers.spawn(async move {
            let mut outcome = Outcome::default();
            while Instant::now() < end {
                let left = Instant::now();
                let ok = connection.fire().await.unwrap_or(false);
                outcome.count(ok, left.elapsed());
            }
            outcome
        });
    }
    gather(workers).await
}

/// `rate` requests a second by the clock, over `connections` connections.
pub(crate) async fn open_loop(shot: &Shot, rate: u64, connections: usize, time: Duration) -> Result<Outcome, Failure> {
    let begin = Instant::now() + Duration::from_millis(50);
    let total = rate * time.as_secs();
    let mut workers = JoinSet::new();
    for worker in 0..connections as u64 {
        let mut connection = Connection::open(shot).await?;
        workers.spawn(async move {
            let mut outcome = Outcome::default();
            for number in (worker..total).step_by(connections) {
                let due = begin + Duration::from_nanos(number * 1_000_000_000 / rate);
                tokio::time::sleep_until(due.into()).await;
                let ok = connection.fire().await.unwrap_or(false);
                outcome.count(ok, due.elapsed());
            }
            outcome
        });
    }
    gather(workers).await
}

/// `count` streams at once, each read to its end.
pub(crate) async fn all_at_once(shot: &Shot, count: usize) -> Result<JoinSet<Outcome>, Failure> {
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let mut connection = Connection::open(shot).await?;
        workers.spawn(async move {
            let mut outcome = Outcome::default();
            let left = Instant::now();
            let ok = connection.fire().await.unwrap_or(false);
            outcome.count(ok, left.elapsed());
            outcome
        });
    }
    Ok(workers)
}

/// The sum of all workers' outcomes.
pub(crate) async fn gather(mut workers: JoinSet<Outcome>) -> Result<Outcome, Failure> {
    let mut sum = Outcome::default();
    while let Some(outcome) = workers.join_next().await {
        sum.add(outcome?);
    }
    Ok(sum)
}
