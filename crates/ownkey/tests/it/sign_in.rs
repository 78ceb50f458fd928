//! Who gets in, with what, and for how long.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod links;
mod set_up;
mod tokens;
mod users;

use std::time::Duration;

use http::Method;
use serde_json::json;
use testkit::{Answer, Client, House, PASSWORD};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

const MINUTE: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(3600);

/// Asks for an access token.
async fn log_in(house: &House, email: &str, password: &str) -> Answer {
    let form = format!("username={email}&password={}", password.replace(' ', "+"));
    house.nobody().send(Method::POST, "/v2/login/access-token", &[FORM], form.into_bytes()).await
}

/// Sends a form as one of our own pages does.
async fn post_form(house: &House, path: &str, form: &str) -> Answer {
    let headers = [FORM, ("origin", house.url.as_str())];
    house.nobody().send(Method::POST, path, &headers, form.as_bytes().to_vec()).await
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// The account of whoever has this cookie.
async fn me_by_cookie(house: &House, cookie: &str) -> Answer {
    house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", cookie)], Vec::new()).await
}

fn client_of(house: &House, answer: &Answer) -> Client {
    house.nobody().with_token(answer.json()["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn the_right_password_is_exchanged_for_a_bearer_token_of_eight_hours() {
    let house = House::start().await;
    house.user("ann").await;
    let answer = log_in(&house, "Ann@Example.org", PASSWORD).await.expect(200);
    assert_eq!(answer.json()["token_type"], "bearer");
    assert_eq!(answer.header("cache-control"), "no-store");
    let client = client_of(&house, &answer);
    assert_eq!(client.get("/v2/users/me").await.expect(200).json()["email"], "ann@example.org");
    house.pass(8 * HOUR - MINUTE);
    client.get("/v2/users/me").await.expect(200);
    house.pass(2 * MINUTE);
    client.get("/v2/users/me").await.expect(401);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let house = House::start().await;
    house.user("ann").await;
    for email in ["ann@example.org", "nobody@example.org"] {
        let mut body = log_in(&house, email, "wrong password").await.expect(400).json();
        let fields = body.as_object_mut().unwrap();
        assert!(fields.remove("request_id").is_some_and(|id| id.is_string()), "{fields:?}");
        assert_eq!(
            body,
            json!({
                "type": "about:blank",
                "title": "Incorrect e-mail or password",
                "status": 400,
                "detail": "Incorrect email or password",
                "code": "incorrect_login",
                "instance": "/v2/login/access-token",
            })
        );
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let other = client_of(&house, &log_in(&house, &ann.email, PASSWORD).await.expect(200));
    let browser = house.web_session("ann").await;
    let gateway = ann.gateway_client().await;
    let change = |current: &'static str| json!({"current_password": current, "new_password": "another good one"});
    let refused = ann.client.post("/v2/users/me/change-password", &change("wrong password")).await.expect(400);
    assert_eq!(refused.json()["code"], "incorrect_login");
    let short = json!({"current_password": PASSWORD, "new_password": "short"});
    ann.client.post("/v2/users/me/change-password", &short).await.expect(422);
    ann.client.post("/v2/users/me/change-password", &change(PASSWORD)).await.expect(204);
    ann.client.get("/v2/users/me").await.expect(200);
    other.get("/v2/users/me").await.expect(401);
    me_by_cookie(&house, &browser).await.expect(401);
    gateway.get("/v1/models").await.expect(200);
    log_in(&house, &ann.email, PASSWORD).await.expect(400);
    log_in(&house, &ann.email, "another good one").await.expect(200);
}

#[tokio::test]
async fn logging_out_ends_this_session_and_no_other() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let other = client_of(&house, &log_in(&house, &ann.email, PASSWORD).await.expect(200));
    other.post("/v2/logout", &json!({})).await.expect(204);
    other.get("/v2/users/me").await.expect(401);
    ann.client.get("/v2/users/me").await.expect(200);
    let browser = house.web_session("ann").await;
    let headers = [FORM, ("origin", house.url.as_str()), ("cookie", browser.as_str())];
    let left = house.nobody().send(Method::POST, "/logout", &headers, Vec::new()).await.expect(303);
    assert_eq!(left.header("location"), "/login?out=1");
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    me_by_cookie(&house, &browser).await.expect(401);
}
