//! Sending one message, signed as Standard Webhooks says: HMAC-SHA256 over
//! `id.timestamp.body`, so that nobody else can tell the operator anything.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::ids::uuid_v7;
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde_json::json;
use sha2::Sha256;
use store::Store;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Webhook, message};
use crate::App;

/// What else the server's secret is for, and this is not.
const PURPOSE: &[u8] = b"ownkey: the webhook, 1";

/// How long a receiver has for its status.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the receiver checks signatures with, as its libraries take it.
#[must_use]
pub fn secret(store: &Store) -> String {
    format!("whsec_{}", STANDARD.encode(key(store)))
}

/// Made of a secret of the server's: the same on all nodes, and for nothing else.
fn key(store: &Store) -> [u8; 32] {
    let mut mac = keyed(store.server_secrets().access_token());
    mac.update(PURPOSE);
    mac.finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
}

/// Sends one message of kind `webhook.test` now; the receiver's status.
///
/// # Errors
/// A sentence about what came back instead.
pub async fn try_out(app: &App, webhook: &Webhook) -> Result<u16, String> {
    let now = app.clock.now();
    let told = json!({"detail": "This is a test. Nothing happened."});
    let body = message::body("webhook.test", &told, now);
    send(app, webhook, uuid_v7(now, &app.entropy), &body).await
}

/// Sends one message; the status, which is one of success.
///
/// # Errors
/// A sentence about what came back instead; it names the host and no path.
pub(super) async fn send(app: &App, webhook: &Webhook, id: Uuid, body: &str) -> Result<u16, String> {
    let (id, timestamp) = (id.to_string(), app.clock.now().as_seconds().to_string());
    let signature = signature(&key(&app.store), &id, &timestamp, body);
    let request = Request::builder()
        .method(Method::POST)
        .uri(webhook.uri().clone())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .map_err(|_| "the request cannot be written".to_owned())?;
    let patience = PATIENCE.min(app.upstream.clocks().first_header);
    let status = app.upstream.deliver(request, Instant::now() + patience).await.map_err(|failure| failure.sentence)?;
    if status.is_success() {
        Ok(status.as_u16())
    } else if status.is_redirection() {
        Err(format!("{webhook} answered {}, and redirects are not followed", status.as_u16()))
    } else {
        Err(format!("{webhook} answered {}", status.as_u16()))
    }
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
