//! The new key is tried first; the one before lives on until its grace ends.

use http::Method;
use provider_sim::{KeyState, Script, Sim};
use serde_json::{Value, json};
use testkit::{House, Options, PostgresDatabase, eventually};

use super::{
    A_ROUND, DAY, KEY, OTHER_KEY, THIRD_KEY, ann_with_a_key, asked, audited, id, names, now, path, rotate, shown,
    signed_in_again,
};

#[tokio::test]
async fn a_rotated_key_keeps_its_id_and_the_former_one_steps_in_until_the_grace_ends() {
    let (house, ann, key) = ann_with_a_key().await;
    ann.chat("Hi").await.expect(200);
    let rotated = rotate(&ann, &key, json!({"api_key": OTHER_KEY, "grace_seconds": 3600})).await.expect(200).json();
    assert_eq!((id(&rotated), rotated["status"].as_str()), (id(&key), Some("valid")), "{rotated}");
    assert!(rotated["masked"].as_str().unwrap().ends_with("key2"), "{rotated}");
    assert_eq!(rotated["is_primary"], true);
    let former = &rotated["former"];
    assert_eq!(former["grace_of"], key["id"], "{former}");
    assert!(former["masked"].as_str().unwrap().ends_with("key1") && former["is_primary"] == false, "{former}");
    assert!(former["name"].as_str().unwrap().starts_with("Work (until 20"), "{former}");
    let listed = names(&ann, "openai").await;
    assert!(listed.len() == 2 && listed[0] == "Work", "the former one is the last: {listed:?}");

    ann.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), OTHER_KEY);
    house.sim.key(OTHER_KEY, KeyState::Invalid401);
    let answer = ann.chat("Hi").await.expect(200);
    assert_eq!((shown(&house), answer.header("x-ownkey-credential-id")), (KEY.to_owned(), id(former)));

    house.pass(DAY / 12);
    eventually("the former secret is destroyed", A_ROUND, async || {
        (names(&ann, "openai").await == ["Work"]).then_some(())
    })
    .await;
    let left = house.raw_database().await.rows("SELECT name FROM credentials WHERE sealed IS NOT NULL").await;
    assert_eq!(left.len(), 1, "{left:?}");
    let actions = audited(&house).await;
    assert!(actions.contains(&"credential.rotated".to_owned()), "{actions:?}");
    assert_eq!(actions.last().unwrap(), "credential.grace_ended");
    let by = "SELECT actor_kind FROM audit_events WHERE action = 'credential.grace_ended'";
    let by = house.raw_database().await.rows(by).await;
    assert_eq!(by, [["system"]]);
}

#[tokio::test]
async fn a_former_key_whose_time_is_over_is_not_used_even_before_it_is_destroyed() {
    let (house, ann, key) = ann_with_a_key().await;
    rotate(&ann, &key, json!({"api_key": OTHER_KEY, "grace_seconds": 60})).await.expect(200);
    house.sim.key(OTHER_KEY, KeyState::Invalid401);
    house.pass(DAY / 24);
    let before = asked(&house);
    let answer = ann.chat("Hi").await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    let log = house.sim.log();
    let used_former =
        log[before..].iter().any(|call| call.authorization.as_deref().is_some_and(|key| key.contains("key1")));
    assert!(!used_former, "the former key was shown to the provider");
}

#[tokio::test]
async fn a_new_key_that_the_provider_refuses_changes_nothing() {
    let (house, ann, key) = ann_with_a_key().await;
    for state in [KeyState::Invalid401, KeyState::Blocked] {
        house.sim.key(OTHER_KEY, state);
        for force in ["false", "true"] {
            let door = format!("{}/rotate?force={force}", path(&key));
            let refused = ann.client.post(&door, &json!({"api_key": OTHER_KEY})).await.expect(422);
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("refused this key") && detail.contains("Nothing was changed"), "{detail}");
        }
    }
    assert_eq!(now(&ann, &key).await["masked"], key["masked"]);
    assert_eq!(names(&ann, "openai").await, ["Work"]);
    ann.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), KEY);
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_a_refusal_unless_forced() {
    let (mut house, ann, key) = ann_with_a_key().await;
    let door = format!("{}/rotate?force=true", path(&key));
    // A place without an API says nothing, and neither does one that is gone.
    let nowhere = json!({"api_base": format!("{}/nowhere", house.sim.origin())});
    ann.client.patch(&format!("{}?check=sync", path(&key)), &nowhere).await.expect(200);
    let refused = rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("?force=true"), "{refused}");
    house.sim = Sim::start(Script::says("Another provider.")).await.unwrap();
    let refused = rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("?force=true"), "{refused}");
    assert_eq!(names(&ann, "openai").await, ["Work"]);
    let forced = ann.client.post(&door, &json!({"api_key": OTHER_KEY})).await.expect(200).json();
    assert!(forced["warning"].as_str().unwrap().contains("untried"), "{forced}");
    assert!(forced["masked"].as_str().unwrap().ends_with("key2") && forced["status"] == "unreachable", "{forced}");
}

#[tokio::test]
async fn no_grace_leaves_no_second_row_and_ends_the_ones_before() {
    let (house, ann, key) = ann_with_a_key().await;
    rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(200);
    assert_eq!(names(&ann, "openai").await.len(), 2, "a day when nothing is said");
    let rotated = rotate(&ann, &key, json!({"api_key": THIRD_KEY, "grace_seconds": 0})).await.expect(200).json();
    assert_eq!(rotated["former"], Value::Null);
    eventually("no former secret is left", A_ROUND, async || (names(&ann, "openai").await == ["Work"]).then_some(()))
        .await;
    for grace in [json!(2_592_001), json!(-1), json!("a day"), json!(u64::MAX)] {
        rotate(&ann, &key, json!({"api_key": KEY, "grace_seconds": grace})).await.expect(422);
    }
    house.sim.key(THIRD_KEY, KeyState::Invalid401);
    assert!(ann.chat("Hi").await.status.is_server_error());
    assert_eq!(shown(&house), THIRD_KEY);
}

