//! Signing in and staying in: passwords, lock-out, sessions, the set-up link,
//! and gateway tokens that never exceed whoever made them.

mod setup;

use std::time::Duration;

use http::Method;
use serde_json::json;
use testkit::{Answer, Client, House, PASSWORD};

const MINUTE: Duration = Duration::from_secs(60);

async fn log_in(house: &House, username: &str, password: &str) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("grant_type=password&username={username}&password={}", password.replace(' ', "+"));
    house.nobody().send(Method::POST, "/v2/login/access-token", &form, body.into()).await
}

#[tokio::test]
async fn an_access_token_has_the_promised_body_and_a_wrong_password_too() {
    let house = House::start().await;
    house.user("ann").await;
    let answer = log_in(&house, "ann@example.org", PASSWORD).await.expect(200);
    let body = answer.json();
    assert!(body["access_token"].as_str().unwrap().starts_with("eyJ"), "{body}");
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(answer.header("cache-control"), "no-store");
    for (username, password) in [("ann@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", "")] {
        let refused = log_in(&house, username, password).await.expect(400).json();
        assert_eq!(refused["detail"], "Incorrect email or password", "{username}");
    }
    log_in(&house, " ANN@Example.org ", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn five_failures_lock_an_account_for_fifteen_minutes_and_nobody_else() {
    let house = House::start().await;
    house.user("ann").await;
    house.user("bob").await;
    for _ in 0..5 {
        log_in(&house, "ann@example.org", "wrong").await.expect(400);
    }
    for password in ["wrong", PASSWORD] {
        let locked = log_in(&house, "ann@example.org", password).await.expect(429);
        let wait: u64 = locked.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        assert_eq!(locked.json()["code"], "too_many_logins");
    }
    let page = house.nobody().submit("/login", "", "email=ann@example.org&password=x").await.expect(429);
    assert!(page.text().contains("Too many failed log-ins"), "{}", page.text());
    log_in(&house, "bob@example.org", PASSWORD).await.expect(200);
    house.pass(14 * MINUTE);
    log_in(&house, "ann@example.org", PASSWORD).await.expect(429);
    house.pass(2 * MINUTE);
    log_in(&house, "ann@example.org", PASSWORD).await.expect(200);
    log_in(&house, "ann@example.org", "wrong").await.expect(400);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_one_opens_nothing() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let other = log_in(&house, &ann.email, PASSWORD).await.expect(200).json();
    let other = Client::new(&house.url, other["access_token"].as_str());
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/v2/users/me/change-password";
    ann.client.post(path, &change("not it", "another fine password")).await.expect(400);
    ann.client.post(path, &change(PASSWORD, "short")).await.expect(422);
    ann.client.get("/v2/users/me").await.expect(200);
    ann.client.post(path, &change(PASSWORD, "another fine password")).await.expect(204);
    ann.client.get("/v2/users/me").await.expect(200);
    other.get("/v2/users/me").await.expect(401);
    house.nobody().page("/v2/users/me", &cookie).await.expect(401);
    log_in(&house, &ann.email, PASSWORD).await.expect(400);
    log_in(&house, &ann.email, "another fine password").await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_that_session_only() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let (here, there) = (house.web_session("ann").await, house.web_session("ann").await);
    let nobody = house.nobody();
    nobody.page("/keys", &here).await.expect(200);
    let left = nobody.submit("/logout", &here, "").await.expect(303);
    assert_eq!(left.header("location"), "/login");
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{}", left.header("set-cookie"));
    nobody.page("/keys", &here).await.expect(303);
    nobody.page("/keys", &there).await.expect(200);
    ann.client.send(Method::POST, "/v2/logout", &[], Vec::new()).await.expect(204);
    ann.client.get("/v2/users/me").await.expect(401);
    nobody.page("/keys", &there).await.expect(200);
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let form = format!("email={}&password={}", ann.email, PASSWORD.replace(' ', "+"));
    let answer = house.nobody().submit("/login", "", &form).await.expect(303);
    let cookie = answer.header("set-cookie");
    let port = house.url.rsplit(':').next().unwrap();
    assert!(cookie.starts_with(&format!("ownkey_{port}=")), "{cookie}");
    for word in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age="] {
        assert!(cookie.contains(word), "{cookie} lacks {word}");
    }
    let value = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(value.len() >= 43, "{value} is short");
    for file in house.files() {
        let bytes = std::fs::read(&file).unwrap();
        let is_in = bytes.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(!is_in, "{} holds the cookie", file.display());
    }
}

#[tokio::test]
async fn sessions_and_tokens_end_when_they_said() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let now = app_time(&house, 60);
    let brief = ann.gateway_client_with(&json!({"name": "brief", "expires_at": now})).await;
    let lasting = ann.gateway_client().await;
    brief.get("/v1/models").await.expect(200);
    house.pass(61 * MINUTE);
    brief.get("/v1/models").await.expect(401);
    lasting.get("/v1/models").await.expect(200);
    ann.client.get("/v2/users/me").await.expect(200);
    house.pass(8 * 60 * MINUTE);
    ann.client.get("/v2/users/me").await.expect(401);
    house.nobody().page("/keys", &cookie).await.expect(200);
    house.pass(31 * 24 * 60 * MINUTE);
    house.nobody().page("/keys", &cookie).await.expect(303);
}

