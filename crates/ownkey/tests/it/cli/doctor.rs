//! `ownkey doctor`: each fault is found, and nothing secret is said.

mod tls;

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use testkit::{MASTER_KEY, RawDatabase, Redis, Said};

use super::{KEY, Place};

const ENVIRONMENT_KEY: &str = "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789envi";

async fn examine(place: &Place, environment: &[(&str, &str)]) -> Said {
    place.run_with(environment, &["doctor", "--json"], None).await
}

/// The worst state of a check, and all that was found.
fn state(said: &Said, check: &str) -> (String, String) {
    let json = said.json();
    let rows: Vec<&Value> = json["checks"].as_array().unwrap().iter().filter(|row| row["check"] == check).collect();
    assert!(!rows.is_empty(), "no {check} in {json}");
    let has = |state: &str| rows.iter().any(|row| row["state"] == state);
    let worst = ["error", "warning", "ok"].into_iter().find(|state| has(state)).unwrap();
    (worst.to_owned(), rows.iter().map(|row| format!("{} {}", row["finding"], row["advice"])).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_well_in_a_house_that_was_just_made() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let said = examine(&place, &[("GROQ_API_KEY", ENVIRONMENT_KEY)]).await.expect(0);
    assert_eq!(said.json()["ok"], true);
    for check in ["configuration", "environment keys", "database", "master key", "audit log", "clock", "port"] {
        assert_eq!(state(&said, check).0, "ok", "{check}: {}", said.stdout);
    }
    for secret in [KEY, ENVIRONMENT_KEY, "ok1:"] {
        assert!(!said.stdout.contains(secret) && !said.stderr.contains(secret));
    }
    let text = place.run("doctor --full").await.expect(0);
    assert!(text.stdout.contains("✓ audit log: the chain holds"), "{}", text.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_is_looked_for_and_its_password_never_told() {
    let place = Place::with_ann().await;
    let (password, dead) = ("redis-FAKE-password-1", "redis://ann:redis-FAKE-password-1@127.0.0.1:1/2");
    let said = examine(&place, &[("REDIS_URL", dead)]).await.expect(0);
    let (worst, found) = state(&said, "shared rates");
    assert!(worst == "warning" && found.contains("redis://127.0.0.1:1/2: it cannot be reached"), "{found}");
    for words in [&["config", "check"][..], &["config", "show"]] {
        let shown = place.run_with(&[("REDIS_URL", dead)], words, None).await.expect(0);
        assert!(shown.stdout.contains("redis://127.0.0.1:1/2"), "{}", shown.stdout);
        assert!(!format!("{}{}{}", shown.stdout, shown.stderr, said.stdout).contains(password), "{}", shown.stdout);
    }
    let wrong = [("REDIS_URL", "https://ann:redis-FAKE-password-1@127.0.0.1")];
    let said = place.run_with(&wrong, &["config", "check"], None).await.expect(78);
    assert!(said.stderr.contains("REDIS_URL is no address of a Redis") && !said.stderr.contains(password));

    let Some(redis) = Redis::start(password).await else { return };
    let said = examine(&place, &[("REDIS_URL", &redis.url())]).await.expect(0);
    assert_eq!(state(&said, "shared rates").0, "ok", "{}", said.stdout);
    let other = redis.url().replace(password, "another-FAKE-password");
    let said = examine(&place, &[("REDIS_URL", &other)]).await.expect(0);
    let (worst, found) = state(&said, "shared rates");
    assert!(worst == "warning" && found.contains("it refuses the password"), "{found}");
    let said = place.run_with(&[("REDIS_URL", &redis.url())], &["config", "check"], None).await.expect(0);
    assert!(said.stdout.contains("answers."), "{}", said.stdout);
    assert!(!said.stdout.contains("FAKE"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_start_it_says_what_makes_things_and_makes_none() {
    let place = Place::empty().await;
    let said = place.run("doctor").await.expect(0);
    assert!(said.stdout.contains("! database: there is none yet"), "{}", said.stdout);
    assert!(std::fs::read_dir(place.path()).unwrap().next().is_none(), "nothing is made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_is_found_at_its_port_and_a_stranger_too() {
    let place = Place::empty().await;
    let process = place.serve().await;
    let at = process.url.trim_start_matches("http://").to_owned();
    let said = examine(&place, &[("OWNKEY_LISTEN", &at)]).await.expect(0);
    let (worst, found) = state(&said, "port");
    assert!(worst == "ok" && found.contains("is ready"), "{found}");
    process.kill().await;
    let stranger = place.base.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let said = examine(&place, &[("OWNKEY_LISTEN", &stranger)]).await.expect(1);
    let (worst, found) = state(&said, "port");
    assert!(worst == "error" && found.contains("--listen"), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_found_and_the_exit_says_so() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let database =
        || async { RawDatabase::open(&format!("sqlite://{}", place.path().join("ownkey.db").display())).await };

    let said = examine(&place, &[("MASTER_KEY", MASTER_KEY)]).await.expect(1);
    let (worst, found) = state(&said, "master key");
    assert!(worst == "error" && found.contains("4 secrets need the key"), "{found}");

    let said = examine(&place, &[("GROQ_API_KEY", "your-key-here"), ("OWNKEY_LISTN", "x")]).await.expect(0);
    assert_eq!(
        (state(&said, "environment keys").0, state(&said, "configuration").0),
        ("warning".into(), "warning".into())
    );

    let said = examine(&place, &[("OWNKEY_LISTEN", "nonsense")]).await.expect(1);
    assert_eq!(state(&said, "configuration").0, "error");

    let file = place.path().join("master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = examine(&place, &[]).await.expect(1);
    assert!(state(&said, "data directory").1.contains("chmod 600"), "{}", said.stdout);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();

    database().await.execute("UPDATE audit_events SET address = 'x' WHERE seq = 1").await;
    let said = examine(&place, &[]).await.expect(1);
    let (worst, found) = state(&said, "audit log");
    assert!(worst == "error" && found.contains("row 1"), "{found}");

    database().await.execute("UPDATE credentials SET origin = 'https://elsewhere.example'").await;
    let said = examine(&place, &[]).await.expect(1);
    assert!(state(&said, "master key").1.contains("1 secrets do not open"), "{}", said.stdout);

    database().await.execute("UPDATE audit_events SET at = at + 1000000000000").await;
    let said = examine(&place, &[]).await.expect(1);
    assert_eq!(state(&said, "clock").0, "error");

    let path = place.path().join("ownkey.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let said = examine(&place, &[]).await.expect(1);
    let (worst, found) = state(&said, "database");
    assert!(worst == "error" && found.contains("put back the last backup"), "{found}");

    std::fs::write(&path, "no database at all, only a text").unwrap();
    let said = examine(&place, &[]).await.expect(1);
    assert_eq!(state(&said, "database").0, "error");
}
