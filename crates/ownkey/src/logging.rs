//! Logs to standard error: pretty on a terminal, JSON elsewhere, or as
//! `OWNKEY_LOG` says (`info`, `debug,json`, `llm=debug,pretty` …).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging by these directives. Called once; a second call changes nothing.
pub(crate) fn start(directives: Option<&str>, default: &str) {
    let mut is_json = !std::io::stderr().is_terminal();
    let mut filters = Vec::new();
    for word in directives.unwrap_or(default).split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "json" => is_json = true,
            "pretty" => is_json = false,
            directive => filters.push(directive),
        }
    }
    let filters = if filters.is_empty() { default.to_owned() } else { filters.join(",") };
    let filter = EnvFilter::try_new(&filters).unwrap_or_else(|_| EnvFilter::new(default));
    let writer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if is_json {
        registry.with(writer.json().flatten_event(true)).try_init()
    } else {
        registry.with(writer.compact()).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