/// The house's time in so many minutes, as text.
fn app_time(house: &House, minutes: u32) -> String {
    house.app.clock.now().plus(minutes * MINUTE).to_string()
}

#[tokio::test]
async fn a_token_never_exceeds_its_maker() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let scopes = json!({"name": "maker", "scopes": ["manage:tokens", "models"], "models": ["gpt-5-mini"]});
    let maker = root.gateway_client_with(&scopes).await;
    for wanted in ["manage:credentials", "read:usage", "read:audit", "metrics"] {
        let body = json!({"name": "more", "scopes": ["models", wanted]});
        assert_eq!(maker.post("/v2/tokens", &body).await.expect(403).json()["code"], "forbidden", "{wanted}");
    }
    let body = json!({"name": "more", "models": ["gpt-5-mini", "gpt-5"]});
    maker.post("/v2/tokens", &body).await.expect(403);
    let child = maker.post("/v2/tokens", &json!({"name": "same"})).await.expect(201).json();
    assert_eq!(child["models"], json!(["gpt-5-mini"]), "no list means its maker's list");
    for path in ["/v2/users/me", "/v2/users", "/v2/audit-events", "/v2/credentials", "/v2/usage"] {
        maker.get(path).await.expect(403);
    }
    let brief = json!({"name": "dying", "scopes": ["manage:tokens", "models"], "expires_at": app_time(&house, 10)});
    let dying = root.gateway_client_with(&brief).await;
    let outliving = dying.post("/v2/tokens", &json!({"name": "forever"})).await;
    let ends = if outliving.status.is_success() { outliving.json()["expires_at"].clone() } else { json!("refused") };
    assert_ne!(ends, json!(null), "a token outlives the one that made it");
}

#[tokio::test]
async fn a_revoked_token_is_dead_at_once_and_is_shown_once() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let fresh = ann.client.post("/v2/tokens", &json!({"name": "laptop"})).await.expect(201).json();
    let (text, id) = (fresh["token"].as_str().unwrap(), fresh["id"].as_str().unwrap());
    let client = ann.client.with_token(text);
    client.get("/v1/models").await.expect(200);
    let listed = ann.client.get("/v2/tokens").await.expect(200).text();
    assert!(!listed.contains(text) && listed.contains(fresh["masked"].as_str().unwrap()), "{listed}");
    ann.client.delete(&format!("/v2/tokens/{id}")).await.expect(204);
    client.get("/v1/models").await.expect(401);
    ann.client.delete(&format!("/v2/tokens/{id}")).await.expect(204);
    assert_eq!(ann.client.get("/v2/tokens").await.json()["count"], 0);
}
