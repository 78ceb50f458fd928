//! `ownkey doctor`: what is as it should be, what is not, and what to do.

mod database;
mod machine;
mod reach;

use serde_json::{Value, json};

use super::output;
use crate::Failure;
use crate::cli::{Doctor, Place};
use crate::config::environment::Environment;
use crate::config::{self, Config, providers, variables};

/// What was found about one thing.
struct Finding {
    name: &'static str,
    state: State,
    /// What is.
    text: String,
    /// What to do about it.
    advice: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Works; somebody should look.
    Look,
    Bad,
}

impl Finding {
    fn good(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, state: State::Good, text: text.into(), advice: None }
    }

    fn look(name: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Look, text: text.into(), advice: Some(advice.into()) }
    }

    fn bad(name: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Bad, text: text.into(), advice: Some(advice.into()) }
    }

    /// A refusal's own sentence says what to do.
    fn refused(name: &'static str, sentence: impl Into<String>) -> Self {
        Self { name, state: State::Bad, text: sentence.into(), advice: None }
    }
}

pub(super) async fn run(place: &Place, command: &Doctor, environment: Environment) -> Result<(), Failure> {
    if environment.process_value("OWNKEY_URL").is_some() {
        return Err(Failure::new(
            "The doctor looks at this machine. Run it where the server runs, without OWNKEY_URL.",
        ));
    }
    let findings = examine(place, command, environment).await;
    let has_bad = findings.iter().any(|finding| finding.state == State::Bad);
    if place.json {
        let checks: Vec<Value> = findings.iter().map(as_json).collect();
        output::json(&json!({"ok": !has_bad, "checks": checks}));
    } else {
        findings.iter().for_each(tell);
    }
    if has_bad { Err(Failure::new("Something has to be done; see ✗.")) } else { Ok(()) }
}

async fn examine(place: &Place, command: &Doctor, environment: Environment) -> Vec<Finding> {
    let name = "configuration";
    let data_dir = config::data_dir(place, &environment);
    let environment = match environment.with_dot_env(&data_dir) {
        Ok(environment) => environment,
        Err(failure) => return vec![Finding::refused(name, failure.sentence)],
    };
    let read = config::read(place, None, data_dir, &environment).and_then(|config| {
        Ok((providers::read(&environment, config.local_endpoints.as_deref(), config.local_cidrs.as_deref())?, config))
    });
    let (found, config) = match read {
        Ok(read) => read,
        Err(failure) => return vec![Finding::refused(name, failure.sentence)],
    };
    let mut findings = settings(&config, &found, &environment);
    findings.extend(machine::examine(&config));
    findings.extend(database::examine(&config, &environment, command.full).await);
    findings.extend(reach::examine(&config, &found, command.network).await);
    findings
}

/// What the operator wrote: settings, and keys of the environment by their masks.
fn settings(config: &Config, found: &providers::Found, environment: &Environment) -> Vec<Finding> {
    let mut findings =
        vec![Finding::good("configuration", format!("can be used; data in {}", config.data_dir.display()))];
    for stranger in variables::strangers(environment) {
        findings.push(Finding::look("configuration", stranger, "Correct its name, or unset it."));
    }
    let keys: Vec<String> = found.keys.iter().map(|key| format!("{} ({})", key.variable, key.masked)).collect();
    if !keys.is_empty() {
        findings.push(Finding::good("environment keys", keys.join(", ")));
    }
    for warning in &found.warnings {
        findings.push(Finding::look("environment keys", warning.clone(), "Correct it, or unset it."));
    }
    findings
}

fn tell(finding: &Finding) {
    let mark = match finding.state {
        State::Good => "✓",
        State::Look => "!",
        State::Bad => "✗",
    };
    output::line(&format!("{mark} {}: {}", finding.name, finding.text));
    if let Some(advice) = &finding.advice {
        output::line(&format!("    {advice}"));
    }
}

fn as_json(finding: &Finding) -> Value {
    let state = match finding.state {
        State::Good => "ok",
        State::Look => "warning",
        State::Bad => "error",
    };
    json!({"check": finding.name, "state": state, "finding": finding.text, "advice": finding.advice})
}
