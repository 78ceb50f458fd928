//! Invitations and reset links: one use, not for ever, and nothing of one
//! opens the other.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{House, PASSWORD, Person};

use super::{HOUR, MINUTE, cookie_of, log_in, me_by_cookie, post_form};

const NEW: &str = "name=Bob&password=a+password+of+bobs";

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn invite(root: &Person, email: &str) -> Value {
    root.client.post("/v2/users", &json!({"email": email})).await.expect(201).json()
}

fn path(house: &House, link: &Value) -> String {
    link.as_str().unwrap().strip_prefix(&house.url).unwrap().to_owned()
}

async fn reset(house: &House, root: &Person, id: &str) -> String {
    let made = root.client.post(&format!("/v2/users/{id}/reset-link"), &json!({})).await.expect(201).json();
    path(house, &made["reset_url"])
}

async fn id_of(person: &Person) -> String {
    person.client.get("/v2/users/me").await.expect(200).json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_makes_a_member_once() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let invited = invite(&root, "bob@example.org").await;
    assert_eq!(invited["role"], "member");
    log_in(&house, "bob@example.org", "").await.expect(400);
    let path = path(&house, &invited["invite_url"]);
    assert!(house.nobody().get(&path).await.expect(200).text().contains("Your name"));
    let short = post_form(&house, &path, "name=Bob&password=short").await.expect(422);
    assert!(short.text().contains("at least 8 characters"));
    let taken = post_form(&house, &path, NEW).await.expect(303);
    let me = me_by_cookie(&house, &cookie_of(&taken)).await.expect(200).json();
    assert_eq!(json!([me["email"], me["role"], me["display_name"]]), json!(["bob@example.org", "member", "Bob"]));
    house.nobody().get(&path).await.expect(403);
    post_form(&house, &path, "name=Eve&password=a+password+of+eves").await.expect(403);
    log_in(&house, "bob@example.org", "a password of bobs").await.expect(200);
    let again = root.client.post("/v2/users", &json!({"email": "BOB@example.org"})).await.expect(409);
    assert_eq!(again.json()["errors"][0]["field"], "email");
}

#[tokio::test]
async fn an_invitation_lives_for_seven_days_and_a_reset_link_for_an_hour() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let ann = house.user("ann").await;
    let invitation = path(&house, &invite(&root, "bob@example.org").await["invite_url"]);
    let reset = reset(&house, &root, &id_of(&ann).await).await;
    house.pass(HOUR - MINUTE);
    house.nobody().get(&reset).await.expect(200);
    house.pass(2 * MINUTE);
    house.nobody().get(&reset).await.expect(403);
    post_form(&house, &reset, NEW).await.expect(403);
    log_in(&house, &ann.email, PASSWORD).await.expect(200);
    house.pass(7 * DAY - 2 * HOUR);
    house.nobody().get(&invitation).await.expect(200);
    house.pass(2 * HOUR);
    house.nobody().get(&invitation).await.expect(403);
    post_form(&house, &invitation, NEW).await.expect(403);
}

#[tokio::test]
async fn a_reset_link_sets_the_password_once_and_ends_the_sessions() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let ann = house.user("ann").await;
    let (browser, id) = (house.web_session("ann").await, id_of(&ann).await);
    let (old, path) = (reset(&house, &root, &id).await, reset(&house, &root, &id).await);
    house.nobody().get(&path.replace("/reset/", "/invite/")).await.expect(403);
    // Whoever is given a second link has no use for the first.
    post_form(&house, &old, "password=a+password+of+eves").await.expect(403);
    let done = post_form(&house, &path, "password=a+password+of+anns").await.expect(303);
    me_by_cookie(&house, &cookie_of(&done)).await.expect(200);
    me_by_cookie(&house, &browser).await.expect(401);
    ann.client.get("/v2/users/me").await.expect(401);
    log_in(&house, &ann.email, PASSWORD).await.expect(400);
    log_in(&house, &ann.email, "a password of anns").await.expect(200);
    post_form(&house, &path, "password=a+password+of+eves").await.expect(403);
}

#[tokio::test]
async fn two_posts_of_one_link_set_one_password() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let path = path(&house, &invite(&root, "bob@example.org").await["invite_url"]);
    let (one, two) = tokio::join!(post_form(&house, &path, NEW), post_form(&house, &path, NEW));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403]);
}

#[tokio::test]
async fn a_link_of_somebody_deactivated_or_deleted_lets_nobody_in() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let invited = invite(&root, "bob@example.org").await;
    let (path, user) = (path(&house, &invited["invite_url"]), format!("/v2/users/{}", invited["id"].as_str().unwrap()));
    root.client.patch(&user, &json!({"is_active": false})).await.expect(200);
    let refused = post_form(&house, &path, NEW).await.expect(403);
    assert_eq!(refused.header("set-cookie"), "");
    // It was not used up: back in, they choose their password with it.
    root.client.patch(&user, &json!({"is_active": true})).await.expect(200);
    post_form(&house, &path, NEW).await.expect(303);
    let gone = invite(&root, "eve@example.org").await;
    root.client.delete(&format!("/v2/users/{}", gone["id"].as_str().unwrap())).await.expect(204);
    post_form(&house, &super::links::path(&house, &gone["invite_url"]), NEW).await.expect(403);
}
