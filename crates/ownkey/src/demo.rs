//! `ownkey serve --demo`: a scripted provider inside, a demo user, made-up
//! keys. Nothing of it outlives the process.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use app::credentials::{self, NewKey};
use app::setup::{self, FirstAdmin};
use app::tokens::{self, NewToken};
use app::{App, callers};
use domain::caller::Proof;
use domain::secret::Password;
use domain::{Caller, ProviderId};
use llm::egress::LocalEndpoints;
use provider_sim::{Script, Sim};

use crate::Failure;
use crate::config::providers;

/// The demo user's address.
const EMAIL: &str = "demo@example.org";

/// The demo's keys: provider, name, made-up key.
const KEYS: [(ProviderId, &str, &str); 6] = [
    (ProviderId::OpenAi, "Demo OpenAI key", "sk-proj-DEMO0123456789abcdefghijkDemo"),
    (ProviderId::Anthropic, "Demo Anthropic key", "sk-ant-api03-DEMO0123456789abcdefghijkDemo"),
    (ProviderId::Google, "Demo Google key", "AIzaSyDEMO0123456789abcdefghijklmnoDemo"),
    (ProviderId::Groq, "Demo Groq key", "gsk_DEMO0123456789abcdefghijklmnDemo"),
    (ProviderId::OpenRouter, "Demo OpenRouter key", "sk-or-v1-demo0123456789abcdefghDemo"),
    (ProviderId::Mistral, "A key the provider refuses", "DEMOinvalid0123456789abcdefgDemo"),
];

/// The scripted provider and the directory that goes with the process.
pub(crate) struct Demo {
    sim: Sim,
    directory: tempfile::TempDir,
}

impl Demo {
    /// Starts the scripted provider.
    ///
    /// # Errors
    /// When no port or no directory can be had.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("The demo cannot start: {error}."));
        let sim = Sim::start(Script::demo()).await.map_err(failed)?;
        let directory = tempfile::Builder::new().prefix("ownkey-demo-").tempdir().map_err(failed)?;
        Ok(Self { sim, directory })
    }

    /// Where the demo's data is until it ends.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Every provider at the scripted one, and no key of the environment.
    pub(crate) fn providers(&self) -> providers::Found {
        let bases: HashMap<ProviderId, String> = provider_sim::provider_bases(self.sim.address())
            .into_iter()
            .filter_map(|(provider, url)| Some((provider.parse().ok()?, url)))
            .collect();
        let local = LocalEndpoints::default().with_embedded(self.sim.address());
        providers::Found { bases, local, ..providers::Found::default() }
    }

    /// Makes the demo's user, keys and token.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn furnish(&self, app: &Arc<App>) -> Result<Welcome, Failure> {
        let password: String =
            callers::random_secret(app).chars().filter(char::is_ascii_alphanumeric).take(14).collect();
        let admin = FirstAdmin {
            email: EMAIL.to_owned(),
            display_name: "Demo user".to_owned(),
            password: Password::new(password.clone()),
        };
        let id = setup::create_first_admin(app, admin).await?;
        let caller = command_line_caller(app, id).await?;
        for (provider, name, key) in KEYS {
            let new = NewKey {
                name: Some(name.to_owned()),
                note: Some("Made up for the demo.".to_owned()),
                api_key: Some(key.to_owned()),
                is_primary: true,
                wait_for_check: true,
                ..NewKey::of(provider)
            };
            credentials::create(app, &caller, new).await?;
        }
        let new = NewToken {
            name: "Demo token".to_owned(),
            scopes: None,
            models: None,
            policy: None,
            params: None,
            expires_at: None,
        };
        let minted = tokens::create(app, &caller, new).await?;
        Ok(Welcome { url: app.settings.public_url.clone(), password, token: minted.text.to_string() })
    }
}

async fn command_line_caller(app: &App, id: domain::ids::UserId) -> Result<Caller, Failure> {
    let user = store::users::by_id(&app.store, id).await.map_err(app::Error::from)?;
    let user = user.ok_or_else(|| Failure::new("The demo user is gone."))?;
    Ok(callers::caller_of(app, &user, Proof::CommandLine).await?)
}

/// What the demo tells whoever started it.
pub(crate) struct Welcome {
    url: String,
    password: String,
    token: String,
}

impl fmt::Display for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\nThis is a DEMO: a scripted provider answers, every key is made up, and all of it is\n\
             forgotten when you stop it.\n\n  \
             sign in at  {}/login\n  e-mail      {EMAIL}\n  password    {}\n\n\
             For the first call, paste this into another terminal:\n\n  export OWNKEY_TOKEN={}\n",
            self.url, self.password, self.token
        )
    }
}
