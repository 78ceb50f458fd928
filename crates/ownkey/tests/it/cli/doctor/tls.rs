//! Shared rates over TLS, at a Redis whose certificate an authority of the house
//! signed.

use std::time::Duration;

use serde_json::json;
use testkit::{Client, Process, chat_body, eventually};

use super::super::{BINARY, EMAIL, KEY, sign_in};
use super::*;

/// Within which a server knows whether it counts there.
const SOON: Duration = Duration::from_secs(30);

const SECRET: &str = "redis-FAKE-password-1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_is_spoken_to_over_tls_when_its_authority_is_known_and_the_name_is_its_own() {
    let Some(redis) = Redis::start_with_tls(SECRET).await else { return };
    let place = Place::with_ann().await;
    let (url, authority) = (redis.tls_url(), redis.authority());
    let said = examine(&place, &[("REDIS_URL", &url), ("OWNKEY_CA_FILE", &authority)]).await.expect(0);
    assert_eq!(state(&said, "shared rates").0, "ok", "{}", said.stdout);

    // An authority that nobody named, a name that is not the certificate's, and
    // plain text where TLS is spoken.
    let of_a_name = url.replace("127.0.0.1", "localhost");
    let plain = url.replace("rediss://", "redis://");
    let known = ("OWNKEY_CA_FILE", authority.as_str());
    for environment in
        [&[("REDIS_URL", url.as_str())][..], &[("REDIS_URL", &of_a_name), known], &[("REDIS_URL", &plain)]]
    {
        let said = examine(&place, environment).await.expect(0);
        let (worst, found) = state(&said, "shared rates");
        assert_eq!(worst, "warning", "{found}");
        assert!(!said.stdout.contains(SECRET), "{}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_are_counted_in_a_redis_over_tls() {
    let Some(redis) = Redis::start_with_tls(SECRET).await else { return };
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let (url, authority) = (redis.tls_url(), redis.authority());
    let environment = [
        ("OPENAI_BASE_URL", place.base.as_str()),
        ("REDIS_URL", &url),
        ("OWNKEY_CA_FILE", &authority),
        ("OWNKEY_ADMIN_EMAIL", EMAIL),
        ("OWNKEY_LOG", "warn"),
    ];
    let served = Process::serve(BINARY, place.path(), &environment).await;
    let process = served.unwrap_or_else(|exit| panic!("{:?}: {}", exit.code, exit.stderr));
    let nobody = Client::new(&process.url, None);
    eventually("it counts there", SOON, async || {
        nobody.get("/metrics").await.expect(200).text().contains("ownkey_shared_rates 1").then_some(())
    })
    .await;
    let ann = sign_in(&process).await;
    let token = json!({"name": "one", "rate_limit": 100});
    let token = ann.post("/v2/tokens", &token).await.expect(201).json()["token"].as_str().unwrap().to_owned();
    let body = chat_body("gpt-5-mini", "Hi", false);
    Client::new(&process.url, Some(&token)).post("/v1/chat/completions", &body).await.expect(200);
    let kept = redis.says("KEYS ownkey:rates:*").await;
    let is_counted = |line: &str| line.starts_with("ownkey:rates:") && !line.ends_with("trial");
    assert!(kept.lines().any(is_counted), "{kept}");
    process.kill().await;
}
