//! The commands, one file each.

mod alias;
mod audit;
pub(crate) mod budget;
mod chat;
mod config;
mod credential;
mod doctor;
mod export;
mod file;
mod import;
mod keyring;
mod models;
mod move_origin;
mod organization;
mod output;
mod prices;
mod status;
mod team;
mod token;
mod usage;
mod user;
mod webhook;

use clap::CommandFactory;
use domain::audit::Actor;

use crate::cli::{Arguments, Command, Place};
use crate::config::environment::Environment;
use crate::transport::Transport;
use crate::{Failure, boot, logging, serve};

/// Runs what the command line asks for.
///
/// # Errors
/// A sentence, and the exit status.
pub(crate) async fn run(arguments: Arguments, environment: Environment) -> Result<(), Failure> {
    let Arguments { place, command } = arguments;
    if let Command::Serve(arguments) = command {
        return serve::run(place, arguments, environment).await;
    }
    logging::start(environment.process_value("OWNKEY_LOG"), "warn");
    match command {
        Command::Keyring(command) => keyring::run(&place, command, &environment).await,
        Command::Doctor(command) => doctor::run(&place, &command, environment).await,
        Command::Webhook(command) => webhook::run(&place, &command, environment).await,
        command => run_other(&place, command, environment).await,
    }
}

/// The commands that need no user, then those that act as one.
async fn run_other(place: &Place, command: Command, environment: Environment) -> Result<(), Failure> {
    match &command {
        Command::Config(command) => return config::run(place, command, environment).await,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "ownkey", &mut std::io::stdout());
            return Ok(());
        }
        Command::User(crate::cli::User::SetupLink) => return setup_link(place, &environment).await,
        _ => {}
    }
    let transport = Transport::find(place, &environment).await?;
    let done = match command {
        Command::Serve(_)
        | Command::Config(_)
        | Command::Keyring(_)
        | Command::Doctor(_)
        | Command::Webhook(_)
        | Command::Completions { .. } => Ok(()),
        Command::Import(command) => import::run(&transport, &command, &environment, place).await,
        Command::Export(command) => export::run(&transport, &command).await,
        Command::Audit(command) => audit::run(&transport, &command, place.json).await,
        Command::User(command) => user::run(&transport, command, place.json).await,
        Command::Organization(command) => organization::run(&transport, command, place.json).await,
        Command::Team(command) => team::run(&transport, command, place.json).await,
        Command::Credential(command) => credential::run(&transport, command, &environment, place.json).await,
        Command::Token(command) => token::run(&transport, command, place.json).await,
        Command::Budget(command) => budget::run(&transport, command, place.json).await,
        Command::Alias(command) => alias::run(&transport, command, place.json).await,
        Command::Prices(command) => prices::run(&transport, command, place.json).await,
        Command::Models(command) => models::run(&transport, command, place.json).await,
        Command::Status => status::run(&transport, place.json).await,
        Command::Chat(command) => chat::run(&transport, command, place.json).await,
        Command::Usage(command) => usage::run(&transport, command, place.json).await,
    };
    transport.close().await;
    done
}

/// A set-up link without a user to act as: there is none yet.
async fn setup_link(place: &Place, environment: &Environment) -> Result<(), Failure> {
    let data_dir = crate::config::data_dir(place, environment);
    let config = crate::config::read(place, None, data_dir, environment)?;
    let ground = boot::open_store(&config, environment, false).await?;
    let found = crate::config::providers::Found::default();
    let app = boot::build(&config, ground.store, found, app::references::References::default(), None, false).await?;
    let link = if app::setup::is_needed(&app).await? { Some(app::setup::create_link(&app).await?) } else { None };
    app.close().await;
    match link {
        Some(link) => {
            output::line(&link);
            Ok(())
        }
        None => Err(Failure::new(
            "Somebody has an account already; set-up is over. Use `ownkey user add` or `user reset-link`.",
        )),
    }
}

/// Who the audit log names: the user asked for, or the only one, or nobody.
async fn actor(store: &store::Store, email: Option<&str>) -> Result<Actor, Failure> {
    let read = |error: store::StoreError| Failure::from(app::Error::from(error));
    let user = match email {
        Some(email) => {
            let user = store::users::by_email(store, email).await.map_err(read)?;
            Some(user.ok_or_else(|| Failure::new(format!("There is no user {email}.")))?)
        }
        None => {
            let (users, count) = store::users::list(store, 0, 1).await.map_err(read)?;
            users.into_iter().next().filter(|_| count == 1)
        }
    };
    Ok(Actor::CommandLine { user: user.map(|user| user.id) })
}

/// A word of the command line as a part of an address: it stays one word.
fn encoded(word: &str) -> String {
    url::form_urlencoded::byte_serialize(word.as_bytes()).collect()
}

/// A length of time as people write it, `30m`, `24h`, `7d`, `3600s` or `0`, in
/// seconds.
///
/// # Errors
/// Says how to write it.
pub(crate) fn grace(text: &str) -> Result<u64, String> {
    if text == "0" {
        return Ok(0);
    }
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 24 * 3_600_u64)];
    let found = units.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let number = found.and_then(|(number, seconds)| Some((number.parse::<u64>().ok()?, seconds)));
    let (number, seconds) = number.ok_or_else(|| "write it like 30m, 24h or 7d".to_owned())?;
    number.checked_mul(seconds).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::grace;

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [("0", 0), ("45s", 45), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(grace(text), Ok(seconds), "{text}");
        }
        for text in ["", "24", "h", "-1h", "1.5h", "1w", "99999999999999999999d"] {
            assert!(grace(text).is_err(), "{text}");
        }
    }
}
