//! The models on an Ollama server: what is there, fetching one more, throwing
//! one away. Who may fill a disk: the owner of the key, on a server of their
//! own out in the world; on a server that only the operator's list lets be
//! reached, and that everybody here may share, an admin.

use std::sync::Arc;

use domain::audit::Event;
use domain::ids::CredentialId;
use domain::model::ListedModel;
use domain::{Caller, ProviderId};
use llm::UpstreamError;
use llm::egress::Endpoint;
use llm::ollama::{Library, Progress, Pull, Running, Shown};
use store::credentials::StoredCredential;

use crate::App;
use crate::error::{Code, Error, Result};
use crate::secrets::Lent;
use crate::{checks, credentials, exhausted, naming, secrets, sign_in};

/// The longest name of a model, in characters.
const LONGEST_NAME: usize = 200;

/// What is on a server.
#[derive(Debug)]
pub struct Shelf {
    /// Its models.
    pub models: Vec<ListedModel>,
    /// Those that are loaded.
    pub running: Vec<Running>,
}

/// One more word of a fetch.
#[derive(Debug)]
pub enum Step {
    /// How far it has come.
    Progress(Progress),
    /// The model is there, and can be called.
    Done,
    /// It failed; nothing follows.
    Failed(Error),
}

/// A model on its way. Dropped, it stops; the server goes on from there the next
/// time.
pub struct Pulling {
    app: Arc<App>,
    caller: Caller,
    stored: StoredCredential,
    pull: Option<Pull>,
}

/// What is there.
///
/// # Errors
/// `not_found`, `endpoint_not_supported` for keys of others than Ollama, or why
/// the server did not answer.
pub async fn list(app: &App, caller: &Caller, id: CredentialId) -> Result<Shelf> {
    let server = Server::open(app, caller, id).await?;
    let library = server.library();
    let models = library.list().await.map_err(|error| server.failure(error))?;
    // An older server has no list of what is loaded.
    let running = library.running().await.unwrap_or_default();
    Ok(Shelf { models, running })
}

/// What one of its models can do.
///
/// # Errors
/// As [`list`]; `model_not_found`.
pub async fn show(app: &App, caller: &Caller, id: CredentialId, model: &str) -> Result<Shown> {
    let model = checked(model)?;
    let server = Server::open(app, caller, id).await?;
    server.library().show(model).await.map_err(|error| server.failure(error))
}

/// Throws a model away. The list of the key's models follows at once.
///
/// # Errors
/// As [`show`]; `forbidden` on a shared server for all but admins.
pub async fn delete(app: &App, caller: &Caller, id: CredentialId, model: &str) -> Result<()> {
    let model = checked(model)?;
    let server = Server::open_to_change(app, caller, id).await?;
    // Written before the server is asked: nothing is done that nobody hears of.
    audit(app, caller, Event::LibraryDeleteAsked { credential: id, model: model.to_owned() }).await?;
    server.library().delete(model).await.map_err(|error| server.failure(error))?;
    checks::run(app, &server.stored).await;
    Ok(())
}

/// Begins to fetch a model.
///
/// # Errors
/// As [`delete`].
pub async fn pull(app: &Arc<App>, caller: &Caller, id: CredentialId, model: &str) -> Result<Pulling> {
    let model = checked(model)?;
    let server = Server::open_to_change(app, caller, id).await?;
    audit(app, caller, Event::LibraryPullStarted { credential: id, model: model.to_owned() }).await?;
    let pull = server.library().pull(model).await.map_err(|error| server.failure(error))?;
    let stored = server.stored.clone();
    Ok(Pulling { app: Arc::clone(app), caller: caller.clone(), stored, pull: Some(pull) })
}

