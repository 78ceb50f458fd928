//! What calls teach: failures at once, and successes as well.

use provider_sim::{Behaviour, FreeDoors, KeyState};
use testkit::House;

use super::{KEY, becomes, checks, id};

#[tokio::test]
async fn a_call_that_succeeds_makes_its_key_valid_again_without_a_check() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    house.sim.next(Behaviour::NoCredit);
    ann.chat("Hi").await.expect(502);
    becomes(&ann, &key, "no_credit").await;
    let checked = checks(&house, KEY);
    for stream in [false, true] {
        let answer = if stream { ann.chat_stream("Hi").await } else { ann.chat("Hi").await };
        answer.expect(200);
        let valid = becomes(&ann, &key, "valid").await;
        assert_eq!(valid["status_reason"], "OpenAI answered a call with this key.");
        house.sim.next(Behaviour::NoCredit);
        ann.chat("Hi").await.expect(502);
        becomes(&ann, &key, "no_credit").await;
    }
    assert_eq!(checks(&house, KEY), checked, "nothing was checked for it");
}

#[tokio::test]
async fn a_key_that_was_never_verified_is_valid_after_its_first_answer() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.free_doors(FreeDoors::Close);
    let key = ann.save_key("openai", KEY).await;
    assert_eq!(key["status"], "unreachable");
    ann.chat("Hi").await.expect(200);
    becomes(&ann, &id(&key), "valid").await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_nothing_good_about_its_key() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.free_doors(FreeDoors::Close);
    let key = ann.save_key("openai", KEY).await;
    house.sim.next(Behaviour::TruncatedStream { after_chunks: 2 });
    ann.chat_stream("Hi").await.expect(200);
    house.ledger_is_written().await;
    // The house waits for what was heard before it closes.
    house.stop().await;
    assert_eq!(key["status"], "unreachable");
    assert_eq!(house.raw_database().await.rows("SELECT status FROM credentials").await, [["unreachable"]]);
}

#[tokio::test]
async fn the_verdict_on_a_former_secret_is_dropped() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.sim.free_doors(FreeDoors::Close);
    let key = ann.save_key("openai", KEY).await;
    assert_eq!(key["status"], "unreachable");
    let key = id(&key);
    house.sim.free_doors(FreeDoors::Answer);
    // The good news of the former secret come after the new one was saved.
    house.sim.next(Behaviour::SlowHeaders(std::time::Duration::from_millis(300)));
    house.sim.key(super::OTHER_KEY, KeyState::Invalid401);
    let slow = ann.chat("Hi");
    let edit = async {
        house.sim.wait_for(|calls| calls.iter().any(|call| call.method == "POST")).await.unwrap();
        let body = serde_json::json!({"api_key": super::OTHER_KEY});
        ann.client.patch(&format!("/v2/credentials/{key}?check=sync"), &body).await.expect(200).json()
    };
    let (answer, edited) = tokio::join!(slow, edit);
    answer.expect(200);
    assert_eq!(edited["status"], "invalid");
    house.ledger_is_written().await;
    // The house waits for what was heard before it closes.
    house.stop().await;
    let mut rows = house.raw_database().await;
    assert_eq!(rows.rows("SELECT status FROM credentials").await, [["invalid"]]);
    assert_eq!(rows.number("SELECT failures FROM key_checks").await, 1, "the schedule is the new secret's");
}
