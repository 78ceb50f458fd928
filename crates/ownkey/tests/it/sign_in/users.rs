//! Looking after users: somebody stays in charge, and whoever is switched off
//! is out at once.

use serde_json::{Value, json};
use testkit::{House, PASSWORD, Person};

use super::{cookie_of, log_in, me_by_cookie, post_form};

async fn door_of(person: &Person) -> String {
    let me = person.client.get("/v2/users/me").await.expect(200).json();
    format!("/v2/users/{}", me["id"].as_str().unwrap())
}

/// Every way to take an admin away.
async fn takes_away(root: &Person, door: &str) -> Vec<testkit::Answer> {
    vec![
        root.client.patch(door, &json!({"role": "member"})).await,
        root.client.patch(door, &json!({"is_active": false})).await,
        root.client.delete(door).await,
    ]
}

#[tokio::test]
async fn the_last_admin_cannot_be_taken_away() {
    let house = House::start().await;
    let root = house.admin("root").await;
    house.user("ann").await;
    let own = door_of(&root).await;
    for answer in takes_away(&root, &own).await {
        assert_eq!(answer.expect(409).json()["code"], "conflict");
    }
    let me = root.client.get("/v2/users/me").await.expect(200).json();
    assert_eq!(json!([me["role"], me["is_active"]]), json!(["admin", true]));
    let second = house.admin("second").await;
    root.client.patch(&door_of(&second).await, &json!({"is_active": false})).await.expect(200);
    root.client.patch(&own, &json!({"role": "member"})).await.expect(409);
}

#[tokio::test]
async fn an_invited_admin_who_never_came_is_nobody_to_rely_on() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let own = door_of(&root).await;
    let invitation = json!({"email": "bob@example.org", "role": "admin"});
    let invited = root.client.post("/v2/users", &invitation).await.expect(201).json();
    for answer in takes_away(&root, &own).await {
        answer.expect(409);
    }
    let link: &Value = &invited["invite_url"];
    let path = link.as_str().unwrap().strip_prefix(&house.url).unwrap();
    let taken = post_form(&house, path, "name=Bob&password=a+password+of+bobs").await.expect(303);
    let me = me_by_cookie(&house, &cookie_of(&taken)).await.expect(200).json();
    assert_eq!(me["role"], "admin");
    root.client.delete(&own).await.expect(204);
}

#[tokio::test]
async fn two_admins_who_demote_each_other_leave_one() {
    let house = House::start().await;
    let (one, two) = (house.admin("one").await, house.admin("two").await);
    let (of_one, of_two) = (door_of(&one).await, door_of(&two).await);
    let member = json!({"role": "member"});
    let (by_one, by_two) = tokio::join!(one.client.patch(&of_two, &member), two.client.patch(&of_one, &member));
    let mut statuses = [by_one.status.as_u16(), by_two.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && [403, 409].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test]
async fn a_deactivated_users_sessions_and_tokens_stop_and_come_back_by_a_new_sign_in() {
    let house = House::start().await;
    let (root, ann) = (house.admin("root").await, house.user("ann").await);
    let (browser, gateway, door) = (house.web_session("ann").await, ann.gateway_client().await, door_of(&ann).await);
    gateway.get("/v1/models").await.expect(200);
    me_by_cookie(&house, &browser).await.expect(200);
    root.client.patch(&door, &json!({"is_active": false})).await.expect(200);
    gateway.get("/v1/models").await.expect(401);
    ann.client.get("/v2/users/me").await.expect(401);
    me_by_cookie(&house, &browser).await.expect(401);
    log_in(&house, &ann.email, PASSWORD).await.expect(400);
    root.client.patch(&door, &json!({"is_active": true})).await.expect(200);
    gateway.get("/v1/models").await.expect(200);
    ann.client.get("/v2/users/me").await.expect(401);
    log_in(&house, &ann.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_keys_tokens_and_sessions() {
    let house = House::start().await;
    let (root, ann) = (house.admin("root").await, house.user("ann").await);
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let (gateway, door) = (ann.gateway_client().await, door_of(&ann).await);
    gateway.get("/v1/models").await.expect(200);
    root.client.delete(&door).await.expect(204);
    gateway.get("/v1/models").await.expect(401);
    ann.client.get("/v2/users/me").await.expect(401);
    log_in(&house, &ann.email, PASSWORD).await.expect(400);
    root.client.get(&door).await.expect(404);
    root.client.delete(&door).await.expect(404);
    assert!(!root.client.get("/v2/users").await.expect(200).text().contains("ann@example.org"));
    // The address is free again, for somebody new with nothing of the old.
    root.client.post("/v2/users", &json!({"email": "ann@example.org"})).await.expect(201);
}

#[tokio::test]
async fn a_member_looks_after_nobody() {
    let house = House::start().await;
    let (root, ann) = (house.admin("root").await, house.user("ann").await);
    let door = door_of(&root).await;
    for answer in takes_away(&ann, &door).await {
        answer.expect(403);
    }
    ann.client.patch(&door_of(&ann).await, &json!({"role": "admin"})).await.expect(403);
    ann.client.post("/v2/users", &json!({"email": "eve@example.org", "role": "admin"})).await.expect(403);
    ann.client.post(&format!("{door}/reset-link"), &json!({})).await.expect(403);
}
