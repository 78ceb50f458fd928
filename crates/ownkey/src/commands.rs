//! The commands, one file each.

mod audit;
mod chat;
mod config;
mod credential;
mod doctor;
mod export;
mod import;
mod keyring;
mod models;
mod move_origin;
mod output;
mod status;
mod token;
mod usage;
mod user;

use clap::CommandFactory;

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
        command => run_other(&place, command, environment).await,
    }
}

/// The commands that need no user, then those that act as one.
async fn run_other(place: &Place, command: Command, environment: Environment) -> Result<(), Failure> {
    match &command {
        Command::Config(command) => return config::run(place, command, environment),
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
        | Command::Completions { .. } => Ok(()),
        Command::Import(command) => import::run(&transport, &command, &environment, place).await,
        Command::Export(command) => export::run(&transport, &command).await,
        Command::Audit(command) => audit::run(&transport, &command, place.json).await,
        Command::User(command) => user::run(&transport, command, place.json).await,
        Command::Credential(command) => credential::run(&transport, command, &environment, place.json).await,
        Command::Token(command) => token::run(&transport, command, place.json).await,
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
    let app = boot::build(&config, ground.store, crate::config::providers::Found::default(), None, false).await?;
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

/// A word of the command line as a part of an address: it stays one word.
fn encoded(word: &str) -> String {
    url::form_urlencoded::byte_serialize(word.as_bytes()).collect()
}
