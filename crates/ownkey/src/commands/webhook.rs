//! `ownkey webhook …`: straight on the store with the master key, beside running
//! servers.

use app::App;
use app::events::webhook::{self, Webhook};
use app::references::References;
use serde_json::json;
use store::webhooks::{Standing, standing};

use super::output;
use crate::cli::{Place, Webhook as Command};
use crate::config::environment::Environment;
use crate::config::{self, providers};
use crate::{Failure, boot};

pub(super) async fn run(place: &Place, command: &Command, environment: Environment) -> Result<(), Failure> {
    if environment.process_value("OWNKEY_URL").is_some() {
        return Err(Failure::new(
            "The webhook is looked after where the database and the master key are. Run it there, without OWNKEY_URL.",
        ));
    }
    let data_dir = config::data_dir(place, &environment);
    let environment = environment.with_dot_env(&data_dir)?;
    let config = config::read(place, None, data_dir, &environment)?;
    let found = providers::read(&environment, config.local_endpoints.as_deref(), config.local_cidrs.as_deref())?;
    let store = boot::open_store(&config, &environment, false).await?.store;
    let app = boot::build(&config, store, found, References::default(), None, false).await?;
    let done = match command {
        Command::Secret => {
            output::line(&webhook::secret(&app.store));
            Ok(())
        }
        Command::Test => match &config.webhook {
            Some(webhook) => test(&app, webhook).await,
            None => Err(Failure::configuration("OWNKEY_WEBHOOK_URL is not set, so nobody is told anything. Set it.")),
        },
        Command::Status => standing(&app.store)
            .await
            .map(|standing| tell(&standing, config.webhook.as_deref(), place.json))
            .map_err(|error| Failure::new(format!("The database cannot be read: {error}."))),
    };
    app.close().await;
    done
}

async fn test(app: &App, webhook: &Webhook) -> Result<(), Failure> {
    match webhook::try_out(app, webhook).await {
        Ok(status) => {
            output::line(&format!("{webhook} took it ({status})."));
            Ok(())
        }
        Err(problem) => Err(Failure::new(format!(
            "It was not taken: {}. Look at the receiver, or correct OWNKEY_WEBHOOK_URL.",
            problem.trim_end_matches('.')
        ))),
    }
}

fn tell(standing: &Standing, webhook: Option<&Webhook>, as_json: bool) {
    let to = webhook.map(ToString::to_string);
    let problem = standing.problem.as_ref();
    if as_json {
        output::json(&json!({
            "to": to,
            "waiting": standing.waiting,
            "waiting_since": standing.waiting_since,
            "delivered": standing.delivered,
            "delivered_at": standing.delivered_at,
            "given_up": standing.given_up,
            "given_up_at": standing.given_up_at,
            "problem": problem.map(|(text, _)| text),
            "problem_at": problem.map(|(_, at)| at),
        }));
        return;
    }
    let at = |time: Option<domain::Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
    output::line(&format!("to: {}", to.as_deref().unwrap_or("nobody; OWNKEY_WEBHOOK_URL is not set")));
    output::line(&format!("waiting: {} (since {})", standing.waiting, at(standing.waiting_since)));
    output::line(&format!("delivered: {} (last {})", standing.delivered, at(standing.delivered_at)));
    output::line(&format!("given up: {} (last {})", standing.given_up, at(standing.given_up_at)));
    if let Some((text, when)) = problem {
        output::line(&format!("last problem: {text} ({when})"));
    }
}
