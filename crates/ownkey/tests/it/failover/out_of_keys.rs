//! No key is left: what the client is told follows from what became of each.

use std::time::Duration;

use provider_sim::{Behaviour, KeyState};
use serde_json::{Value, json};
use testkit::{Answer, House, Options, Person, eventually};

use super::{FIRST, SECOND, chat_with, id, paid, shown};

async fn two_keys_with(options: Options) -> (House, Person) {
    let house = House::start_with(options).await;
    let ann = house.user("ann").await;
    for (key, name) in [(FIRST, "one"), (SECOND, "two")] {
        let body = json!({"provider": "openai", "api_key": key, "name": name});
        ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    }
    (house, ann)
}

async fn two_keys() -> (House, Person) {
    two_keys_with(Options::default()).await
}

/// An answer in one line: status, code, headers about trying again.
fn told(answer: &Answer) -> String {
    let word = |name: &str| answer.header(name).to_owned();
    let code = answer.json()["error"]["code"].as_str().unwrap().to_owned();
    format!("{} {code} {}{}", answer.status.as_u16(), word("retry-after"), word("x-should-retry"))
}

fn sentence(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_overloaded_is_a_503_and_a_529_in_anthropics_words() {
    let (house, ann) = two_keys().await;
    house.sim.set_default(Behaviour::Status5xx(503));
    assert_eq!(told(&ann.chat("Hi").await), "503 provider_overloaded 5");
    assert_eq!(shown(&house), ["key1", "key2"]);
    let answer = chat_with(&ann.client, &[("anthropic-version", "2023-06-01")]).await;
    assert_eq!(answer.status.as_u16(), 529);
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    assert_eq!(shown(&house).len(), 2, "the provider said when to come back");
    house.sim.set_default(Behaviour::Answer(provider_sim::Reply::says("Well again.")));
    house.pass(Duration::from_secs(6));
    paid(&ann.chat("Hi").await);
}

#[tokio::test]
async fn an_overload_without_a_time_is_the_providers_and_no_other_key_is_tried() {
    let (house, ann) = two_keys().await;
    house.sim.next(Behaviour::Status5xx(529));
    assert_eq!(told(&ann.chat("Hi").await), "503 provider_overloaded ");
    assert_eq!(shown(&house), ["key1"]);
    paid(&ann.chat("Hi").await);
    assert_eq!(shown(&house), ["key1", "key1"]);
}

#[tokio::test]
async fn a_key_to_look_after_makes_it_a_502_whatever_the_others_wait_for() {
    let (house, ann) = two_keys().await;
    house.sim.key(FIRST, KeyState::Invalid401);
    house.sim.key(SECOND, KeyState::RateLimited { reset: Duration::from_secs(30) });
    let answer = ann.chat("Hi").await;
    assert_eq!(told(&answer), "502 upstream_credentials_exhausted false");
    let said = sentence(&answer);
    assert!(
        said.contains("“one” (…key1) was refused") && said.contains("“two” (…key2) is at its rate limit"),
        "{said}"
    );
    eventually("the refused key rests", Duration::from_secs(5), async || {
        let explained = ann.client.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
        (explained["candidates"][0]["why"] == "invalid").then_some(())
    })
    .await;
    let before = shown(&house).len();
    let answer = ann.chat("Hi").await;
    assert_eq!(told(&answer), "502 upstream_credentials_exhausted false");
    assert!(sentence(&answer).contains("“one”") && !sentence(&answer).contains("“two”"), "{}", sentence(&answer));
    assert_eq!(shown(&house).len(), before, "nobody is called");
    // The refused key still has its part when only the other is tried.
    house.pass(Duration::from_secs(31));
    assert_eq!(told(&ann.chat("Hi").await), "502 upstream_credentials_exhausted false");
    assert_eq!(shown(&house).len(), before + 1);
}

#[tokio::test]
async fn a_refused_key_is_left_alone_until_ten_minutes_an_edit_or_a_check() {
    let (house, ann) = two_keys().await;
    let keys = ann.client.get("/v2/credentials?provider=openai").await.expect(200).json();
    let key = |name: &str| keys["data"].as_array().unwrap().iter().find(|key| key["name"] == name).unwrap().clone();
    let (one, two) = (key("one"), key("two"));
    // The call tells at once, and the check that follows has the last word.
    let checks = || {
        let of_first = |call: &&provider_sim::Call| {
            let has_key = call.authorization.as_deref().is_some_and(|text| text.ends_with(FIRST));
            call.path.ends_with("/models") && call.status.is_some() && has_key
        };
        house.sim.log().iter().filter(of_first).count()
    };
    let refuse = async || {
        house.sim.key(FIRST, KeyState::Invalid401);
        let before = checks();
        assert_eq!(paid(&ann.chat("Hi").await).0, id(&two));
        eventually("its check is done", Duration::from_secs(5), async || {
            let key: Value = ann.client.get(&format!("/v2/credentials/{}", id(&one))).await.json();
            (key["status"] == "invalid" && checks() > before).then_some(())
        })
        .await;
        house.sim.key(FIRST, KeyState::Valid);
        assert_eq!(paid(&ann.chat("Hi").await), (id(&two).to_owned(), "personal".to_owned(), "1".to_owned()));
    };
    refuse().await;
    ann.client.post(&format!("/v2/credentials/{}/check", id(&one)), &json!({})).await.expect(200);
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&one), "after a check");
    refuse().await;
    let edit = json!({"api_key": super::THIRD});
    ann.client.patch(&format!("/v2/credentials/{}?check=sync", id(&one)), &edit).await.expect(200);
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&one), "after an edit");
    ann.client.patch(&format!("/v2/credentials/{}?check=sync", id(&one)), &json!({"api_key": FIRST})).await.expect(200);
    refuse().await;
    house.pass(Duration::from_secs(601));
    assert_eq!(paid(&ann.chat("Hi").await).0, id(&one), "after ten minutes");
}

