//! Showing a key again to somebody who signs in elsewhere: they sign in there
//! once more, and it counts for five minutes in that browser's session.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, House};

use super::scripted::{Scripted, now};
use super::travel::{Journey, refused, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

async fn post(house: &House, session: &str, path: &str, body: Value) -> Answer {
    let headers = [("cookie", session), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    house.nobody().send(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

async fn saved(house: &House, session: &str) -> String {
    let key = post(house, session, "/v2/credentials?check=sync", json!({"provider": "openai", "api_key": KEY})).await;
    format!("/v2/credentials/{}/reveal", key.expect(201).json()["id"].as_str().unwrap())
}

const CONFIRM: &str = "/login/oidc/confirm?next=/keys";

#[tokio::test]
async fn a_key_is_shown_after_a_fresh_sign_in_for_five_minutes_in_that_session() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let session = signed_in(&house).await;
    let reveal = saved(&house, &session).await;
    let refused = post(&house, &session, &reveal, json!({})).await.expect(400).json();
    assert_eq!(refused["code"], "incorrect_login");
    assert!(refused["detail"].as_str().unwrap().starts_with("Sign in with Example Login once more"), "{refused}");
    let journey = Journey::begin_at(&house, CONFIRM, Some(session.clone())).await;
    assert_eq!((journey.asked("prompt").as_str(), journey.asked("max_age").as_str()), ("login", "0"));
    provider.knows(json!({"auth_time": now()}));
    let answer = journey.back(&house).await.expect(303);
    assert_eq!(answer.header("location"), "/keys");
    assert_eq!(super::travel::session_of(&answer), None, "the session is the one that was");
    assert_eq!(post(&house, &session, &reveal, json!({})).await.expect(200).json()["api_key"], KEY);
    // Another session of hers proved nothing.
    let other = signed_in(&house).await;
    post(&house, &other, &reveal, json!({})).await.expect(400);
    house.pass(Duration::from_secs(5 * 60 + 1));
    post(&house, &session, &reveal, json!({})).await.expect(400);
}

#[tokio::test]
async fn an_old_sign_in_another_person_and_another_browser_confirm_nothing() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let session = signed_in(&house).await;
    let reveal = saved(&house, &session).await;
    for (claims, sentence) in [
        (json!({"auth_time": now() - 3_600}), "did not ask you anew"),
        (json!({}), "did not ask you anew"),
        (json!({"sub": "s-bob", "auth_time": now()}), "somebody else than you are here"),
    ] {
        let journey = Journey::begin_at(&house, CONFIRM, Some(session.clone())).await;
        provider.knows(claims);
        let answer = journey.back(&house).await;
        assert!(refused(&answer).contains(sentence), "{}", refused(&answer));
        assert!(answer.text().contains("Nothing was confirmed"));
    }
    provider.knows(json!({"auth_time": now()}));
    let mut journey = Journey::begin_at(&house, CONFIRM, Some(session.clone())).await;
    journey.session = Some(signed_in(&house).await);
    assert!(refused(&journey.back(&house).await).contains("not begun in this browser"));
    post(&house, &session, &reveal, json!({})).await.expect(400);
    // Nobody begins it without a session, and a proof makes no session.
    let answer = house.nobody().get(CONFIRM).await.expect(303);
    assert_eq!(answer.header("location"), "/login");
}

#[tokio::test]
async fn it_proves_nothing_about_keys_from_before_the_account_was_linked() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let ann = house.user("ann").await;
    let before = ann.save_key("openai", KEY).await;
    let before = format!("/v2/credentials/{}/reveal", before["id"].as_str().unwrap());
    house.pass(Duration::from_secs(1));
    let session = signed_in(&house).await;
    let confirmed = Journey::begin_at(&house, CONFIRM, Some(session.clone())).await;
    provider.knows(json!({"auth_time": now() + 1}));
    confirmed.back(&house).await.expect(303);
    let answer = post(&house, &session, &before, json!({})).await.expect(403);
    assert!(answer.json()["detail"].as_str().unwrap().contains("Type your password"), "{}", answer.text());
    post(&house, &session, &before, json!({"password": testkit::PASSWORD})).await.expect(200);
}

#[tokio::test]
async fn nobody_is_led_to_another_site_afterwards() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let session = signed_in(&house).await;
    provider.knows(json!({"auth_time": now()}));
    for next in ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"] {
        let path = format!("/login/oidc/confirm?next={next}");
        let journey = Journey::begin_at(&house, &path, Some(session.clone())).await;
        assert_eq!(journey.back(&house).await.expect(303).header("location"), "/", "{next}");
    }
}
