//! `ownkey webhook …`: what the receiver needs, a try, and how it goes.

use std::sync::Arc;

use serde_json::Value;
use testkit::{RawProvider, RawRequest, RawStep};

use super::{BINARY, Place};

async fn receiver() -> RawProvider {
    let script = |request: &RawRequest| {
        let status = if request.path().contains("gone") { "410 Gone" } else { "202 Accepted" };
        Some(vec![RawStep::send(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))])
    };
    RawProvider::start(Arc::new(script), "127.0.0.1:1".parse().unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_try_says_what_came_back_and_never_the_path() {
    let (place, receiver) = (Place::with_ann().await, receiver().await);
    let origin = format!("http://{}", receiver.address());
    let (hook, gone) = (format!("{origin}/hidden"), format!("{origin}/hidden/gone"));
    let listed = [("OWNKEY_WEBHOOK_URL", hook.as_str()), ("OWNKEY_LOCAL_ENDPOINTS", origin.as_str())];
    let said = place.run_with(&listed, &["webhook", "test"], None).await.expect(0);
    assert_eq!(said.stdout, format!("{origin} took it (202).\n"));
    let seen = receiver.seen();
    assert!(seen[0].text().contains("webhook.test") && seen[0].head.contains("webhook-signature: v1,"), "{seen:?}");

    let listed = [("OWNKEY_WEBHOOK_URL", gone.as_str()), ("OWNKEY_LOCAL_ENDPOINTS", origin.as_str())];
    let said = place.run_with(&listed, &["webhook", "test"], None).await.expect(1);
    assert!(said.stderr.contains(&format!("{origin} answered 410")), "{}", said.stderr);

    let unlisted = [("OWNKEY_WEBHOOK_URL", hook.as_str())];
    for words in [&["webhook", "test"][..], &["config", "check"]] {
        let said = place.run_with(&unlisted, words, None).await;
        assert_ne!(said.code, Some(0));
        assert!(said.stderr.contains("OWNKEY_LOCAL_ENDPOINTS") && !said.stderr.contains("hidden"), "{}", said.stderr);
    }
    let exit = testkit::Process::serve(BINARY, place.path(), &unlisted).await.err().unwrap();
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
    let shown = place.run_with(&listed, &["config", "show"], None).await.expect(0);
    assert!(shown.stdout.contains(&format!("{origin}/…")) && !shown.stdout.contains("hidden"), "{}", shown.stdout);
    let said = place.run("webhook test").await.expect(78);
    assert!(said.stderr.contains("OWNKEY_WEBHOOK_URL is not set"), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_is_the_same_each_time_and_the_status_can_be_read() {
    let place = Place::with_ann().await;
    let secret = place.run("webhook secret").await.expect(0).stdout;
    assert!(secret.starts_with("whsec_") && secret.trim().len() == 50, "{secret}");
    assert_eq!(place.run("webhook secret").await.expect(0).stdout, secret);
    let status = place.run("webhook status --json").await.expect(0).json();
    assert_eq!((status["waiting"].as_u64(), status["to"].is_null()), (Some(0), true), "{status}");
    assert_eq!((&status["secret_since"], &status["former_secret_until"]), (&Value::Null, &Value::Null));
    let text = place.run("webhook status").await.expect(0).stdout;
    assert!(text.contains("nobody; OWNKEY_WEBHOOK_URL is not set") && text.contains("waiting: 0"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_is_replaced_and_the_status_says_until_when_the_former_one_signs() {
    let place = Place::with_ann().await;
    let first = place.run("webhook secret").await.expect(0).stdout;
    let rotated = place.run("webhook rotate").await.expect(0);
    assert!(rotated.stdout.starts_with("whsec_") && rotated.stdout != first, "{}", rotated.stdout);
    assert!(rotated.stderr.contains("The former one signs too until"), "{}", rotated.stderr);
    assert_eq!(place.run("webhook secret").await.expect(0).stdout, rotated.stdout);
    let status = place.json("webhook status").await;
    assert!(status["former_secret_until"].as_str() > status["secret_since"].as_str(), "{status}");
    let text = place.run("webhook status").await.expect(0).stdout;
    assert!(text.contains("; the one before signs until 20"), "{text}");

    let early = place.run("webhook rotate --grace 1h").await.expect(1);
    assert!(early.stdout.is_empty() && early.stderr.contains("--grace 0"), "{}", early.stderr);
    let now = place.json("webhook rotate --grace 0").await;
    assert_eq!(now["former_until"], Value::Null);
    assert_eq!(place.json("webhook status").await["former_secret_until"], Value::Null);
    let log = place.run("audit export").await.expect(0).stdout;
    let rotations = log.lines().filter(|line| line.contains("webhook.secret_rotated") && line.contains("cli"));
    assert_eq!(rotations.count(), 2);
    assert!(!log.contains("whsec_"), "{log}");
    let elsewhere = [("OWNKEY_URL", "http://127.0.0.1:18999"), ("OWNKEY_TOKEN", "x")];
    place.run_with(&elsewhere, &["webhook", "rotate"], None).await.expect(1);
}
