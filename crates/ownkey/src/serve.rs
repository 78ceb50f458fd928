//! `ownkey serve`: from the configuration to a listening server, and back down
//! without losing a stream or a ledger row.

mod reread;

use std::net::SocketAddr;
use std::sync::Arc;

use app::setup::{self, FirstAdmin};
use app::{App, Code};
use domain::secret::Password;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use web::origins::Origins;
use web::router::{Shared, router};
use web::serve::Clocks;

use crate::boot::{self, Ground};
use crate::cli::{Place, Serve};
use crate::config::environment::Environment;
use crate::config::{self, Config, providers};
use crate::demo::{self, Demo};
use crate::{Failure, logging};

/// Runs the server until it is told to stop.
///
/// # Errors
/// Exit 78 for the configuration, 75 when another server has the database.
pub(crate) async fn run(place: Place, arguments: Serve, environment: Environment) -> Result<(), Failure> {
    harden();
    let demo = if arguments.demo { Some(Demo::start().await?) } else { None };
    let place = match &demo {
        Some(demo) => Place { data_dir: Some(demo.data_dir()), database_url: None, ..place },
        None => place,
    };
    let data_dir = config::data_dir(&place, &environment);
    let environment = match &demo {
        // The demo touches nobody's keys and nobody's database.
        Some(_) => Environment::default(),
        None => environment.with_dot_env(&data_dir)?,
    };
    logging::start(environment.value("OWNKEY_LOG")?.map(|found| found.value).as_deref(), "info");
    if let Some(path) = environment.dot_env_path() {
        tracing::info!(path = %path.display(), "read variables of a .env file");
    }
    for stranger in config::variables::strangers(&environment) {
        tracing::warn!("{stranger}");
    }
    let config = config::read(&place, Some(&arguments), data_dir, &environment)?;
    check_bind(&config, &arguments, demo.is_some())?;
    let found = match &demo {
        Some(demo) => demo.providers(),
        None => providers::read(&environment, config.local_endpoints.as_deref(), config.local_cidrs.as_deref())?,
    };
    let Ground { store, created_key, key_file } = boot::open_store(&config, &environment, true).await?;
    if let Some(path) = created_key.filter(|_| demo.is_none()) {
        tracing::info!(path = %path.display(), "made the master key; keep a copy of it apart from the database");
    }
    let listener = TcpListener::bind(config.listen).await.map_err(|error| Failure {
        sentence: format!("{} cannot be listened on: {error}. Choose another with --listen.", config.listen),
        exit_code: 69,
    })?;
    let address =
        listener.local_addr().map_err(|error| Failure::new(format!("The listener has no address: {error}.")))?;
    let references = boot::references(&config, &environment);
    let app = boot::build(&config, store, found, references, Some(address), demo.is_some()).await?;
    let link = first_admin(&app, &environment, demo.is_some()).await?;
    app.start_background();
    let welcome = match &demo {
        Some(demo) => Some(demo.furnish(&app).await?),
        None => None,
    };
    // Heard before anybody is told that we run: a stop never meets deaf ears.
    let stop = CancellationToken::new();
    match Signals::listen() {
        Ok(signals) => drop(tokio::spawn(heed(signals, Arc::clone(&app), stop.clone()))),
        Err(error) => tracing::error!(%error, "signals cannot be heard; stop the process by other means"),
    }
    match signal(SignalKind::hangup()) {
        Ok(hangups) => drop(tokio::spawn(reread::heed(hangups, Arc::clone(&app), key_file))),
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be heard; a new master key needs a restart"),
    }
    announce(&app, address, link.as_deref(), welcome.as_ref());
    let origins = Origins::new(&app.settings.public_url, address);
    let shared = Shared::new(Arc::clone(&app), origins, config.trusted_proxies);
    let cut = web::serve::serve(listener, router(shared), stop, Clocks::default()).await;
    if cut > 0 {
        tracing::warn!(connections = cut, "connections were cut at the end of the drain");
    }
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// No core dumps, no debugger: the process holds keys.
fn harden() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    // Best effort: a container may forbid either, and the server runs all the same.
    let no_core = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let not_dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if no_core.is_err() || not_dumpable.is_err() {
        tracing::debug!("core dumps could not be switched off");
    }
}

/// Beyond this machine only with https in front, or by an explicit word.
fn check_bind(config: &Config, arguments: &Serve, is_demo: bool) -> Result<(), Failure> {
    if config.listen.ip().is_loopback() {
        return Ok(());
    }
    if is_demo {
        return Err(Failure::configuration(
            "The demo listens on this machine only. Leave out --listen, or use 127.0.0.1.",
        ));
    }
    let is_https = config.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    if is_https || arguments.insecure_bind {
        return Ok(());
    }
    Err(Failure::configuration(format!(
        "{} is reachable from other machines, and keys and passwords would travel unencrypted. Put a TLS proxy in front and set OWNKEY_PUBLIC_URL=https://…, or say --insecure-bind.",
        config.listen
    )))
}

/// Makes the first admin the operator named, or a set-up link. `None` when
/// somebody can sign in already.
async fn first_admin(app: &App, environment: &Environment, is_demo: bool) -> Result<Option<String>, Failure> {
    if is_demo || !setup::is_needed(app).await? {
        return Ok(None);
    }
    let email = environment.value("OWNKEY_ADMIN_EMAIL")?;
    let password = environment.value("OWNKEY_ADMIN_PASSWORD")?;
    let (Some(email), Some(password)) = (email, password) else {
        return Ok(Some(setup::create_link(app).await?));
    };
    let admin = FirstAdmin { email: email.value, display_name: String::new(), password: Password::new(password.value) };
    match setup::create_first_admin(app, admin).await {
        Ok(_) => Ok(None),
        // Another node was first, with the same words.
        Err(error) if matches!(error.code, Code::Conflict | Code::SetupClosed) => Ok(None),
        Err(error) => Err(Failure::configuration(format!("The first admin cannot be made: {}", error.sentence))),
    }
}

#[expect(clippy::print_stdout, reason = "the command line's own output")]
fn announce(app: &App, address: SocketAddr, link: Option<&str>, welcome: Option<&demo::Welcome>) {
    println!("Ownkey is ready at {} (listening on {address})", app.settings.public_url);
    if let Some(link) = link {
        println!(
            "\nNobody has an account yet. Open this link once, within an hour, to make the first one:\n\n  {link}\n"
        );
    }
    if let Some(welcome) = welcome {
        println!("{welcome}");
    }
}

/// The signals that stop the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The first SIGTERM or ctrl-c drains; the second ends at once.
async fn heed(mut signals: Signals, app: Arc<App>, stop: CancellationToken) {
    signals.next().await;
    tracing::info!("stopping: running answers may finish; send the signal again to end at once");
    app.start_draining();
    stop.cancel();
    signals.next().await;
    std::process::exit(130);
}
