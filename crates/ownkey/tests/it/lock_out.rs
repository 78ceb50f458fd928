//! Guessing passwords: few guesses, however they come.

use std::time::Duration;

use http::Method;
use testkit::{Answer, House, PASSWORD};

async fn log_in(house: &House, email: &str, password: &str) -> Answer {
    let form = format!("username={email}&password={}", password.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    house.nobody().send(Method::POST, "/v2/login/access-token", &headers, form.into_bytes()).await
}

#[tokio::test]
async fn after_five_wrong_guesses_even_the_right_password_waits_fifteen_minutes() {
    let house = House::start().await;
    house.user("ann").await;
    for _ in 0..5 {
        let answer = log_in(&house, "ann@example.org", "wrong").await.expect(400);
        assert_eq!(answer.json()["detail"], "Incorrect email or password");
    }
    let locked = log_in(&house, "Ann@Example.org", PASSWORD).await.expect(429);
    assert_eq!((locked.header("retry-after"), locked.json()["code"].as_str()), ("900", Some("too_many_logins")));
    house.pass(Duration::from_secs(16 * 60));
    log_in(&house, "ann@example.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_burst_of_guesses_is_no_more_than_five() {
    let house = House::start().await;
    house.user("ann").await;
    let guesses = (0..30).map(|_| log_in(&house, "ann@example.org", "wrong"));
    let answers = futures_util::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status.as_u16() == 400).count();
    assert_eq!(tried, 5);
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 400 | 429)));
}

#[tokio::test]
async fn an_unknown_account_is_answered_and_locked_like_a_known_one() {
    let house = House::start().await;
    house.user("ann").await;
    for _ in 0..5 {
        log_in(&house, "nobody@example.org", "wrong").await.expect(400);
    }
    log_in(&house, "nobody@example.org", "wrong").await.expect(429);
    // Somebody else is not locked with it.
    log_in(&house, "ann@example.org", PASSWORD).await.expect(200);
}
