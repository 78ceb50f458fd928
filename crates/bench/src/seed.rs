//! `bench seed`: a data directory with as many keys and calls as years bring.

use std::path::Path;
use std::time::Instant;

use provider_sim::{Models, Script, Sim};
use store::seed::Seed;

use crate::Failure;
use crate::process::start_ownkey_on;
use crate::unledgered::clock;

/// Whom the bench signs in as.
pub(crate) const EMAIL: &str = "bench@example.org";

/// Furnishes `directory`, and `database` where one is given, then fills it.
pub(crate) async fn run(directory: &Path, database: Option<&str>, seed: Seed) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)?;
    let sim = Sim::start(Script { models: Models::Any, ..Script::load() }).await?;
    let furnished = start_ownkey_on(&sim.address().to_string(), directory, database)?;
    drop(furnished);
    let begin = Instant::now();
    let (file, now) = (directory.join("ownkey.db"), clock().now());
    match database {
        Some(url) => store::seed::fill_postgres(url, EMAIL, seed, now).await?,
        None => tokio::task::spawn_blocking(move || store::seed::fill(&file, EMAIL, seed, now)).await??,
    }
    println!("{seed:?} in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}
