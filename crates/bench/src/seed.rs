//! `bench seed`: a data directory with as many keys and calls as years bring.

use std::path::Path;
use std::time::Instant;

use provider_sim::{Models, Script, Sim};
use store::seed::Seed;

use crate::Failure;
use crate::process::start_ownkey;
use crate::unledgered::clock;

/// Whom the bench signs in as.
pub(crate) const EMAIL: &str = "bench@example.org";

/// Furnishes `directory`, then fills it.
pub(crate) async fn run(directory: &Path, keys: u64, calls: u64) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)?;
    let sim = Sim::start(Script { models: Models::Any, ..Script::load() }).await?;
    let (furnished, _token) = start_ownkey(&sim.address().to_string(), directory)?;
    drop(furnished);
    let begin = Instant::now();
    let (file, now) = (directory.join("ownkey.db"), clock().now());
    tokio::task::spawn_blocking(move || store::seed::fill(&file, EMAIL, Seed { keys, calls }, now)).await??;
    println!("{keys} keys and {calls} calls in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}
