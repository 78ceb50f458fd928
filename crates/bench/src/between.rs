//! What it costs when client and provider speak different formats: the same
//! provider's answer passed through and translated, by turns, on one Ownkey.

mod forms;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::Failure;
use crate::load::{self, Shot};
use crate::process::{self, Process};
use crate::scenario::{Pace, measure};
use crate::table::{self, Figure};
use forms::{Ask, Form};

/// Streams of the memory scenario.
const STREAMS: usize = 1_000;

/// How long a fresh server is left alone before its memory is read.
const SETTLING: Duration = Duration::from_secs(3);

/// A client of one form and a provider of another.
struct Pair {
    client: Form,
    provider: Form,
}

impl Pair {
    fn title(&self, kind: &str) -> String {
        format!("cross-wire, {kind}: {} to {}", self.client.name(), self.provider.name())
    }
}

/// The memory scenario.
const SLOW: &str = "cross-wire, slow streams";

const PAIRS: [Pair; 5] = [
    Pair { client: Form::Chat, provider: Form::Messages },
    Pair { client: Form::Messages, provider: Form::Chat },
    Pair { client: Form::Chat, provider: Form::Gemini },
    Pair { client: Form::Responses, provider: Form::Chat },
    Pair { client: Form::Gemini, provider: Form::Messages },
];

/// What is asked in each pair.
fn asks() -> [(&'static str, Ask); 3] {
    [
        ("100-chunk stream", Ask { prompt: "[[sim:long:1]] stream".to_owned(), stream: true }),
        ("1 KB in and out", Ask { prompt: "word ".repeat(180), stream: false }),
        ("256 KB prompt", Ask { prompt: "word ".repeat(52_000), stream: false }),
    ]
}

/// Runs every pair and prints the table.
pub(crate) async fn run_all(sim: &str, rounds: usize, time: Duration, only: Option<&str>) -> Result<(), Failure> {
    let is_wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    let asks = asks();
    let rows: Vec<(String, &Pair, &Ask)> = asks
        .iter()
        .flat_map(|(kind, ask)| PAIRS.iter().map(move |pair| (pair.title(kind), pair, ask)))
        .filter(|(name, ..)| is_wanted(name))
        .collect();
    let directory = tempfile::tempdir()?;
    if !rows.is_empty() {
        let (ownkey, token) = process::start_ownkey(sim, directory.path())?;
        println!();
        table::print_head_between();
        for (name, pair, ask) in rows {
            let [passed, translated] = by_turns(&ownkey, &token, pair, ask, rounds, time).await?;
            table::print_between(&name, &passed, &translated);
        }
    }
    if is_wanted(SLOW) {
        println!();
        memory(sim, directory.path(), &Pair { client: Form::Messages, provider: Form::Messages }).await?;
        for pair in &PAIRS {
            memory(sim, directory.path(), pair).await?;
        }
    }
    Ok(())
}

/// The provider's answer for a client of its own form, and for the pair's.
async fn by_turns(
    ownkey: &Process,
    token: &str,
    pair: &Pair,
    ask: &Ask,
    rounds: usize,
    time: Duration,
) -> Result<[Figure; 2], Failure> {
    let mut figures = [const { Vec::new() }; 2];
    for round in 0..=rounds {
        for (client, figures) in [pair.provider, pair.client].into_iter().zip(&mut figures) {
            // The first round only warms up.
            let time = if round == 0 { Duration::from_secs(1) } else { time };
            let figure = measure(ownkey, &shot(ownkey, token, client, pair.provider, ask), Pace::Closed, time).await?;
            figures.extend((round > 0).then_some(figure));
        }
    }
    Ok(figures.map(|figures| table::median(&figures)))
}

fn shot(ownkey: &Process, token: &str, client: Form, provider: Form, ask: &Ask) -> Shot {
    Shot {
        address: ownkey.address.clone(),
        path: client.path(provider, ask.stream),
        token: token.to_owned(),
        body: Bytes::from(client.body(provider, ask)),
    }
}

/// A server that has just started: how much memory each of a thousand slow
/// streams takes.
async fn memory(sim: &str, directory: &Path, pair: &Pair) -> Result<(), Failure> {
    let (ownkey, _) = process::restart_ownkey(sim, directory)?;
    let token = process::new_token(sim, directory)?;
    tokio::time::sleep(SETTLING).await;
    let before = ownkey.resident_mb()?;
    let ask = Ask { prompt: "[[sim:slow:150]] [[sim:long:1]] Tell me a story.".to_owned(), stream: true };
    let shot = shot(&ownkey, &token, pair.client, pair.provider, &ask);
    let workers = load::all_at_once(&shot, STREAMS).await?;
    let mut most = 0.0_f64;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(ownkey.resident_mb()?);
    }
    let outcome = load::gather(workers).await?;
    println!(
        "{STREAMS} slow streams, {} to {}: {} complete, {} failed; {before:.0} MB before, at most {most:.0} MB: {:.0} KB each.",
        pair.client.name(),
        pair.provider.name(),
        outcome.answered,
        outcome.failed,
        (most - before) * 1024.0 / STREAMS as f64,
    );
    Ok(())
}
