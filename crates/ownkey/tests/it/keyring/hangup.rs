//! SIGHUP: a running server reads the file of its master keys again.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use serde_json::json;
use testkit::{Process, promptly};

use super::{NEW, OLD, Place, both, call_with, key, save, sign_in};

/// Within which a running server has taken a new list.
const SOON: Duration = Duration::from_secs(5);

fn write(place: &Place, keys: &str) -> String {
    let path = place.path().join("keys");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
    writeln!(file, "{keys}").unwrap();
    path.to_str().unwrap().to_owned()
}

async fn server_has(place: &Place, number: i64) {
    promptly("the server has taken the list", SOON, async || {
        let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM node_keys";
        (place.database().await.number(sql).await == number).then_some(())
    })
    .await;
}

async fn seals_now(place: &Place, keys: &str) -> String {
    let states = place.keys(keys).await;
    states.iter().find(|state| state["seals"] == json!(true)).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn serve(place: &Place, file: &str) -> Process {
    place.try_serve(&[("MASTER_KEY_FILE", file)]).await.unwrap_or_else(|exit| panic!("{}", exit.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_without_a_restart() {
    let place = Place::sqlite().await;
    let file = write(&place, OLD);
    let process = serve(&place, &file).await;
    let client = sign_in(&process).await;
    let id = save(&client, 1).await;
    let old = seals_now(&place, OLD).await;

    // The command line has the new key first; the server does not know it yet.
    assert_eq!(seals_now(&place, &both()).await, old);
    let refused = place.run(&both(), "keyring rewrap").await.expect(1);
    assert!(refused.stderr.contains("does not have the master key"), "{}", refused.stderr);

    write(&place, &both());
    process.hang_up();
    server_has(&place, 2).await;
    let new = seals_now(&place, &both()).await;
    assert_ne!(new, old);
    place.run(&both(), "keyring rewrap").await.expect(0);
    place.run(&both(), &format!("keyring retire {old}")).await.expect(0);

    write(&place, NEW);
    process.hang_up();
    server_has(&place, 1).await;
    let other = save(&client, 2).await;
    for (id, number) in [(&id, 1), (&other, 2)] {
        call_with(&client, id).await.expect(200);
        let shown = place.sim.log().last().unwrap().authorization.clone().unwrap();
        assert_eq!(shown, format!("Bearer {}", key(number)));
    }
    assert_eq!(place.keys(NEW).await.len(), 1);
    process.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_cannot_be_used_changes_nothing() {
    let place = Place::sqlite().await;
    let file = write(&place, OLD);
    let process = serve(&place, &file).await;
    let client = sign_in(&process).await;
    let id = save(&client, 1).await;
    for (number, wrong) in (2..).zip([NEW, "c2hvcnQ=", ""]) {
        write(&place, wrong);
        process.hang_up();
        save(&client, number).await;
        call_with(&client, &id).await.expect(200);
    }
    // A good one is taken after them.
    write(&place, &both());
    process.hang_up();
    server_has(&place, 2).await;
    call_with(&client, &id).await.expect(200);
    let violations = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_events WHERE action = 'integrity.violation'";
    assert_eq!(place.database().await.number(violations).await, 0);
    process.kill().await;
}
