//! `bench waits`: what a person waits for, in a real browser, and what the chat
//! page costs to load.

use std::time::{Duration, Instant};

use provider_sim::{Behaviour, Finished, Reply, Script};
use testkit::Tab;

use crate::Failure;
use crate::visit::{KEYS, Visit, number};

/// How long anything may take before it counts as never.
const NEVER: Duration = Duration::from_secs(15);

/// Kilobytes of the files whose names end so, as they came over the network.
const FILES_KB: &str = "performance.getEntriesByType('resource').filter((file) => /\\.(js|css)$/.test(file.name))\
     .reduce((sum, file) => sum + file.encodedBodySize, 0) / 1024";

/// Scripts of a page have run when its content counts as loaded.
const USABLE: &str = "(() => { const box = document.querySelector('#message'); \
     return box && !box.matches(':disabled') \
     ? performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd : null })()";

/// Prints the table.
pub(crate) async fn run(loads: usize) -> Result<(), Failure> {
    let slow = Reply { text: "word ".repeat(2000), chunk_delay: Duration::from_millis(20), chunks: 0 };
    let script = Script { default: Behaviour::Answer(slow.clone()), reply: slow, ..Script::default() };
    let visit = Visit::begin(script, Duration::ZERO).await?;
    let tab = visit.signed_in().await;
    let verdict = verdict(&tab).await?;
    println!("| what | median of {loads} | longest |\n|---|---|---|");
    print_row("key saved → verdict, models unlocked", &mut [verdict]);
    let (mut usable, mut stopped) = (Vec::new(), Vec::new());
    let (mut requests, mut kilobytes) = (0.0, 0.0);
    for _ in 0..loads {
        tab.forget_files().await;
        tab.go("/chat").await;
        usable.push(number(&tab, USABLE).await?);
        requests = number(&tab, "performance.getEntriesByType('resource').length + 1").await?;
        kilobytes = number(&tab, FILES_KB).await?;
        stopped.push(stop(&visit, &tab).await?);
    }
    print_row("cold page → usable chat box", &mut usable);
    print_row("Escape → the provider sees that the call ended", &mut stopped);
    println!("\nThe cold page makes {requests} requests; its scripts and styles are {kilobytes:.1} kB on the network.");
    let complaints = tab.complaints();
    if complaints.is_empty() { Ok(()) } else { Err(format!("the browser complains: {complaints:?}").into()) }
}

/// Milliseconds from the click that saves a pasted key to its unlocked models.
async fn verdict(tab: &Tab) -> Result<f64, Failure> {
    tab.go("/keys").await;
    tab.fill("Paste a key", KEYS[0].2).await;
    let begin = Instant::now();
    tab.click("button", "Save and check").await;
    tab.see("models unlocked").await;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// Milliseconds from the key that stops an answer to the end of its call at the
/// provider.
async fn stop(visit: &Visit, tab: &Tab) -> Result<f64, Failure> {
    let calls = visit.house.sim.log().len();
    tab.fill("Message", "Count to two thousand.").await;
    tab.press("Enter").await;
    tab.see("word word word").await;
    let begin = Instant::now();
    tab.press("Escape").await;
    while begin.elapsed() < NEVER {
        let log = visit.house.sim.log();
        if log.iter().skip(calls).any(|call| call.finished == Finished::ClientGone) {
            return Ok(begin.elapsed().as_secs_f64() * 1e3);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err("an answer that was stopped went on at the provider".into())
}

fn print_row(what: &str, times: &mut [f64]) {
    times.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    println!("| {what} | {:.0} ms | {:.0} ms |", at(times.len() / 2), at(times.len().saturating_sub(1)));
}
