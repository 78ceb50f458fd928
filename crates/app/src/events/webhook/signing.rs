//! What messages are signed with, as Standard Webhooks says: HMAC-SHA256 over
//! `id.timestamp.body`, so that nobody else can tell the operator anything. The
//! secrets are made of the server's own and are stored nowhere.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::audit::{Actor, Event};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::Store;
use store::webhooks::{self, Signing};

use crate::App;
use crate::error::{Code, Error, Result};

/// The longest grace.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// For how long the former secret signs too, when nothing is said.
pub const USUAL_GRACE: Duration = Duration::from_hours(24);

/// What the receiver checks signatures with, as its libraries take it: the secret
/// of this number, of which the server has one after the other.
#[must_use]
pub fn secret(store: &Store, number: u32) -> String {
    format!("whsec_{}", STANDARD.encode(key(store, number)))
}

/// A secret that took the place of another.
pub struct Rotated {
    /// What the receiver checks signatures with from now on.
    pub secret: String,
    /// Until when the one before signs too.
    pub former_until: Option<Timestamp>,
}

/// Signs with another secret from now on, on all nodes; for `grace` also with the
/// one before.
///
/// # Errors
/// `invalid_request` for a grace that is too long, `conflict` while the secret
/// before the present one still signs, unless the grace is zero: then only the
/// new one signs.
pub async fn rotate(app: &App, actor: Actor, grace: Duration) -> Result<Rotated> {
    if grace > LONGEST {
        return Err(Error::invalid("grace", "is too long; give at most 30d"));
    }
    let now = app.clock.now();
    let mut change = app.store.begin(now, actor, None).await?;
    let current = webhooks::signing_in(&mut change).await?;
    if let Some(until) = current.former_until.filter(|until| now < *until && !grace.is_zero()) {
        change.rollback().await?;
        return Err(Error::new(
            Code::Conflict,
            format!(
                "The secret was replaced a short while ago, and the one before it signs until {until}. Wait for that, or end both at once with --grace 0."
            ),
        ));
    }
    let number = current.number.saturating_add(1);
    let former_until = (!grace.is_zero()).then(|| now.plus(grace));
    webhooks::sign_with(&mut change, Signing { number, since: Some(now), former_until }).await?;
    let event = Event::WebhookSecretRotated { number, former_until: former_until.map(Timestamp::as_micros) };
    change.commit(event).await?;
    Ok(Rotated { secret: secret(&app.store, number), former_until })
}

/// A message's signatures with the secrets of these numbers, as one header.
pub(super) fn signatures(
    store: &Store,
    numbers: impl Iterator<Item = u32>,
    id: &str,
    timestamp: &str,
    body: &str,
) -> String {
    numbers.map(|number| signature(&key(store, number), id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

/// Made of a secret of the server's: the same on all nodes, and for nothing else.
fn key(store: &Store, number: u32) -> [u8; 32] {
    let mut mac = keyed(store.server_secrets().access_token());
    mac.update(format!("ownkey: the webhook, {number}").as_bytes());
    mac.finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let mut mac = keyed(key);
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_that_the_specifications_libraries_make() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