impl Pulling {
    /// The next word; `None` after the last one.
    pub async fn next(&mut self) -> Option<Step> {
        match self.pull.as_mut()?.next().await? {
            Ok(Progress::Done) => {
                self.pull = None;
                // Whoever hears that it is done finds it in the list.
                checks::run(&self.app, &self.stored).await;
                Some(Step::Done)
            }
            Ok(progress) => Some(Step::Progress(progress)),
            Err(error) => {
                self.pull = None;
                let error = match secrets::lend(&self.app, &self.stored) {
                    Ok(lent) => lent.secrets().fold(error, UpstreamError::without),
                    Err(_) => error,
                };
                Some(Step::Failed(failure(&self.app, &self.caller, &self.stored, &error)))
            }
        }
    }
}

/// The server behind a key.
struct Server<'a> {
    app: &'a App,
    caller: &'a Caller,
    stored: StoredCredential,
    lent: Lent<'a>,
    endpoint: Endpoint,
}

impl<'a> Server<'a> {
    async fn open(app: &'a App, caller: &'a Caller, id: CredentialId) -> Result<Self> {
        let stored = credentials::find_looked_after(app, caller, id).await?;
        let credential = &stored.credential;
        if credential.provider != ProviderId::Ollama {
            return Err(Error::new(
                Code::EndpointNotSupported,
                format!(
                    "{} has no library that Ownkey can look into; only Ollama has. Add and remove models there.",
                    credential.provider.display_name()
                ),
            ));
        }
        let (lent, endpoint) = secrets::lend_for_use(app, &stored)?;
        Ok(Self { app, caller, stored, lent, endpoint })
    }

    async fn open_to_change(app: &'a App, caller: &'a Caller, id: CredentialId) -> Result<Self> {
        let server = Self::open(app, caller, id).await?;
        let is_elsewhere = || async {
            let outcome = app.guard.is_public(&server.endpoint).await;
            outcome.map_err(|problem| Error::new(Code::EndpointNotAllowed, problem.to_string()))
        };
        if !caller.is_admin() && !is_elsewhere().await? {
            return Err(Error::new(
                Code::Forbidden,
                "This server is one that everybody here may share, so only an admin may change what is on its disk. Ask one of them.",
            ));
        }
        Ok(server)
    }

    fn library(&self) -> Library<'_> {
        Library::new(&self.app.upstream, &self.endpoint, self.lent.get())
    }

    fn failure(&self, error: UpstreamError) -> Error {
        let error = self.lent.secrets().fold(error, UpstreamError::without);
        failure(self.app, self.caller, &self.stored, &error)
    }
}

fn failure(app: &App, caller: &Caller, stored: &StoredCredential, error: &UpstreamError) -> Error {
    if error.class == domain::attempt::ErrorClass::NotFound {
        let sentence = "Ollama knows no model of this name. Look at the library for what is there, or at ollama.com for what can be fetched.";
        return Error::new(Code::ModelNotFound, sentence).of_field("model");
    }
    exhausted::of_one(caller, &stored.credential, error, app.clock.now())
}

async fn audit(app: &App, caller: &Caller, event: Event) -> Result<()> {
    let change = app.store.begin(app.clock.now(), sign_in::actor(caller), None).await?;
    Ok(change.commit(event).await?)
}

/// A name as Ollama has them; the audit log keeps it, so it may not be a key.
fn checked(model: &str) -> Result<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'-');
    let begins_well = model.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let fits = begins_well && model.len() <= LONGEST_NAME && model.bytes().all(is_plain) && !model.contains("..");
    if fits && !naming::holds_a_key(model) {
        return Ok(model);
    }
    Err(Error::invalid("model", "is no name that Ollama has; write one like llama3.2 or hf.co/owner/name:tag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_ollama_has() {
        for name in ["llama3.2", "gpt-oss:20b", "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "library/x_y"] {
            assert!(checked(name).is_ok(), "{name}");
        }
        for name in
            ["", "/etc/passwd", "a/../b", "two words", "a?b", "ü", "sk-proj-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"]
        {
            assert!(checked(name).is_err(), "{name}");
        }
        assert!(checked(&"a".repeat(201)).is_err());
    }
}