#[tokio::test]
async fn two_rotations_at_once_leave_one_winner_and_one_conflict() {
    let (_house, ann, key) = ann_with_a_key().await;
    let (one, two) = tokio::join!(
        rotate(&ann, &key, json!({"api_key": OTHER_KEY})),
        rotate(&ann, &key, json!({"api_key": THIRD_KEY}))
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text(), two.text());
    let loser = if one.status == 409 { one } else { two };
    assert_eq!(loser.json()["code"], "conflict");
    assert_eq!(names(&ann, "openai").await.len(), 2);
}

#[tokio::test]
async fn a_rotation_sent_twice_with_one_idempotency_key_is_one() {
    let (_house, ann, key) = ann_with_a_key().await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "rotate-once")];
    let body = json!({"api_key": OTHER_KEY}).to_string();
    let door = format!("{}/rotate", path(&key));
    let send = || ann.client.send(Method::POST, &door, &headers, body.clone().into());
    send().await.expect(200);
    let again = send().await.expect(200);
    assert_eq!(again.header("idempotent-replay"), "true");
    assert_eq!(names(&ann, "openai").await.len(), 2);
}

#[tokio::test]
async fn a_former_key_goes_with_its_key_and_can_be_deleted_at_once() {
    let (house, ann, key) = ann_with_a_key().await;
    let former = rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(200).json()["former"].clone();
    for what in ["make-primary", "rotate"] {
        ann.client.post(&format!("{}/{what}", path(&former)), &json!({"api_key": THIRD_KEY})).await.expect(403);
    }
    ann.client.patch(&path(&former), &json!({"name": "Mine"})).await.expect(403);
    ann.client.post(&format!("{}/deactivate", path(&key)), &json!({})).await.expect(200);
    let refused = ann.chat("Hi").await.expect(400).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("switched off"), "{refused}");
    ann.client.post(&format!("{}/activate", path(&key)), &json!({})).await.expect(200);
    assert_eq!(now(&ann, &former).await["is_active"], true);
    ann.client.delete(&format!("{}?confirm=true", path(&former))).await.expect(204);
    assert_eq!(names(&ann, "openai").await, ["Work"]);

    rotate(&ann, &key, json!({"api_key": THIRD_KEY})).await.expect(200);
    ann.client.delete(&format!("{}?confirm=true", path(&key))).await.expect(204);
    assert!(names(&ann, "openai").await.is_empty());
    let left = house.raw_database().await.rows("SELECT id FROM credentials WHERE sealed IS NOT NULL").await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn the_former_key_put_back_during_its_grace_is_the_key_again() {
    let (house, ann, key) = ann_with_a_key().await;
    rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(200);
    let back = rotate(&ann, &key, json!({"api_key": KEY})).await.expect(200).json();
    assert!(back["warning"].as_str().unwrap().contains("was replaced before"), "{back}");
    assert!(back["former"]["masked"].as_str().unwrap().ends_with("key2"), "{back}");
    assert_eq!(names(&ann, "openai").await.len(), 2, "the one put back has one row");
    ann.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), KEY);
}

#[tokio::test]
async fn an_age_of_ninety_days_is_a_reminder_until_the_secret_is_another() {
    let (house, ann, key) = ann_with_a_key().await;
    assert_eq!(
        (key["is_rotation_due"].clone(), key["secret_set_at"].clone()),
        (json!(false), key["created_at"].clone())
    );
    house.pass(89 * DAY);
    let ann = signed_in_again(&house, ann).await;
    assert_eq!(now(&ann, &key).await["is_rotation_due"], false);
    house.pass(2 * DAY);
    let ann = signed_in_again(&house, ann).await;
    assert_eq!(now(&ann, &key).await["is_rotation_due"], true);
    let rotated = rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await.expect(200).json();
    assert_eq!(rotated["is_rotation_due"], false, "{rotated}");
    assert!(rotated["secret_set_at"].as_str() > key["secret_set_at"].as_str());
    ann.client.patch(&path(&key), &json!({"rotate_after": null})).await.expect(200);
    let edited = ann.client.patch(&path(&key), &json!({"api_key": THIRD_KEY})).await.expect(200).json();
    assert_eq!(edited["rotate_after"], Value::Null, "whoever wants no reminder gets none");
}

#[tokio::test]
async fn a_rotation_on_postgresql() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let options = Options { database_url: Some(database.url.clone()), ..Options::default() };
    let house = House::start_with(options).await;
    let second = house.second_node().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let former =
        rotate(&ann, &key, json!({"api_key": OTHER_KEY, "grace_seconds": 60})).await.expect(200).json()["former"]
            .clone();
    ann.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), OTHER_KEY);
    house.pass(DAY / 24);
    eventually("one of the nodes ends the grace", A_ROUND, async || {
        (second.client_of(&ann.client).get(&path(&former)).await.status == 404).then_some(())
    })
    .await;
    let ended = audited(&house).await.into_iter().filter(|action| action == "credential.grace_ended").count();
    assert_eq!(ended, 1, "and only one of them");
    second.stop().await;
    house.stop().await;
    database.destroy().await;
}
