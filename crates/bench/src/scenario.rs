//! The scenarios, run by turns against the floor, against Ownkey and against
//! Ownkey without its ledger.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use crate::Failure;
use crate::between;
use crate::load::{self, Outcome, Shot};
use crate::process::{self, Process};
use crate::table::{self, Figure, Row};

/// The door of every call here.
const CHAT: &str = "/v1/chat/completions";

/// Connections of the closed loop.
const CONNECTIONS: usize = 64;

/// Streams of the memory scenario.
const STREAMS: usize = 1_000;

/// How long a fresh server is left alone before its memory is read.
const SETTLING: Duration = Duration::from_secs(10);

/// How the load comes.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// Each connection waits for its answer.
    Closed,
    /// By the clock.
    Open {
        /// Requests a second.
        rate: u64,
    },
}

struct Scenario {
    name: &'static str,
    pace: Pace,
    body: Bytes,
}

fn scenarios() -> Vec<Scenario> {
    let body = |prompt: String, stream: bool| {
        let content = json!([{"role": "user", "content": prompt}]);
        Bytes::from(json!({"model": "gpt-5-mini", "stream": stream, "messages": content}).to_string())
    };
    let kilobyte = "word ".repeat(180);
    vec![
        Scenario {
            name: "1 KB in and out, closed loop, 64 connections",
            pace: Pace::Closed,
            body: body(kilobyte.clone(), false),
        },
        Scenario { name: "the same, open loop, 500/s", pace: Pace::Open { rate: 500 }, body: body(kilobyte, false) },
        Scenario {
            name: "100-chunk stream, same wire",
            pace: Pace::Closed,
            body: body("[[sim:long:1]] stream".to_owned(), true),
        },
        Scenario { name: "256 KB prompt", pace: Pace::Closed, body: body("word ".repeat(52_000), false) },
    ]
}

/// Runs every scenario and prints the tables.
pub(crate) async fn run_all(rounds: usize, seconds: u64, only: Option<&str>) -> Result<(), Failure> {
    let sim = Process::start(&mut process::this_program(&["sim"])?, |line| Some(line.to_owned()))?;
    let floor = Process::start(&mut process::this_program(&["floor", &sim.address])?, |line| Some(line.to_owned()))?;
    let directory = tempfile::tempdir()?;
    let (ownkey, token) = process::start_ownkey(&sim.address, directory.path())?;
    let other_directory = tempfile::tempdir()?;
    let (unledgered, other_token) = process::start_unledgered(&sim.address, other_directory.path())?;
    let time = Duration::from_secs(seconds);
    if scenarios().iter().any(|scenario| only.is_none_or(|only| scenario.name.contains(only))) {
        table::print_head();
    }
    for scenario in scenarios().iter().filter(|scenario| only.is_none_or(|only| scenario.name.contains(only))) {
        let shot = |process: &Process, token: &str| Shot {
            address: process.address.clone(),
            path: CHAT,
            token: token.to_owned(),
            body: scenario.body.clone(),
        };
        let sides = [(&floor, token.as_str()), (&ownkey, &token), (&unledgered, &other_token)];
        let mut figures = [const { Vec::new() }; 3];
        for round in 0..=rounds {
            for ((process, token), figures) in sides.iter().zip(&mut figures) {
                // The first round only warms up.
                let time = if round == 0 { Duration::from_secs(1) } else { time };
                let figure = measure(process, &shot(process, token), scenario.pace, time).await?;
                figures.extend((round > 0).then_some(figure));
            }
        }
        let [floor, ours, unledgered] = figures.map(|figures| table::median(&figures));
        table::print_row(&Row { name: scenario.name, floor, ours, unledgered });
    }
    drop((ownkey, unledgered));
    if only.is_none_or(|only| only.contains("memory")) {
        memory(&sim.address, directory.path()).await?;
    }
    between::run_all(&sim.address, rounds, time, only).await
}

/// One measurement of a process.
pub(crate) async fn measure(process: &Process, shot: &Shot, pace: Pace, time: Duration) -> Result<Figure, Failure> {
    let before = process.cpu_seconds()?;
    let mut outcome: Outcome = match pace {
        Pace::Closed => load::closed_loop(shot, CONNECTIONS, time).await?,
        Pace::Open { rate } => load::open_loop(shot, rate, CONNECTIONS, time).await?,
    };
    let cpu = process.cpu_seconds()? - before;
    let calls = outcome.answered.max(1) as f64;
    Ok(Figure {
        cpu_us: cpu * 1e6 / calls,
        per_second: calls / time.as_secs_f64(),
        p50: outcome.percentile(0.50),
        p99: outcome.percentile(0.99),
        failed: outcome.failed,
    })
}

/// A server that has just started: how soon it answers, how much memory and CPU
/// it takes idle, and how much memory with a thousand slow streams at once.
async fn memory(sim: &str, directory: &Path) -> Result<(), Failure> {
    let started = Instant::now();
    let (ownkey, ready) = process::restart_ownkey(sim, directory)?;
    let start = ready.duration_since(started);
    let token = process::new_token(sim, directory)?;
    tokio::time::sleep(SETTLING).await;
    let (idle, before) = (ownkey.resident_mb()?, ownkey.cpu_seconds()?);
    tokio::time::sleep(SETTLING).await;
    let idle_cpu = (ownkey.cpu_seconds()? - before) / SETTLING.as_secs_f64();
    let content = json!([{"role": "user", "content": "[[sim:slow:100]] Tell me a story."}]);
    let body = json!({"model": "gpt-5-mini", "stream": true, "messages": content}).to_string();
    let shot = Shot { address: ownkey.address.clone(), path: CHAT, token, body: Bytes::from(body) };
    let workers = load::all_at_once(&shot, STREAMS).await?;
    let mut most = 0.0_f64;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(ownkey.resident_mb()?);
    }
    let outcome = load::gather(workers).await?;
    println!("\nReady after {} ms; idle: {idle:.0} MB, {:.2} ms CPU a second.", start.as_millis(), idle_cpu * 1e3);
    println!(
        "{STREAMS} slow streams at once: {} complete, {} failed; at most {most:.0} MB.",
        outcome.answered, outcome.failed
    );
    Ok(())
}
