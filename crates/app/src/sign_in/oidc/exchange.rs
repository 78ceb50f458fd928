//! From a code to a person: the code is exchanged, the ID token is checked, and
//! what it leaves out is asked for.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Timestamp;
use openidconnect::core::{CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, IdTokenClaims, IdTokenVerifier, Nonce,
    OAuth2TokenResponse as _, PkceCodeVerifier, RequestTokenError, SubjectIdentifier, TokenResponse as _,
    UserInfoClaims, UserInfoError,
};

use super::claims::{Extra, Person};
use super::provider::{self, Http, Known, unreachable_now};
use super::settings::Oidc;
use super::unproven;
use super::voyage::Voyage;
use crate::App;
use crate::error::{Code, Error, Result};

/// How far two clocks may be apart without harm.
const SKEW: Duration = Duration::from_secs(60);

/// How far a token may come from the future before somebody has to set a clock.
const FUTURE: Duration = Duration::from_secs(5 * 60);

/// Who came back with this code.
///
/// # Errors
/// A sentence for them; what came proves nothing, or nobody could be asked.
pub(super) async fn who_is_it(app: &App, oidc: &Oidc, voyage: &Voyage, code: String) -> Result<Person> {
    let known = provider::known(app, oidc).await?;
    let http = Http::of(app, oidc);
    let exchange = known.client.exchange_code(AuthorizationCode::new(code));
    let exchange = exchange.map_err(|error| unproven(oidc).because(error))?;
    let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(voyage.verifier.clone()));
    let tokens = exchange.request_async(&http).await.map_err(|error| match error {
        RequestTokenError::Request(failure) => unreachable_now(oidc, failure),
        RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
            Error::new(
                Code::Forbidden,
                format!(
                    "{} no longer knows of this sign-in: it took too long, or was used before. Begin again.",
                    oidc.name
                ),
            )
        }
        RequestTokenError::ServerResponse(answer) => not_taken(oidc, answer.error().as_ref()),
        // Its words may hold what it sent.
        RequestTokenError::Parse(error, _) => unproven(oidc).because(format!("no token answer at {}", error.path())),
        RequestTokenError::Other(words) => unproven(oidc).because(words),
    })?;
    let id_token = tokens.id_token().ok_or_else(|| unproven(oidc).because("there was no ID token"))?;
    let nonce = Nonce::new(voyage.nonce.clone());
    let first = verifier(app, &known);
    let (claims, known) = match id_token.claims(&first, &nonce) {
        // It may sign with a key that is newer than what we know.
        Err(ClaimsVerificationError::SignatureVerification(_)) => {
            let known = provider::known_anew(app, oidc, &known).await?;
            let again = verifier(app, &known);
            (id_token.claims(&again, &nonce).map_err(|error| doubted(oidc, error))?, Arc::clone(&known))
        }
        checked => (checked.map_err(|error| doubted(oidc, error))?, Arc::clone(&known)),
    };
    if claims.issue_time() > moment(app.clock.now().plus(FUTURE)) {
        return Err(of_another_time(oidc).because("the ID token was issued in the future"));
    }
    // The library leaves this one to whoever calls it.
    if claims.authorized_party().is_some_and(|party| party.as_str() != oidc.client_id) {
        return Err(unproven(oidc).because("the ID token was made for another client"));
    }
    if let Some(said) = claims.access_token_hash() {
        let verifier = verifier(app, &known);
        let hash = id_token.signing_alg().and_then(|algorithm| {
            let key = id_token.signing_key(&verifier)?;
            Ok(AccessTokenHash::from_token(tokens.access_token(), algorithm, key).ok())
        });
        if hash.ok().flatten().as_ref() != Some(said) {
            return Err(unproven(oidc).because("the ID token is of another access token"));
        }
    }
    let person = of_token(oidc, claims);
    let is_enough = person.email.is_some()
        && person.is_verified.is_some()
        && (person.groups.is_some() || !oidc.admission.asks_for_groups());
    if is_enough || known.client.user_info_url().is_none() {
        return Ok(person);
    }
    let more = asked(app, oidc, &known, tokens.access_token().clone(), claims.subject().clone()).await?;
    Ok(person.or(more))
}

/// What the user-info endpoint says of the same subject.
async fn asked(
    app: &App,
    oidc: &Oidc,
    known: &Known,
    token: AccessToken,
    subject: SubjectIdentifier,
) -> Result<Person> {
    let http = Http::of(app, oidc);
    let question = known.client.user_info(token, Some(subject)).map_err(|error| unproven(oidc).because(error))?;
    let told: UserInfoClaims<Extra, CoreGenderClaim> =
        question.request_async(&http).await.map_err(|error| match error {
            UserInfoError::Request(failure) => unreachable_now(oidc, failure),
            UserInfoError::ClaimsVerification(error) => unproven(oidc).because(error),
            UserInfoError::Response(status, ..) => {
                unproven(oidc).because(format!("its user-info endpoint answered with status {status}"))
            }
            UserInfoError::Parse(error) => unproven(oidc).because(format!("no user info at {}", error.path())),
            error => unproven(oidc).because(error.to_string()),
        })?;
    Ok(Person {
        subject: told.subject().as_str().to_owned(),
        email: told.email().map(|email| email.as_str().to_owned()),
        is_verified: told.email_verified(),
        name: told.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
        groups: told.additional_claims().groups(&oidc.groups_claim),
        has_unnamed_groups: told.additional_claims().has_unnamed_groups(&oidc.groups_claim),
        authenticated_at: None,
    })
}

fn of_token(oidc: &Oidc, claims: &IdTokenClaims<Extra, CoreGenderClaim>) -> Person {
    Person {
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        is_verified: claims.email_verified(),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
        groups: claims.additional_claims().groups(&oidc.groups_claim),
        has_unnamed_groups: claims.additional_claims().has_unnamed_groups(&oidc.groups_claim),
        authenticated_at: claims.auth_time().map(|at| Timestamp::from_seconds(at.timestamp())),
    }
}

/// Signed by the provider with an algorithm that it announced and that has a
/// public key, from this issuer, for us alone, and not out of date.
fn verifier<'a>(app: &App, known: &'a Known) -> IdTokenVerifier<'a, CoreJsonWebKey> {
    let now = app.clock.now().minus(SKEW);
    known.client.id_token_verifier().set_allowed_algs(known.algorithms.clone()).set_time_fn(move || moment(now))
}

fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(at.as_seconds(), 0).unwrap_or_default()
}

/// Why an ID token is not believed.
fn doubted(oidc: &Oidc, error: ClaimsVerificationError) -> Error {
    match error {
        ClaimsVerificationError::Expired(_) => of_another_time(oidc).because(error),
        error => unproven(oidc).because(error),
    }
}

fn of_another_time(oidc: &Oidc) -> Error {
    Error::new(
        Code::Forbidden,
        format!(
            "By this server's clock, the answer of {} is of another time. Begin again; if it stays, an admin should compare the two clocks.",
            oidc.name
        ),
    )
}

/// It does not know us.
fn not_taken(oidc: &Oidc, word: &str) -> Error {
    let shown: String = word.chars().filter(|c| !domain::text::is_invisible(*c)).take(100).collect();
    Error::new(
        Code::ProviderError,
        format!(
            "{} does not take this server's request. Tell an admin of this server; its log has the reason.",
            oidc.name
        ),
    )
    .because(format!("its token endpoint said: {shown}"))
}
