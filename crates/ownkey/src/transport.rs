//! How the command line reaches the house: over HTTP with a token, or straight
//! on the store through the same doors. Every command is written once.

use std::sync::Arc;

use app::App;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use domain::caller::Proof;
use domain::{Caller, ProviderId, Secret};
use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use http_body_util::BodyExt;
use llm::client::{Auth, Clocks, Outgoing, Upstream, UpstreamBody};
use llm::egress::{EgressGuard, Endpoint, LocalEndpoints};
use serde_json::Value;
use tower::ServiceExt;
use web::auth::Authenticated;
use web::origins::Origins;
use web::router::{Shared, router};

use crate::cli::Place;
use crate::config::environment::Environment;
use crate::config::{self, providers};
use crate::{Failure, boot};

/// The largest answer read at once, in bytes.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// A way to the house.
pub(crate) enum Transport {
    /// In process, with the master key.
    House { app: Arc<App>, router: Router, caller: Authenticated, email: String },
    /// Over HTTP, with a token.
    Remote { upstream: Upstream, endpoint: Box<Endpoint>, token: Secret },
}

/// An answer that is still coming.
pub(crate) enum Coming {
    House(axum::body::BodyDataStream),
    Remote(UpstreamBody),
}

impl Coming {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        match self {
            Self::House(body) => {
                Some(body.next().await?.map_err(|error| Failure::new(format!("The answer broke off: {error}."))))
            }
            Self::Remote(body) => Some(body.next_frame().await?.map_err(|failure| Failure::new(failure.sentence))),
        }
    }
}

impl Transport {
    /// The way that `OWNKEY_URL` and `OWNKEY_TOKEN` name, else the store.
    ///
    /// # Errors
    /// When neither leads anywhere.
    pub(crate) async fn find(place: &Place, environment: &Environment) -> Result<Self, Failure> {
        let token = environment.value("OWNKEY_TOKEN")?;
        match (environment.process_value("OWNKEY_URL"), token) {
            (Some(url), Some(token)) => Self::remote(url, token.value),
            (Some(_), None) => {
                Err(Failure::configuration("OWNKEY_URL is set and OWNKEY_TOKEN is not. Set both, or neither."))
            }
            (None, _) => Self::house(place, environment).await,
        }
    }

    fn remote(url: &str, token: String) -> Result<Self, Failure> {
        // The operator's own words: this server may be anywhere.
        let origin = url::Url::parse(url).ok().as_ref().and_then(domain::Origin::of);
        let origin = origin.ok_or_else(|| {
            Failure::configuration(format!("OWNKEY_URL is “{url}”; write it like http://127.0.0.1:8000."))
        })?;
        let guard = EgressGuard::new(LocalEndpoints::none().with(origin), Vec::new());
        let endpoint = guard
            .check_literal(ProviderId::Custom, url)
            .map_err(|problem| Failure::configuration(format!("OWNKEY_URL cannot be used. {problem}")))?;
        Ok(Self::Remote {
            upstream: Upstream::new(guard, Clocks::default(), Vec::new()),
            endpoint: Box::new(endpoint),
            token: Secret::new(token),
        })
    }

    async fn house(place: &Place, environment: &Environment) -> Result<Self, Failure> {
        let data_dir = config::data_dir(place, environment);
        let config = config::read(place, None, data_dir, environment)?;
        let found = providers::read(environment, config.local_endpoints.as_deref(), config.local_cidrs.as_deref())?;
        let ground = boot::open_store(&config, environment, false).await?;
        let app =
            boot::build(&config, ground.store, found, boot::references(&config, environment), None, false).await?;
        app.start_heartbeat();
        let user = acting_user(&app, place.user.as_deref()).await?;
        let origins = Origins::new(&app.settings.public_url, config.listen);
        let shared = Shared::new(Arc::clone(&app), origins, Vec::new());
        let caller = Authenticated(Arc::new(app::callers::caller_of(&app, &user, Proof::CommandLine).await?));
        Ok(Self::House { router: router(shared), app, caller, email: user.email })
    }

