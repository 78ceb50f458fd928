//! Everybody hears of what is theirs, and of nothing else.

use std::time::Duration;

use provider_sim::FreeDoors;
use serde_json::json;
use testkit::{House, Options};

use super::{KEY, heard, id, listen, names};

#[tokio::test]
async fn a_key_is_told_of_from_its_first_day_to_its_last() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let mut events = listen(&ann.client).await;
    let key = id(&ann.save_key("openai", KEY).await);
    let created = heard(&mut events).await;
    assert_eq!(created.name, "credential.created");
    assert_eq!(created.json()["credential_id"], *key);
    let learnt = names(&mut events, 2).await;
    assert!(learnt.contains(&"models.changed".to_owned()), "{learnt:?}");
    assert!(learnt.contains(&"credential.status_changed".to_owned()), "{learnt:?}");
    ann.client.patch(&format!("/v2/credentials/{key}"), &json!({"name": "Work"})).await.expect(200);
    let updated = heard(&mut events).await;
    assert_eq!((updated.name.as_str(), &updated.json()["name"]), ("credential.updated", &json!("Work")));
    ann.client.delete(&format!("/v2/credentials/{key}?confirm=true")).await.expect(204);
    let deleted = heard(&mut events).await;
    assert_eq!(deleted.name, "credential.deleted");
    assert_eq!(deleted.json()["credential_id"], *key);
}

#[tokio::test]
async fn nobody_hears_of_anothers_keys_or_calls() {
    let house = House::start().await;
    let (ann, bob, root) = (house.user("ann").await, house.user("bob").await, house.admin("root").await);
    let (mut bobs, mut roots) = (listen(&bob.client).await, listen(&root.client).await);
    let key = id(&ann.save_key("openai", KEY).await);
    ann.chat("Hi").await.expect(200);
    ann.client.patch(&format!("/v2/credentials/{key}"), &json!({"name": "Hers"})).await.expect(200);
    ann.client.delete(&format!("/v2/credentials/{key}?confirm=true")).await.expect(204);
    house.ledger_is_written().await;
    // What they hear first is what comes after all of it.
    bob.save_key("groq", "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123").await;
    assert_eq!(heard(&mut bobs).await.json()["provider"], "groq");
    root.save_key("mistral", "FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01").await;
    assert_eq!(heard(&mut roots).await.json()["provider"], "mistral");
}

#[tokio::test]
async fn of_the_servers_keys_members_hear_only_that_models_may_have_changed() {
    let house = House::start().await;
    let (bob, root) = (house.user("bob").await, house.admin("root").await);
    let (mut bobs, mut roots) = (listen(&bob.client).await, listen(&root.client).await);
    let body = json!({"provider": "openai", "api_key": KEY, "scope": "system", "name": "The house's"});
    root.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let full = heard(&mut roots).await;
    assert_eq!((full.name.as_str(), &full.json()["name"]), ("credential.created", &json!("The house's")));
    for _ in 0..3 {
        let bare = heard(&mut bobs).await;
        assert_eq!(bare.name, "models.changed");
        assert_eq!(bare.json(), json!({"provider": "openai", "scope": "system"}));
    }
}

#[tokio::test]
async fn a_token_hears_what_its_scopes_let_it_read() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let spends = ann.gateway_client_with(&json!({"name": "s", "scopes": ["read:usage"]})).await;
    let manages = ann.gateway_client_with(&json!({"name": "m", "scopes": ["manage:credentials"]})).await;
    let (mut spent, mut managed) = (listen(&spends).await, listen(&manages).await);
    ann.save_key("openai", KEY).await;
    ann.chat("Hi").await.expect(200);
    assert_eq!(heard(&mut spent).await.name, "usage.recorded");
    ann.client.patch("/v2/users/me/api-key", &json!({"openai_api_key": null})).await.expect(200);
    let mut all = names(&mut managed, 4).await;
    all.sort();
    assert_eq!(all, ["credential.created", "credential.deleted", "credential.status_changed", "models.changed"]);
    let models = ann.gateway_client_with(&json!({"name": "c", "scopes": ["models"]})).await;
    models.get("/v2/events").await.expect(403);
}

#[tokio::test]
async fn calls_are_told_of_when_they_can_be_read_and_at_most_once_a_second() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let mut events = listen(&ann.client).await;
    ann.chat("Hi").await.expect(200);
    let first = events.until("usage.recorded").await.json();
    assert_eq!(first["calls"], 1);
    assert_eq!(ann.usage().await[0]["attempts"][0]["state"], "settled", "it is in the ledger");
    let since = std::time::Instant::now();
    for _ in 0..10 {
        ann.chat("Hi").await.expect(200);
    }
    let (mut told, mut calls) = (0, 0);
    while calls < 10 {
        calls += events.until("usage.recorded").await.json()["calls"].as_u64().unwrap();
        told += 1;
    }
    let seconds = since.elapsed().as_secs_f64();
    assert!(calls == 10 && f64::from(told) <= seconds.ceil() + 1.0, "{told} times in {seconds} s");
}

#[tokio::test]
async fn a_local_server_is_noticed_when_it_stops_and_when_it_starts() {
    let house = House::start_with(Options { local_servers: true, ..Options::default() }).await;
    let ann = house.user("ann").await;
    let state = async || {
        let list = ann.client.get("/v2/status").await.expect(200).json();
        list["data"].as_array().unwrap().iter().find(|one| one["provider"] == "ollama").unwrap().clone()
    };
    let becomes = async |wanted: &str| {
        testkit::eventually(wanted, Duration::from_secs(5), async || {
            let now = state().await;
            (now["state"] == wanted).then_some(now)
        })
        .await
    };
    let running = becomes("operational").await;
    let none = json!({"total": 0, "valid": 0, "failing": 0});
    assert_eq!((&running["reachable"], &running["kind"], &running["keys"]), (&json!(true), &json!("local"), &none));
    assert_eq!(running["detail"], "Ollama works.");
    let mut events = listen(&ann.client).await;
    for (doors, wanted) in [(FreeDoors::Close, "unreachable"), (FreeDoors::Answer, "operational")] {
        house.sim.free_doors(doors);
        app::checks::look_at_local_servers(&house.app);
        loop {
            let event = events.until("models.changed").await.json();
            if event["provider"] == "ollama" {
                break;
            }
        }
        becomes(wanted).await;
    }
}
