//! The commands, one file each.

mod chat;
mod credential;
mod models;
mod output;
mod token;
mod usage;

use crate::cli::{Arguments, Command};
use crate::config::environment::Environment;
use crate::transport::Transport;
use crate::{Failure, logging, serve};

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
    let transport = Transport::find(&place, &environment).await?;
    let done = match command {
        Command::Serve(_) => Ok(()),
        Command::Credential(command) => credential::run(&transport, command, &environment, place.json).await,
        Command::Token(command) => token::run(&transport, command, place.json).await,
        Command::Models(command) => models::run(&transport, command, place.json).await,
        Command::Chat(command) => chat::run(&transport, command, place.json).await,
        Command::Usage(command) => usage::run(&transport, command, place.json).await,
    };
    transport.close().await;
    done
}

/// A word of the command line as a part of an address: it stays one word.
fn encoded(word: &str) -> String {
    url::form_urlencoded::byte_serialize(word.as_bytes()).collect()
}
