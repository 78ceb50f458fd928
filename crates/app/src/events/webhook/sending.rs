//! Sending one message.

use std::time::Duration;

use bytes::Bytes;
use domain::ids::uuid_v7;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use serde_json::json;
use store::webhooks::{self, Signing};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Webhook, message, signing};
use crate::App;

/// How long a receiver has for its status.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends one message of kind `webhook.test` now; the receiver's status.
///
/// # Errors
/// A sentence about what came back instead.
pub async fn try_out(app: &App, webhook: &Webhook) -> Result<u16, String> {
    let now = app.clock.now();
    let told = json!({"detail": "This is a test. Nothing happened."});
    let body = message::body("webhook.test", &told, now);
    let signing =
        webhooks::signing(&app.store).await.map_err(|error| format!("the database cannot be read: {error}"))?;
    send(app, webhook, signing, uuid_v7(now, &app.entropy), &body).await
}

/// Sends one message; the status, which is one of success.
///
/// # Errors
/// A sentence about what came back instead; it names the host and no path.
pub(super) async fn send(app: &App, webhook: &Webhook, signing: Signing, id: Uuid, body: &str) -> Result<u16, String> {
    let now = app.clock.now();
    let (id, timestamp) = (id.to_string(), now.as_seconds().to_string());
    let signature = signing::signatures(&app.store, signing.numbers(now), &id, &timestamp, body);
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
