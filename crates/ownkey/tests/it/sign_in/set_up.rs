//! The set-up link: one admin, once, within an hour.

use http::Method;
use serde_json::json;
use testkit::House;

use super::{HOUR, MINUTE, cookie_of, me_by_cookie, post_form};

/// A new link's path and code.
async fn link(house: &House) -> (String, String) {
    let link = app::setup::create_link(&house.app).await.unwrap();
    let path = link.strip_prefix(&house.url).unwrap().to_owned();
    let code = path.split_once("code=").unwrap().1.to_owned();
    (path, code)
}

fn form(code: &str, email: &str) -> String {
    format!("code={code}&name=Ann&email={email}%40example.org&password=correct+horse+battery")
}

#[tokio::test]
async fn only_the_right_code_shows_the_page() {
    let house = House::start().await;
    let (path, _) = link(&house).await;
    let nobody = house.nobody();
    nobody.get("/setup").await.expect(403);
    nobody.get("/setup?code=wrong").await.expect(403);
    let page = nobody.get(&path).await.expect(200);
    assert!(page.text().contains("Create account"));
    assert_eq!(page.header("referrer-policy"), "same-origin", "the code is in this page's address");
    nobody.get(&path).await.expect(200);
}

#[tokio::test]
async fn the_form_makes_the_admin_and_signs_them_in_once() {
    let house = House::start().await;
    let (path, code) = link(&house).await;
    let foreign = [super::FORM, ("origin", "https://evil.example")];
    let body = form(&code, "ann").into_bytes();
    house.nobody().send(Method::POST, "/setup", &foreign, body).await.expect(403);
    post_form(&house, "/setup", &form("wrong", "ann")).await.expect(403);
    let short = post_form(&house, "/setup", &form(&code, "ann").replace("correct+horse+battery", "short")).await;
    assert!(short.expect(422).text().contains("at least 8 characters"));
    let made = post_form(&house, "/setup", &form(&code, "ann")).await.expect(303);
    let attributes = made.header("set-cookie");
    assert!(attributes.contains("; HttpOnly; SameSite=Lax"), "{attributes}");
    let me = me_by_cookie(&house, &cookie_of(&made)).await.expect(200).json();
    assert_eq!(json!([me["email"], me["role"], me["display_name"]]), json!(["ann@example.org", "admin", "Ann"]));
    post_form(&house, "/setup", &form(&code, "eve")).await.expect(410);
    house.nobody().get(&path).await.expect(410);
    house.nobody().get("/setup").await.expect(410);
}

#[tokio::test]
async fn two_people_with_one_link_make_one_admin() {
    let house = House::start().await;
    let (_, code) = link(&house).await;
    let (ann, bob) = (form(&code, "ann"), form(&code, "bob"));
    let (ann, bob) = tokio::join!(post_form(&house, "/setup", &ann), post_form(&house, "/setup", &bob));
    let mut statuses = [ann.status.as_u16(), bob.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses[0] == 303 && [403, 410].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test]
async fn a_new_link_takes_the_place_of_the_old_one() {
    let house = House::start().await;
    let ((old, old_code), (new, _)) = (link(&house).await, link(&house).await);
    house.nobody().get(&old).await.expect(403);
    post_form(&house, "/setup", &form(&old_code, "ann")).await.expect(403);
    house.nobody().get(&new).await.expect(200);
}

#[tokio::test]
async fn after_an_hour_the_link_is_dead() {
    let house = House::start().await;
    let (path, code) = link(&house).await;
    house.pass(HOUR - MINUTE);
    house.nobody().get(&path).await.expect(200);
    house.pass(2 * MINUTE);
    house.nobody().get(&path).await.expect(403);
    post_form(&house, "/setup", &form(&code, "ann")).await.expect(403);
}
