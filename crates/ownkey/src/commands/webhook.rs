//! `ownkey webhook …`: straight on the store with the master key, beside running
//! servers.

use std::time::Duration;

use app::App;
use app::events::webhook::{self, Webhook};
use app::references::References;
use serde_json::json;
use store::webhooks::{Standing, signing, standing};

use super::{actor, output};
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
            let signing = signing(&app.store).await.map_err(unread)?;
            output::line(&webhook::secret(&app.store, signing.number));
            Ok(())
        }
        Command::Rotate { grace } => rotate(&app, place, Duration::from_secs(*grace)).await,
        Command::Test => match &config.webhook {
            Some(webhook) => test(&app, webhook).await,
            None => Err(Failure::configuration("OWNKEY_WEBHOOK_URL is not set, so nobody is told anything. Set it.")),
        },
        Command::Status => standing(&app.store)
            .await
            .map(|standing| tell(standing, app.clock.now(), config.webhook.as_deref(), place.json))
            .map_err(unread),
    };
    app.close().await;
    done
}

fn unread(error: store::StoreError) -> Failure {
    app::Error::from(error).into()
}

#[expect(clippy::print_stderr, reason = "the command line's own output")]
async fn rotate(app: &App, place: &Place, grace: Duration) -> Result<(), Failure> {
    let actor = actor(&app.store, place.user.as_deref()).await?;
    let rotated = webhook::rotate(app, actor, grace).await?;
    if place.json {
        output::json(&json!({"secret": rotated.secret, "former_until": rotated.former_until}));
        return Ok(());
    }
    output::line(&rotated.secret);
    match rotated.former_until {
        Some(until) => eprintln!("The former one signs too until {until}: give the receiver this one by then."),
        None => eprintln!("The former one signs nothing any more: give the receiver this one now."),
    }
    Ok(())
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

fn tell(mut standing: Standing, now: domain::Timestamp, webhook: Option<&Webhook>, as_json: bool) {
    standing.signing.former_until = standing.signing.former_until.filter(|until| now < *until);
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
            "secret_since": standing.signing.since,
            "former_secret_until": standing.signing.former_until,
        }));
        return;
    }
    let at = |time: Option<domain::Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
    output::line(&format!("to: {}", to.as_deref().unwrap_or("nobody; OWNKEY_WEBHOOK_URL is not set")));
    output::line(&format!("waiting: {} (since {})", standing.waiting, at(standing.waiting_since)));
    output::line(&format!("delivered: {} (last {})", standing.delivered, at(standing.delivered_at)));
    output::line(&format!("given up: {} (last {})", standing.given_up, at(standing.given_up_at)));
    let signing = standing.signing;
    let since = signing.since.map_or("the first".to_owned(), |since| format!("since {since}"));
    let former = signing.former_until.map_or(String::new(), |until| format!("; the one before signs until {until}"));
    output::line(&format!("secret: {since}{former}"));
    if let Some((text, when)) = problem {
        output::line(&format!("last problem: {text} ({when})"));
    }
}