#[tokio::test]
async fn a_key_that_does_not_open_hands_over_and_is_no_attempt() {
    let (house, ann) = two_keys().await;
    let other_rows =
        "UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE name = 'two') WHERE name = 'one'";
    house.raw_database().await.execute(other_rows).await;
    // Any change of hers makes the house read her keys again.
    let key = json!({"provider": "groq", "api_key": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123"});
    ann.client.post("/v2/credentials", &key).await.expect(201);
    assert_eq!(paid(&ann.chat("Hi").await).2, "1");
    assert_eq!(shown(&house), ["key2"]);
    house.ledger_is_written().await;
    assert_eq!(ann.usage().await.len(), 1, "the call is in the ledger, as its first attempt");
    house.sim.key(SECOND, KeyState::RateLimited { reset: Duration::from_secs(30) });
    let answer = ann.chat("Hi").await;
    assert_eq!(told(&answer), "502 upstream_credentials_exhausted false");
    assert!(sentence(&answer).contains("“one” (…key1) cannot be opened"), "{}", sentence(&answer));
}

#[tokio::test]
async fn one_trouble_of_several_keys_is_said_of_all_of_them() {
    let (house, ann) = two_keys().await;
    house.sim.set_default(Behaviour::NoCredit);
    let answer = ann.chat("Hi").await;
    assert_eq!(told(&answer), "502 upstream_credentials_exhausted false");
    assert!(
        sentence(&answer).contains("keys “one” (…key1), “two” (…key2) have no credit left"),
        "{}",
        sentence(&answer)
    );
    house.sim.key(SECOND, KeyState::Valid);
    let body = json!({"model_id": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]});
    let answer = ann.client.post("/v2/llm/chat/completions", &body).await.expect(502);
    assert_eq!(answer.json()["attempts"].as_array().unwrap().len(), 2);
    assert!(!answer.text().contains("FAKE"), "{}", answer.text());
}

#[tokio::test]
async fn after_a_time_out_no_second_key_pays_unless_the_call_may_be_made_twice() {
    let short = Duration::from_millis(150);
    let clocks = llm::client::Clocks { first_header: short, ..llm::client::Clocks::default() };
    let (house, ann) = two_keys_with(Options { clocks, ..Options::default() }).await;
    house.sim.next(Behaviour::HangBeforeHeaders);
    assert_eq!(told(&ann.chat("Hi").await), "504 provider_timeout ");
    assert_eq!(shown(&house), ["key1"]);
    house.sim.next(Behaviour::HangBeforeHeaders);
    let answer = chat_with(&ann.client, &[("idempotency-key", "may-be-made-twice")]).await;
    assert_eq!(paid(&answer).2, "2");
    assert_eq!(shown(&house), ["key1", "key1", "key2"]);
    house.sim.next(Behaviour::HangBeforeHeaders);
    house.sim.next(Behaviour::HangBeforeHeaders);
    let answer = chat_with(&ann.client, &[("idempotency-key", "and-again")]).await;
    assert_eq!(told(&answer), "504 provider_timeout ");
}

#[tokio::test]
async fn a_provider_that_fails_is_tried_once_more_and_then_with_the_next_key() {
    let (house, ann) = two_keys().await;
    house.sim.next(Behaviour::Status5xx(500));
    house.sim.next(Behaviour::Status5xx(502));
    assert_eq!(paid(&ann.chat("Hi").await).2, "3");
    assert_eq!(shown(&house), ["key1", "key1", "key2"]);
    house.sim.set_default(Behaviour::Status5xx(500));
    assert_eq!(told(&ann.chat("Hi").await), "502 provider_error ");
    assert_eq!(shown(&house).len(), 6, "one second try, not one a key");
}

#[tokio::test]
async fn the_providers_own_no_passes_and_no_other_key_is_tried() {
    let (house, ann) = two_keys().await;
    for (status, expected) in [(400, 400), (404, 404), (413, 413), (422, 422)] {
        let body = r#"{"error":{"message":"No.","type":"invalid_request_error"}}"#;
        house.sim.next(Behaviour::Says(status, body.to_owned()));
        assert_eq!(ann.chat("Hi").await.status.as_u16(), expected);
        house.sim.next(Behaviour::Says(status, body.to_owned()));
        let answer = chat_with(&ann.client, &[("anthropic-version", "2023-06-01")]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (expected, &json!("error")));
    }
    assert_eq!(shown(&house), ["key1"; 8]);
}

#[tokio::test]
async fn a_pinned_key_is_never_replaced_and_has_its_own_wait() {
    let (house, ann) = two_keys().await;
    let keys = ann.client.get("/v2/credentials?provider=openai").await.expect(200).json();
    let two = keys["data"].as_array().unwrap().iter().find(|key| key["name"] == "two").unwrap().clone();
    let pinned = [("x-ownkey-credential", id(&two))];
    house.sim.next(Behaviour::Status429 { retry_after_s: 30 });
    assert_eq!(told(&chat_with(&ann.client, &pinned).await), "429 rate_limited 30");
    house.pass(Duration::from_secs(10));
    let answer = chat_with(&ann.client, &pinned).await;
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((19..=20).contains(&wait) && answer.status == 429, "{}", answer.text());
    assert_eq!(shown(&house), ["key2"], "neither the other key nor this one is called");
    paid(&ann.chat("Hi").await);
    house.pass(Duration::from_secs(30));
    house.sim.key(SECOND, KeyState::Invalid401);
    assert_eq!(told(&chat_with(&ann.client, &pinned).await), "502 upstream_credentials_exhausted false");
    assert_eq!(shown(&house), ["key2", "key1", "key2"]);
}
