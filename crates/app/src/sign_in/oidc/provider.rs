//! What the provider says of itself: asked when it is needed, kept for an hour,
//! and asked anew when it signs with a key that was not there.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Origin, Secret, Timestamp};
use llm::client::{SendFailure, Upstream};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, AuthType, ClientId, ClientSecret, DiscoveryError,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenFields,
    IssuerUrl, ProviderMetadata, RedirectUrl, StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::claims::Extra;
use super::settings::Oidc;
use crate::App;
use crate::error::{Code, Error, Result};

/// How long what the provider said of itself is believed.
const KEPT: Duration = Duration::from_secs(3600);

/// How long a provider that could not be asked is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// How long one question to the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The algorithms a signature may have: with a public key, so that nobody who
/// can check one can make one.
const ASYMMETRIC: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What else it says of itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct More {
    /// Whether it names itself when it sends somebody back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    /// Where one signs out there (OpenID Connect RP-Initiated Logout 1.0).
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

pub(super) type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider that said how it works.
pub(super) struct Known {
    pub(super) client: Client,
    /// With what it signs, of those that may be.
    pub(super) algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// Whether it always names itself when it sends somebody back.
    pub(super) names_itself: bool,
    /// Where somebody signs out there, and then comes back to our own page.
    pub(super) way_out: Option<String>,
}

/// What is known of the operator's provider.
#[derive(Default)]
pub(crate) struct Provider(Mutex<Option<Asked>>);

struct Asked {
    at: Timestamp,
    answer: std::result::Result<Arc<Known>, Error>,
}

/// The provider as it is known; asked where it is not, or long ago.
pub(super) async fn known(app: &App, oidc: &Oidc) -> Result<Arc<Known>> {
    let mut kept = app.oidc.0.lock().await;
    if let Some(asked) = kept.as_ref() {
        let age = app.clock.now().since(asked.at);
        match &asked.answer {
            Ok(known) if age < KEPT => return Ok(Arc::clone(known)),
            Err(error) if age < LEFT_ALONE => return Err(error.copy()),
            _ => {}
        }
    }
    ask(app, oidc, &mut kept).await
}

/// The provider, asked anew unless somebody else just did: for a signature by a
/// key that `seen` does not have.
pub(super) async fn known_anew(app: &App, oidc: &Oidc, seen: &Arc<Known>) -> Result<Arc<Known>> {
    let mut kept = app.oidc.0.lock().await;
    if let Some(Asked { answer: Ok(known), .. }) = kept.as_ref()
        && !Arc::ptr_eq(known, seen)
    {
        return Ok(Arc::clone(known));
    }
    ask(app, oidc, &mut kept).await
}

async fn ask(app: &App, oidc: &Oidc, kept: &mut Option<Asked>) -> Result<Arc<Known>> {
    let answer = discover(app, oidc).await.map(Arc::new);
    let at = app.clock.now();
    match answer {
        Ok(known) => {
            *kept = Some(Asked { at, answer: Ok(Arc::clone(&known)) });
            Ok(known)
        }
        Err(error) => {
            *kept = Some(Asked { at, answer: Err(error.copy()) });
            Err(error)
        }
    }
}

async fn discover(app: &App, oidc: &Oidc) -> Result<Known> {
    let issuer = IssuerUrl::new(oidc.issuer.clone()).map_err(|error| unusable(oidc, error))?;
    let http = Http::of(app, oidc);
    let metadata = Metadata::discover_async(issuer, &http).await.map_err(|error| match error {
        DiscoveryError::Request(failure) => unreachable_now(oidc, failure),
        DiscoveryError::Response(status, _, _) => {
            unusable(oidc, format!("its description was answered with status {status}"))
        }
        error => unusable(oidc, error),
    })?;
    let says = metadata.id_token_signing_alg_values_supported();
    let algorithms: Vec<_> = ASYMMETRIC.into_iter().filter(|algorithm| says.contains(algorithm)).collect();
    if algorithms.is_empty() {
        return Err(unusable(oidc, "it signs with no algorithm that is taken here"));
    }
    let methods = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
    let in_body = methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
    let names_itself = metadata.additional_metadata().authorization_response_iss_parameter_supported;
    let way_out = metadata.additional_metadata().end_session_endpoint.as_deref();
    let way_out = way_out.and_then(|address| way_out_of(app, oidc, address));
    let secret = oidc.client_secret.as_ref().map(shown_to_its_provider);
    let redirect = RedirectUrl::new(format!("{}/login/oidc/callback", app.settings.public_url))
        .map_err(|error| unusable(oidc, error))?;
    let client = Client::from_provider_metadata(metadata, ClientId::new(oidc.client_id.clone()), secret)
        .set_redirect_uri(redirect)
        .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
    Ok(Known { client, algorithms, names_itself, way_out })
}

/// The address with what it needs to know; none where a browser should not go.
fn way_out_of(app: &App, oidc: &Oidc, address: &str) -> Option<String> {
    let mut url = url::Url::parse(address).ok()?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && oidc.issuer.starts_with("http://"));
    if !is_safe || url.host_str().is_none() {
        return None;
    }
    let back = format!("{}/login", app.settings.public_url);
    url.query_pairs_mut().append_pair("client_id", &oidc.client_id).append_pair("post_logout_redirect_uri", &back);
    Some(url.into())
}

/// Our own secret at the provider: the one text of its kind that leaves
/// [`Secret`], for the type in which the library sends it, and prints it never.
fn shown_to_its_provider(secret: &Secret) -> ClientSecret {
    ClientSecret::new(secret.expose().to_owned())
}

/// The house's one way out, as the library asks questions through it.
pub(super) struct Http {
    upstream: Upstream,
    origin: Origin,
}

impl Http {
    pub(super) fn of(app: &App, oidc: &Oidc) -> Self {
        Self { upstream: app.upstream.clone(), origin: oidc.origin.clone() }
    }
}

impl AsyncHttpClient<'_> for Http {
    type Error = SendFailure;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, SendFailure>> + Send>>;

    fn call(&self, request: HttpRequest) -> Self::Future {
        let (upstream, origin) = (self.upstream.clone(), self.origin.clone());
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let request = http::Request::from_parts(head, Bytes::from(body));
            let deadline = Instant::now() + PATIENCE;
            let (head, body) = upstream.exchange(&origin, request, MAX_BYTES, deadline).await?.into_parts();
            Ok(http::Response::from_parts(head, body.into()))
        })
    }
}

/// Nobody answers there.
pub(super) fn unreachable_now(oidc: &Oidc, failure: SendFailure) -> Error {
    let sentence = format!(
        "{} cannot be asked who you are just now. Try again shortly; if it stays, tell an admin of this server.",
        oidc.name
    );
    Error::new(Code::ProviderError, sentence).because(failure)
}

/// What it says of itself cannot be used.
fn unusable(oidc: &Oidc, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let sentence = format!(
        "{} is not set up so that it can be used here. Tell an admin of this server; its log has the reason.",
        oidc.name
    );
    Error::new(Code::ProviderError, sentence).because(cause)
}
