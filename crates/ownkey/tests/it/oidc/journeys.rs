//! There and back, and who may make the journey.

use std::time::Duration;

use http::Method;
use serde_json::json;
use testkit::{House, Options};

use super::scripted::{Scripted, now, set_up};
use super::travel::{Journey, journey, refused, session_of, signed_in};

#[tokio::test]
async fn whoever_signs_in_there_is_signed_in_here() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let journey = Journey::begin(&house).await;
    assert!(journey.sent_to.as_str().starts_with(&format!("{}/authorize?", provider.issuer())));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "ownkey"),
        ("redirect_uri", &format!("{}/login/oidc/callback", house.url)),
        ("scope", "openid email profile groups"),
        ("code_challenge_method", "S256"),
        ("prompt", ""),
    ] {
        assert_eq!(journey.asked(name), value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(journey.asked(name).len(), 43, "{name}");
        assert!(!journey.cookie.contains(&journey.asked(name)), "the cookie is sealed");
    }
    let answer = journey.back(&house).await.expect(303);
    assert_eq!(answer.header("location"), "/");
    let session = session_of(&answer).unwrap();
    let me = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", &session)], Vec::new()).await.expect(200);
    assert_eq!(me.json()["email"], "ann@example.org");
    assert_eq!(me.json()["display_name"], "Ann Example");
    assert_eq!(me.json()["role"], "member");
}

#[tokio::test]
async fn each_sign_in_is_a_session_of_its_own_whatever_cookie_came_along() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let planted = format!("{}=planted-by-somebody", signed_in(&house).await.split('=').next().unwrap());
    let mut journey = Journey::begin(&house).await;
    journey.session = Some(planted.clone());
    let first = session_of(&journey.back(&house).await.expect(303)).unwrap();
    let second = signed_in(&house).await;
    assert!(first != planted && second != first);
    let me = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", &planted)], Vec::new()).await;
    assert_eq!(me.status.as_u16(), 401);
}

#[tokio::test]
async fn a_journey_ends_in_the_browser_that_began_it_once_and_in_time() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let (mine, other) = (Journey::begin(&house).await, Journey::begin(&house).await);
    let lost = "This sign-in was not begun in this browser";
    // Another's state, an altered one, none.
    for query in [other.honest(), mine.honest().replace("state=", "state=x"), "code=abc".to_owned()] {
        assert!(refused(&mine.back_with(&house, &query).await).starts_with(lost), "{query}");
    }
    // No cookie, another's, an altered one.
    let altered = Journey { cookie: format!("{}A", mine.cookie), ..Journey::begin(&house).await };
    for cookie in [String::new(), other.cookie.clone(), altered.cookie] {
        let journey = Journey { cookie, sent_to: mine.sent_to.clone(), session: None };
        assert!(refused(&journey.back(&house).await).starts_with(lost));
    }
    // Twice.
    mine.back(&house).await.expect(303);
    assert!(refused(&mine.back(&house).await).starts_with(lost));
    assert_eq!(provider.asked("/token"), 1, "the second time nothing was asked");
    // Late.
    house.pass(Duration::from_secs(10 * 60 + 1));
    assert!(refused(&other.back(&house).await).starts_with(lost));
}

#[tokio::test]
async fn a_state_is_spent_on_all_nodes() {
    let Some(database) = testkit::PostgresDatabase::create().await else { return };
    let provider = Scripted::start().await;
    let options =
        Options { oidc: Some(provider.settings()), database_url: Some(database.url.clone()), ..Options::default() };
    let house = House::start_with(options).await;
    set_up(&house).await;
    let second = house.second_node().await;
    let journey = Journey::begin(&house).await;
    journey.back(&house).await.expect(303);
    let path = format!("/login/oidc/callback?{}", journey.honest());
    let client = testkit::Client::new(&second.url, None);
    let cookie = journey.cookie.clone();
    let again = client.send(Method::GET, &path, &[("cookie", &cookie)], Vec::new()).await;
    assert!(again.status.is_client_error(), "{}", again.status);
    house.stop().await;
    second.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn what_the_provider_says_instead_is_told_in_a_sentence() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    for (word, sentence) in [
        ("access_denied", "Example Login did not let you in here, or you said no there"),
        ("login_required", "Example Login wants to ask you something first"),
        ("temporarily_unavailable", "Example Login cannot sign anybody in just now"),
        ("invalid_scope", "Example Login does not take this server"),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "Example Login does not take this server"),
    ] {
        let journey = Journey::begin(&house).await;
        let query = format!("error={word}&error_description=%3Cb%3Ehostile%3C/b%3E&state={}", journey.asked("state"));
        let answer = journey.back_with(&house, &query).await;
        assert!(refused(&answer).starts_with(sentence), "{word}: {}", refused(&answer));
        assert!(!answer.text().contains("hostile") && !answer.text().contains("alert(1)"));
    }
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_door_and_with_one_the_page_leads_there() {
    let house = House::start().await;
    house.user("ann").await;
    assert!(refused_plainly(&house).await.contains("no other way to sign in than a password"));
    assert!(!house.nobody().get("/login").await.expect(200).text().contains("/login/oidc"));

    let provider = Scripted::start().await;
    let house = provider.house().await;
    house.user("ann").await;
    let page = house.nobody().get("/login").await.expect(200).text();
    assert!(page.contains("Sign in with Example Login") && page.contains("name=\"password\""), "{page}");
}

async fn refused_plainly(house: &House) -> String {
    let answer = house.nobody().get("/login/oidc").await.expect(404);
    answer.text()
}

#[tokio::test]
async fn from_another_name_of_this_server_they_are_led_to_the_public_one_first() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let port = house.url.rsplit(':').next().unwrap();
    let headers = [("host", format!("localhost:{port}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = house.nobody().send(Method::GET, "/login/oidc", &headers, Vec::new()).await.expect(303);
    assert_eq!(answer.header("location"), format!("{}/login/oidc?here=1", house.url));
    // Behind a proxy that changes the name, this leads out of the circle.
    let answer = house.nobody().send(Method::GET, "/login/oidc?here=1", &headers, Vec::new()).await.expect(303);
    assert!(answer.header("location").starts_with(provider.issuer()));
}

#[tokio::test]
async fn the_provider_is_asked_once_about_itself_and_anew_for_a_new_key() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    for _ in 0..3 {
        signed_in(&house).await;
    }
    assert_eq!((provider.asked("/.well-known/openid-configuration"), provider.asked("/jwks")), (1, 1));
    provider.says(|say| {
        say.keys = vec![2];
        say.seal = super::scripted::Seal::Key(2);
    });
    for _ in 0..2 {
        signed_in(&house).await;
    }
    assert_eq!(provider.asked("/jwks"), 2);
    house.pass(Duration::from_secs(3601));
    provider.knows(json!({"exp": now() + 7_200}));
    signed_in(&house).await;
    assert_eq!(provider.asked("/jwks"), 3);
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    provider.says(|say| {
        say.claims = json!({"email": null, "email_verified": null, "name": null});
        say.user_info = json!({"email": "ann@example.org", "email_verified": true, "name": "Ann of the endpoint"});
    });
    let session = signed_in(&house).await;
    let me = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", &session)], Vec::new()).await.expect(200);
    assert_eq!(me.json()["display_name"], "Ann of the endpoint");
    // Of somebody else it tells nothing.
    provider.says(|say| say.user_info["sub"] = json!("s-bob"));
    assert!(refused(&journey(&house).await).contains("does not prove who you are"));
}
