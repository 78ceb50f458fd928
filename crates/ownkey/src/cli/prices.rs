//! The words of `ownkey prices`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum Prices {
    /// What each model costs now, and who says so.
    List {
        /// Only this provider's.
        #[arg(long)]
        provider: Option<String>,
        /// Only with these words in id or name.
        #[arg(long)]
        search: Option<String>,
        /// manual, imported, catalogue, unpriced or upcoming.
        #[arg(long)]
        only: Option<String>,
    },
    /// One model's price, and all that it did and will cost.
    Show {
        /// provider/model.
        model: String,
    },
    /// Set what a model costs everybody here: for admins.
    Set(PricesSet),
    /// Take prices from LiteLLM's price map or from models.dev's api.json: for
    /// admins. Says what would change, and takes it.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
        /// From when on they count: 2026-12-01T00:00:00Z [default: now].
        #[arg(long, value_name = "TIME")]
        starts: Option<String>,
        /// Take a start that lies in the past.
        #[arg(long)]
        confirm: bool,
    },
    /// What calls would cost. No model is called.
    Estimate(PricesEstimate),
}

#[derive(Args)]
pub(crate) struct PricesSet {
    /// provider/model.
    pub(crate) model: String,
    /// Dollars per million tokens read.
    #[arg(long, value_name = "USD", required_unless_present = "catalogue")]
    pub(crate) input: Option<String>,
    /// Dollars per million tokens generated.
    #[arg(long, value_name = "USD", required_unless_present = "catalogue")]
    pub(crate) output: Option<String>,
    /// Dollars per million tokens read from the cache [default: as input].
    #[arg(long, value_name = "USD")]
    pub(crate) cached: Option<String>,
    /// Dollars per million tokens written to the cache [default: as input].
    #[arg(long, value_name = "USD")]
    pub(crate) cache_write: Option<String>,
    /// The same, for an hour [default: as --cache-write].
    #[arg(long, value_name = "USD")]
    pub(crate) cache_write_1h: Option<String>,
    /// Give the word back to the catalogue.
    #[arg(long, conflicts_with_all = ["input", "output", "cached", "cache_write", "cache_write_1h"])]
    pub(crate) catalogue: bool,
    /// From when on: 2026-12-01T00:00:00Z [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) starts: Option<String>,
    /// Take a start that lies in the past.
    #[arg(long)]
    pub(crate) confirm: bool,
    /// Why.
    #[arg(long)]
    pub(crate) note: Option<String>,
}

#[derive(Args)]
pub(crate) struct PricesEstimate {
    /// The model, by any of its names.
    pub(crate) model: String,
    /// Tokens that a call reads.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) input: u64,
    /// Tokens that it generates.
    #[arg(long, default_value_t = 300)]
    pub(crate) output: u64,
    /// Of those read: from the cache.
    #[arg(long, default_value_t = 0)]
    pub(crate) cached: u64,
    /// How many calls.
    #[arg(long, default_value_t = 1)]
    pub(crate) calls: u64,
}
