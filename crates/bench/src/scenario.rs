//! The scenarios, run by turns against the floor and against Ownkey, and the
//! table of their medians.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::Failure;
use crate::load::{self, Outcome, Shot};
use crate::process::{self, Process};

/// Connections of the closed loop.
const CONNECTIONS: usize = 64;

/// Streams of the memory scenario.
const STREAMS: usize = 1_000;

#[derive(Clone, Copy)]
enum Pace {
    Closed,
    Open { rate: u64 },
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
            name: "1 KB in, closed loop, 64 connections",
            pace: Pace::Closed,
            body: body(kilobyte.clone(), false),
        },
        Scenario { name: "1 KB in, open loop, 500/s", pace: Pace::Open { rate: 500 }, body: body(kilobyte, false) },
        Scenario { name: "100-chunk stream", pace: Pace::Closed, body: body("[[sim:long:1]] stream".to_owned(), true) },
        Scenario { name: "256 KB prompt", pace: Pace::Closed, body: body("word ".repeat(52_000), false) },
    ]
}

/// One measurement: CPU a call in µs, answers a second, p50 and p99.
#[derive(Clone, Copy, Default)]
struct Figure {
    cpu_us: f64,
    per_second: f64,
    p50: Duration,
    p99: Duration,
    failed: u64,
}

/// Runs every scenario and prints the table.
pub(crate) async fn run_all(rounds: usize, seconds: u64, only: Option<&str>) -> Result<(), Failure> {
    let sim = Process::start(&mut process::this_program(&["sim"])?, |line| Some(line.to_owned()))?;
    let floor = Process::start(&mut process::this_program(&["floor", &sim.address])?, |line| Some(line.to_owned()))?;
    let directory = tempfile::tempdir()?;
    let (ownkey, token) = process::start_ownkey(&sim.address, directory.path())?;
    let time = Duration::from_secs(seconds);
    println!(
        "| scenario | pass-through µs/call | Ownkey µs/call | ratio | Ownkey calls/s | p50 floor → Ownkey | p99 floor → Ownkey |"
    );
    println!("|---|---|---|---|---|---|---|");
    for scenario in scenarios().iter().filter(|scenario| only.is_none_or(|only| scenario.name.contains(only))) {
        let shot = |process: &Process| Shot {
            address: process.address.clone(),
            token: token.clone(),
            body: scenario.body.clone(),
        };
        measure(&floor, &shot(&floor), scenario.pace, Duration::from_secs(1)).await?;
        measure(&ownkey, &shot(&ownkey), scenario.pace, Duration::from_secs(1)).await?;
        let (mut floors, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(measure(&floor, &shot(&floor), scenario.pace, time).await?);
            ours.push(measure(&ownkey, &shot(&ownkey), scenario.pace, time).await?);
        }
        print_row(scenario.name, median(floors), median(ours));
    }
    if only.is_none() {
        memory(&ownkey, &token).await?;
    }
    Ok(())
}

async fn measure(process: &Process, shot: &Shot, pace: Pace, time: Duration) -> Result<Figure, Failure> {
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

fn median(mut figures: Vec<Figure>) -> Figure {
    figures.sort_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us));
    let failed = figures.iter().map(|figure| figure.failed).sum();
    let middle = figures.get(figures.len() / 2).copied().unwrap_or_default();
    Figure { failed, ..middle }
}

fn print_row(name: &str, floor: Figure, ours: Figure) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    println!(
        "| {name} | {:.0} | {:.0} | {:.2} × | {:.0} | {:.2} → {:.2} ms | {:.2} → {:.2} ms |{}",
        floor.cpu_us,
        ours.cpu_us,
        ours.cpu_us / floor.cpu_us.max(0.1),
        ours.per_second,
        millis(floor.p50),
        millis(ours.p50),
        millis(floor.p99),
        millis(ours.p99),
        if floor.failed + ours.failed > 0 {
            format!(" failed: {} / {}", floor.failed, ours.failed)
        } else {
            String::new()
        },
    );
}

/// A thousand slow streams at once: do all complete, and in how much memory?
async fn memory(ownkey: &Process, token: &str) -> Result<(), Failure> {
    let idle = ownkey.resident_mb()?;
    let content = json!([{"role": "user", "content": "[[sim:slow:100]] Tell me a story."}]);
    let body = json!({"model": "gpt-5-mini", "stream": true, "messages": content}).to_string();
    let shot = Shot { address: ownkey.address.clone(), token: token.to_owned(), body: Bytes::from(body) };
    let workers = load::all_at_once(&shot, STREAMS).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let busy = ownkey.resident_mb()?;
    let outcome = load::gather(workers).await?;
    println!(
        "\n{STREAMS} slow streams: {} complete, {} failed; memory {idle:.0} MB before, {busy:.0} MB during",
        outcome.answered, outcome.failed
    );
    Ok(())
}
