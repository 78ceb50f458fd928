//! Keys checked by themselves: when, how often, by whom, and when not.

use std::time::Duration;

use app::rechecks::run_due;
use provider_sim::{Behaviour, FreeDoors, KeyState};
use serde_json::json;
use testkit::{House, Options, PostgresDatabase};

use super::{KEY, becomes, checks, id, key_of};

const MINUTE: Duration = Duration::from_secs(60);

/// Lets time pass; how many checks of the key were made for it. The house's own
/// round may have been first, so the provider is asked.
async fn checks_after(house: &House, minutes: u32) -> usize {
    let before = checks(house, KEY);
    house.pass(MINUTE * minutes);
    run_due(&house.app).await;
    run_due(&house.app).await;
    checks(house, KEY) - before
}

#[tokio::test]
async fn a_refused_key_is_checked_after_ten_minutes_and_then_ever_more_rarely() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::Invalid401);
    let key = id(&ann.save_key("openai", KEY).await);
    // The wait, less than which is nothing; a fifth more by the key's id.
    for (wait, with_spread) in [(10, 12), (20, 24), (40, 48), (80, 96)] {
        assert_eq!(checks_after(&house, wait - 1).await, 0, "before {wait} minutes");
        assert_eq!(checks_after(&house, with_spread - wait + 1).await, 1, "after {with_spread} minutes");
    }
    house.sim.key(KEY, KeyState::Valid);
    assert_eq!(checks_after(&house, 192).await, 1);
    becomes(&ann, &key, "valid").await;
    assert_eq!(checks_after(&house, 19 * 60).await, 0, "a working key is left alone");
    assert_eq!(checks_after(&house, 5 * 60 + 1).await, 1, "and looked at once a day");
}

#[tokio::test]
async fn a_key_that_could_not_be_reached_is_tried_after_a_minute() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.free_doors(FreeDoors::Close);
    let key = ann.save_key("openai", KEY).await;
    assert_eq!(key["status"], "unreachable");
    assert_eq!(checks_after(&house, 0).await, 0);
    assert_eq!(checks_after(&house, 2).await, 1);
    house.sim.free_doors(FreeDoors::Answer);
    assert_eq!(checks_after(&house, 3).await, 1);
    becomes(&ann, &id(&key), "valid").await;
}

#[tokio::test]
async fn a_hundred_failing_calls_are_no_reason_to_check_more_rarely() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    for _ in 0..10 {
        house.sim.next(Behaviour::NoCredit);
        ann.chat("Hi").await.expect(502);
    }
    becomes(&ann, &key, "no_credit").await;
    // Its place in the schedule is written right after its state.
    let (soon, id_of_key) = (house.app.clock.now().plus(MINUTE * 2), key.parse().unwrap());
    testkit::eventually("the next check is soon", Duration::from_secs(10), async || {
        let places = store::key_checks::all_for(&house.app.store, &[id_of_key]).await.unwrap();
        places.first().is_some_and(|place| place.next_at <= soon).then_some(())
    })
    .await;
    // A free check cannot see that there is no money, so the call's word stays.
    assert_eq!(checks_after(&house, 2).await, 1);
    assert_eq!(key_of(&ann, &key).await["status"], "no_credit");
    let asked = ann.client.post(&format!("/v2/credentials/{key}/check"), &json!({})).await.expect(200).json();
    assert_eq!(asked["status"], "valid", "a person who asks says that things have changed");
}

#[tokio::test]
async fn where_a_check_sees_the_money_it_sees_it_come_back() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::NoCredit429);
    let key = ann.save_key("openrouter", KEY).await;
    assert_eq!(key["status"], "no_credit");
    house.sim.key(KEY, KeyState::Valid);
    house.pass(MINUTE * 2);
    run_due(&house.app).await;
    becomes(&ann, &id(&key), "valid").await;
}

#[tokio::test]
async fn keys_nobody_uses_are_not_checked() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::Invalid401);
    let key = id(&ann.save_key("openai", KEY).await);
    ann.client.post(&format!("/v2/credentials/{key}/deactivate"), &json!({})).await.expect(200);
    assert_eq!(checks_after(&house, 60).await, 0);
    ann.client.post(&format!("/v2/credentials/{key}/activate"), &json!({})).await.expect(200);
    assert_eq!(checks_after(&house, 0).await, 1, "switched on again, it is due");
    let root = house.admin("root").await;
    let users = root.client.get("/v2/users").await.expect(200).json();
    let ann_id = users["data"].as_array().unwrap().iter().find(|user| user["email"] == "ann@example.org").unwrap();
    root.client.patch(&format!("/v2/users/{}", id(ann_id)), &json!({"is_active": false})).await.expect(200);
    assert_eq!(checks_after(&house, 600).await, 0, "its owner is switched off");
}

#[tokio::test]
async fn a_key_that_no_schedule_knows_is_found_a_place() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::Invalid401);
    ann.save_key("openai", KEY).await;
    // As a database of an earlier version has it.
    house.raw_database().await.execute("DELETE FROM key_checks").await;
    assert_eq!(checks_after(&house, 60).await, 0);
    app::rechecks::adopt(&house.app).await.unwrap();
    assert_eq!(checks_after(&house, 13).await, 1);
}

#[tokio::test]
async fn two_nodes_check_a_key_once() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let node = house.second_node().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::Invalid401);
    ann.save_key("openai", KEY).await;
    for minutes in [13, 25, 49] {
        let before = checks(&house, KEY);
        house.pass(MINUTE * minutes);
        tokio::join!(run_due(&house.app), run_due(&node.app), run_due(&house.app), run_due(&node.app));
        // Whoever else was at it is done when nothing is due for anybody.
        assert_eq!(checks(&house, KEY), before + 1);
    }
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn closing_the_house_does_not_wait_for_the_schedule() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.key(KEY, KeyState::Invalid401);
    ann.save_key("openai", KEY).await;
    house.sim.free_doors(FreeDoors::Hang);
    house.pass(MINUTE * 13);
    let before = checks(&house, KEY);
    // The house's own round comes within five seconds, and hangs.
    testkit::eventually("a check hangs", Duration::from_secs(8), async || (checks(&house, KEY) > before).then_some(()))
        .await;
    tokio::time::timeout(Duration::from_secs(2), house.stop()).await.unwrap();
}