    /// One call; its JSON answer.
    ///
    /// # Errors
    /// The sentence of the refusal.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let (status, coming) = self.open(method, path, body).await?;
        let bytes = collect(coming).await?;
        let value = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        if status.is_success() { Ok(value) } else { Err(refusal(status, &value)) }
    }

    /// One call whose answer comes in pieces.
    ///
    /// # Errors
    /// The sentence of the refusal.
    pub(crate) async fn stream(&self, path: &str, body: &Value) -> Result<Coming, Failure> {
        opened(self.open(Method::POST, path, Some(body)).await?).await
    }

    /// A file that comes in pieces.
    ///
    /// # Errors
    /// The sentence of the refusal.
    pub(crate) async fn download(&self, path: &str) -> Result<Coming, Failure> {
        opened(self.open(Method::GET, path, None).await?).await
    }

    async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(http::StatusCode, Coming), Failure> {
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        match self {
            Self::House { router, caller, .. } => {
                let mut request = Request::builder().method(method).uri(path);
                if body.is_some() {
                    request = request.header(CONTENT_TYPE, "application/json");
                }
                let mut request = request
                    .body(Body::from(bytes))
                    .map_err(|error| Failure::new(format!("The request cannot be made: {error}.")))?;
                request.extensions_mut().insert(caller.clone());
                let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                Ok((response.status(), Coming::House(response.into_body().into_data_stream())))
            }
            Self::Remote { upstream, endpoint, token } => {
                let outgoing = Outgoing {
                    method,
                    endpoint,
                    path,
                    auth: Auth::Bearer(token),
                    body: Bytes::from(bytes).into(),
                    streaming: true,
                    request_id: None,
                    extra_headers: &[],
                };
                let incoming = upstream
                    .send(outgoing)
                    .await
                    .map_err(|failure| Failure { sentence: failure.sentence, exit_code: 69 })?;
                Ok((incoming.status, Coming::Remote(incoming.body)))
            }
        }
    }

    /// The store, where this process holds it.
    pub(crate) fn store(&self) -> Option<&store::Store> {
        match self {
            Self::House { app, .. } => Some(&app.store),
            Self::Remote { .. } => None,
        }
    }

    /// The house and who acts in it, where this process holds the store.
    pub(crate) fn in_house(&self) -> Option<(&Arc<App>, &Caller)> {
        match self {
            Self::House { app, caller, .. } => Some((app, &caller.0)),
            Self::Remote { .. } => None,
        }
    }

    /// The address of who acts, where this process knows it.
    pub(crate) fn acting_email(&self) -> Option<&str> {
        match self {
            Self::House { email, .. } => Some(email),
            Self::Remote { .. } => None,
        }
    }

    /// Waits for what the command started, and closes the store.
    pub(crate) async fn close(self) {
        if let Self::House { app, .. } = self {
            app.close().await;
        }
    }
}

/// What comes, unless it is a refusal.
async fn opened((status, coming): (http::StatusCode, Coming)) -> Result<Coming, Failure> {
    if status.is_success() {
        return Ok(coming);
    }
    let bytes = collect(coming).await?;
    Err(refusal(status, &serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

async fn collect(coming: Coming) -> Result<Bytes, Failure> {
    match coming {
        Coming::House(stream) => {
            let body = Body::from_stream(stream);
            let collected =
                body.collect().await.map_err(|error| Failure::new(format!("The answer broke off: {error}.")))?;
            Ok(collected.to_bytes())
        }
        Coming::Remote(body) => body.collect(ANSWER_BYTES).await.map_err(|failure| Failure::new(failure.sentence)),
    }
}

fn refusal(status: http::StatusCode, body: &Value) -> Failure {
    let sentence = body
        .get("detail")
        .or_else(|| body.get("error").and_then(|error| error.get("message")))
        .and_then(Value::as_str)
        .map_or_else(|| format!("The server answered {status}."), str::to_owned);
    Failure::new(sentence)
}

/// The user to act as: the named one, or the only one.
async fn acting_user(app: &App, email: Option<&str>) -> Result<store::users::User, Failure> {
    let read = |error: store::StoreError| Failure::from(app::Error::from(error));
    if let Some(email) = email {
        let user = store::users::by_email(&app.store, email).await.map_err(read)?;
        let user = user.ok_or_else(|| Failure::new(format!("There is no user {email}.")))?;
        return if user.is_active { Ok(user) } else { Err(switched_off(&user)) };
    }
    let (users, count) = store::users::list(&app.store, 0, 2).await.map_err(read)?;
    match users.into_iter().next() {
        Some(user) if count == 1 && user.is_active => Ok(user),
        Some(user) if count == 1 => Err(switched_off(&user)),
        Some(_) => Err(Failure::new(format!("There are {count} users. Say which one with --user EMAIL."))),
        None => Err(Failure::new(
            "Nobody has an account yet. Run `ownkey serve` and open the set-up link, or start it once with OWNKEY_ADMIN_EMAIL and OWNKEY_ADMIN_PASSWORD.",
        )),
    }
}

/// An account that is switched off does nothing, whoever holds the master key.
fn switched_off(user: &store::users::User) -> Failure {
    Failure::new(format!(
        "The account {} is switched off, so nothing was done. Switch it on again, or say another one with --user EMAIL.",
        user.email
    ))
}
