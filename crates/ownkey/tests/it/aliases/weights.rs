//! Targets drawn by weight.

use std::collections::BTreeMap;
use std::time::Duration;

use provider_sim::KeyState;
use serde_json::json;
use testkit::{Client, House, chat_body};

use super::{ANTHROPIC, GOOGLE, OPENAI, THREE, answered, call, call_with, called, make};

async fn ann_with_weights(house: &House, weights: [u32; 3], keys: &[(&str, &str)]) -> Client {
    let ann = house.user("ann").await;
    for (provider, key) in keys {
        ann.save_key(provider, key).await;
    }
    let targets: Vec<_> = THREE
        .iter()
        .zip(weights)
        .map(|((provider, model), weight)| json!({"provider": provider, "model": model, "weight": weight}))
        .collect();
    make(&ann.client, &json!({"alias": "fast", "mode": "weighted", "targets": targets})).await;
    ann.client
}

const KEYS: [(&str, &str); 3] = [("openai", OPENAI), ("anthropic", ANTHROPIC), ("google", GOOGLE)];

#[tokio::test]
async fn only_what_weighs_is_drawn_and_the_rest_steps_in_by_weight() {
    let house = House::start().await;
    let ann = ann_with_weights(&house, [0, 1, 0], &KEYS).await;
    for _ in 0..4 {
        assert_eq!(answered(&call(&ann, false).await).0, "anthropic");
    }
    house.sim.key(ANTHROPIC, KeyState::RateLimited { reset: Duration::from_secs(30) });
    assert_eq!(answered(&call(&ann, true).await).0, "openai");
    assert_eq!(called(&house)[4..], ["anthropic", "openai"]);
}

#[tokio::test]
async fn draws_are_spread_and_one_without_a_key_leaves_its_share_to_the_others() {
    let house = House::start().await;
    let ann = ann_with_weights(&house, [500, 1, 1], &KEYS[1..]).await;
    let mut drawn = BTreeMap::new();
    for _ in 0..40 {
        *drawn.entry(answered(&call(&ann, false).await).0).or_insert(0) += 1;
    }
    assert_eq!(drawn.keys().collect::<Vec<_>>(), ["anthropic", "google"], "{drawn:?}");
}

#[tokio::test]
async fn a_conversation_keeps_its_target() {
    let house = House::start().await;
    let ann = ann_with_weights(&house, [1, 1, 1], &KEYS).await;
    let mut all = BTreeMap::new();
    for number in 0..12 {
        let mut body = chat_body("fast", "Hi", false);
        body["prompt_cache_key"] = json!(format!("conversation {number}"));
        let first = answered(&call_with(&ann, &[], &body).await).0;
        for _ in 0..2 {
            assert_eq!(answered(&call_with(&ann, &[], &body).await).0, first);
        }
        *all.entry(first).or_insert(0) += 1;
    }
    assert!(all.len() > 1, "{all:?}");
}
