//! What was measured, and the Markdown table of it.

use std::time::Duration;

/// One measurement, or the median of several.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figure {
    /// CPU of the process under test for each call, in µs.
    pub(crate) cpu_us: f64,
    /// Calls answered a second.
    pub(crate) per_second: f64,
    /// The latency that half of the calls stayed under.
    pub(crate) p50: Duration,
    /// The latency that 99 of 100 calls stayed under.
    pub(crate) p99: Duration,
    /// Calls without an answer, of all rounds.
    pub(crate) failed: u64,
}

/// A scenario's medians.
pub(crate) struct Row {
    /// Which scenario.
    pub(crate) name: &'static str,
    /// The bare pass-through.
    pub(crate) floor: Figure,
    /// Ownkey.
    pub(crate) ours: Figure,
    /// Ownkey without its ledger.
    pub(crate) unledgered: Figure,
}

/// The median of each figure by itself; failures are added up.
pub(crate) fn median(figures: &[Figure]) -> Figure {
    let middle = |value: fn(&Figure) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Figure {
        cpu_us: middle(|figure| figure.cpu_us),
        per_second: middle(|figure| figure.per_second),
        p50: Duration::from_secs_f64(middle(|figure| figure.p50.as_secs_f64())),
        p99: Duration::from_secs_f64(middle(|figure| figure.p99.as_secs_f64())),
        failed: figures.iter().map(|figure| figure.failed).sum(),
    }
}

/// Prints the head of the table.
pub(crate) fn print_head() {
    println!(
        "| scenario | pass-through, CPU a call | Ownkey, CPU a call | ratio | ledger off | Ownkey, calls/s | p50 added | p99 added |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

/// Prints a scenario.
pub(crate) fn print_row(row: &Row) {
    let Row { name, floor, ours, unledgered } = row;
    let ratio = |figure: &Figure| figure.cpu_us / floor.cpu_us.max(0.1);
    let added = |ours: Duration, floor: Duration| (ours.as_secs_f64() - floor.as_secs_f64()) * 1e3;
    println!(
        "| {name} | {:.0} µs | {:.0} µs | {:.2} × | {:.0} µs, {:.2} × | {:.0} | {:+.2} ms | {:+.2} ms |{}",
        floor.cpu_us,
        ours.cpu_us,
        ratio(ours),
        unledgered.cpu_us,
        ratio(unledgered),
        ours.per_second,
        added(ours.p50, floor.p50),
        added(ours.p99, floor.p99),
        failures(row),
    );
}

/// Nothing, where nothing failed.
fn failures(row: &Row) -> String {
    let failed = [row.floor.failed, row.ours.failed, row.unledgered.failed];
    if failed == [0; 3] { String::new() } else { format!(" failed: {failed:?}") }
}

/// Prints the head of the table of pairs.
pub(crate) fn print_head_between() {
    println!("| scenario | passed through, CPU a call | translated, CPU a call | ratio | translated, calls/s |");
    println!("|---|---|---|---|---|");
}

/// Prints a pair.
pub(crate) fn print_between(name: &str, passed: &Figure, translated: &Figure) {
    let failed = [passed.failed, translated.failed];
    let failures = if failed == [0; 2] { String::new() } else { format!(" failed: {failed:?}") };
    println!(
        "| {name} | {:.0} µs | {:.0} µs | {:.2} × | {:.0} |{failures}",
        passed.cpu_us,
        translated.cpu_us,
        translated.cpu_us / passed.cpu_us.max(0.1),
        translated.per_second,
    );
}
