//! The same secret twice is noticed, among one's own keys and nobody else's.

use serde_json::json;
use testkit::PASSWORD;

use super::{KEY, OTHER_KEY, ann_with_a_key, id, names, now, path, rotate};

#[tokio::test]
async fn the_same_key_is_not_saved_twice() {
    let (house, ann, key) = ann_with_a_key().await;
    let again = json!({"provider": "openai", "api_key": format!(" {KEY}\n"), "name": "Again"});
    let refused = ann.client.post("/v2/credentials", &again).await.expect(409).json();
    assert_eq!(refused["code"], "duplicate_secret");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("“Work”") && detail.contains(key["masked"].as_str().unwrap()), "{detail}");
    // Somebody else's, another provider's, another origin's and a deleted one do not count.
    let bob = house.user("bob").await;
    bob.client.post("/v2/credentials", &again).await.expect(201);
    ann.client.post("/v2/credentials", &json!({"provider": "groq", "api_key": KEY})).await.expect(201);
    let elsewhere = json!({"provider": "openai", "api_key": KEY, "api_base": "https://proxy.example.org/v1"});
    ann.client.post("/v2/credentials", &elsewhere).await.expect(201);
    ann.client.delete(&format!("{}?confirm=true", path(&key))).await.expect(204);
    ann.client.post("/v2/credentials", &again).await.expect(201);
}

#[tokio::test]
async fn two_saves_at_once_make_one_key() {
    let house = testkit::House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"provider": "openai", "api_key": KEY});
    let saves = (0..4).map(|_| ann.client.post("/v2/credentials", &body));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(saves).await.into_iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[tokio::test]
async fn an_edit_and_a_rotation_to_another_keys_secret_are_refused() {
    let (_house, ann, key) = ann_with_a_key().await;
    let other = json!({"provider": "openai", "api_key": OTHER_KEY, "name": "Home"});
    ann.client.post("/v2/credentials", &other).await.expect(201);
    for answer in [
        ann.client.patch(&path(&key), &json!({"api_key": OTHER_KEY})).await,
        rotate(&ann, &key, json!({"api_key": OTHER_KEY})).await,
        rotate(&ann, &key, json!({"api_key": KEY})).await,
    ] {
        assert_eq!(answer.expect(409).json()["code"], "duplicate_secret");
    }
    assert_eq!(now(&ann, &key).await["masked"], key["masked"]);
}

#[tokio::test]
async fn a_key_edited_to_itself_stays_as_it_is() {
    let (_house, ann, key) = ann_with_a_key().await;
    let edited = ann.client.patch(&path(&key), &json!({"api_key": KEY, "name": "Desk"})).await.expect(200).json();
    assert_eq!((edited["name"].as_str(), &edited["secret_set_at"]), (Some("Desk"), &key["secret_set_at"]));
    let revealed = ann.client.post(&format!("{}/reveal", path(&key)), &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(revealed.json()["api_key"], KEY);
}

#[tokio::test]
async fn the_short_way_takes_the_same_key_again_and_not_another_keys() {
    let (_house, ann, key) = ann_with_a_key().await;
    let short = "/v2/users/me/api-key";
    ann.client.patch(short, &json!({"openai_api_key": KEY})).await.expect(200);
    assert_eq!(now(&ann, &key).await["secret_set_at"], key["secret_set_at"]);
    let other = json!({"provider": "openai", "api_key": OTHER_KEY, "name": "Home"});
    let other = ann.client.post("/v2/credentials", &other).await.expect(201).json();
    let both = json!({"openai_api_key": OTHER_KEY, "groq_api_key": "gsk_FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"});
    let refused = ann.client.patch(short, &both).await.expect(409).json();
    assert!(names(&ann, "groq").await.is_empty(), "nothing is changed");
    assert!(refused["detail"].as_str().unwrap().contains("“Home”"), "{refused}");
    assert_eq!(names(&ann, "openai").await.len(), 2);
    assert_ne!(id(&other), id(&key));
}

#[tokio::test]
async fn a_key_that_no_longer_opens_is_healed_by_typing_it_again() {
    let (house, ann, key) = ann_with_a_key().await;
    let sql = format!("UPDATE credentials SET secret_version = 7 WHERE id = '{}'", id(&key));
    house.raw_database().await.execute(&sql).await;
    let check = ann.client.post(&format!("{}/check", path(&key)), &json!({})).await.expect(200).json();
    assert_eq!(check["status"], "undecryptable", "{check}");
    let healed = ann.client.patch(&format!("{}?check=sync", path(&key)), &json!({"api_key": KEY})).await;
    assert_eq!(healed.expect(200).json()["status"], "valid");
}
