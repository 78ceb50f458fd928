//! `bench bill`: the provider's bill, the ledger and the reports, to the nano-dollar.

use std::time::Instant;

use crate::Failure;

/// Makes so many requests, on SQLite or the database that is given, compares, and
/// prints what came out.
pub(crate) async fn run(requests: usize, database: Option<String>) -> Result<(), Failure> {
    let begin = Instant::now();
    let house = testkit::bill::house(database).await;
    let outcome = testkit::bill::run(&house, requests).await;
    println!("{} requests in {:.0} s", outcome.requests, begin.elapsed().as_secs_f64());
    for (kind, attempts) in &outcome.attempts {
        println!("{attempts:>8} attempts {kind}");
    }
    for (kind, attempts) in &outcome.kinds {
        println!("{attempts:>8} of them {kind}");
    }
    let [provider, ledger, total] = outcome.dollars();
    println!("counted by the provider: it bills ${provider}, the ledger has ${ledger}");
    println!("in the ledger in all: ${total}; {} sums compared", outcome.comparisons);
    for difference in &outcome.differences {
        println!("difference: {difference}");
    }
    println!(
        "{} differences, {} nano-dollars",
        outcome.differences.len(),
        outcome.provider_nanos - outcome.ledger_nanos
    );
    house.stop().await;
    if outcome.differences.is_empty() { Ok(()) } else { Err("the sums are not the same".into()) }
}
