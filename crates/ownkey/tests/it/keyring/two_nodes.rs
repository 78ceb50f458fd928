//! A rolling restart with `new,old`: at no moment does a node meet a key that it
//! cannot open.

use std::time::Duration;

use serde_json::json;
use testkit::{Client, eventually};

use super::{NEW, OLD, Place, both, call_with, save, sign_in};

/// A node's heartbeat, at which it agrees with the others, comes within 5 s.
const AGREED: Duration = Duration::from_secs(15);

/// Each node serves each key.
async fn all_serve(clients: &[&Client], ids: &[String]) {
    for client in clients {
        for id in ids {
            call_with(client, id).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rolling_restart_is_enough_for_a_new_key() {
    let Some(place) = Place::postgres().await else { return };
    let (first, second) = (place.serve(OLD).await, place.serve(OLD).await);
    let mut ids = vec![save(&sign_in(&first).await, 1).await];
    let old = place.keys(OLD).await[0]["kid"].as_str().unwrap().to_owned();

    // The first node has the new key, the second does not: keys saved now open on both.
    first.terminate();
    assert_eq!(first.ended().await, Some(0));
    let first = place.serve(&both()).await;
    let (here, there) = (sign_in(&first).await, sign_in(&second).await);
    ids.push(save(&here, 2).await);
    ids.push(save(&there, 3).await);
    all_serve(&[&here, &there], &ids).await;
    place.run(&both(), "keyring rewrap").await.expect(1);

    second.terminate();
    assert_eq!(second.ended().await, Some(0));
    let second = place.serve(&both()).await;
    let there = sign_in(&second).await;
    ids.push(save(&there, 4).await);
    all_serve(&[&here, &there], &ids).await;
    // A node that has only the former key does not come in any more.
    let Err(exit) = place.try_serve(&[("MASTER_KEY", OLD)]).await else { panic!("it serves") };
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);

    eventually("the former key is let go", AGREED, async || {
        let rewrapped = place.run(&both(), "keyring rewrap").await.code == Some(0);
        (rewrapped && place.run(&both(), &format!("keyring retire {old}")).await.code == Some(0)).then_some(())
    })
    .await;
    ids.push(save(&here, 5).await);
    all_serve(&[&here, &there], &ids).await;
    for node in [first, second] {
        node.terminate();
        assert_eq!(node.ended().await, Some(0));
    }
    let last = place.serve(NEW).await;
    all_serve(&[&sign_in(&last).await], &ids).await;
    let violations = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_events WHERE action = 'integrity.violation'";
    assert_eq!(place.database().await.number(violations).await, 0);
    let states = place.keys(NEW).await;
    assert_eq!((states.len(), &states[0]["seals"]), (1, &json!(true)));
    last.kill().await;
    place.end().await;
}
