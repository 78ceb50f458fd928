//! A provider, or somebody in its place, that says what no honest one would:
//! nobody is signed in by it, and nothing of what it says is shown.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::House;

use super::scripted::{Say, Scripted, Seal, now};
use super::travel::{Journey, journey, refused, signed_in};

const UNPROVEN: &str = "What came from Example Login does not prove who you are";
const OTHER_TIME: &str = "By this server&#39;s clock";

fn plain(text: &str) -> String {
    text.replace("&#39;", "'").replace("&quot;", "\"")
}

#[tokio::test]
async fn an_id_token_that_is_wrong_in_any_part_signs_nobody_in() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let other_time = plain(OTHER_TIME);
    for (claims, sentence) in [
        (json!({"nonce": "another"}), UNPROVEN),
        (json!({"nonce": null}), UNPROVEN),
        (json!({"aud": "another-client"}), UNPROVEN),
        (json!({"aud": ["ownkey", "another-client"]}), UNPROVEN),
        (json!({"aud": []}), UNPROVEN),
        (json!({"aud": null}), UNPROVEN),
        (json!({"azp": "another-client"}), UNPROVEN),
        (json!({"iss": "https://evil.example"}), UNPROVEN),
        (json!({"iss": format!("{}/", provider.issuer())}), UNPROVEN),
        (json!({"iss": null}), UNPROVEN),
        (json!({"sub": null}), UNPROVEN),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), UNPROVEN),
        (json!({"exp": null}), UNPROVEN),
        (json!({"exp": now() - 61}), other_time.as_str()),
        (json!({"exp": now() - 3_600, "iat": now() - 7_200}), other_time.as_str()),
        (json!({"iat": now() + 400, "exp": now() + 700}), other_time.as_str()),
    ] {
        provider.knows(claims.clone());
        let told = plain(&refused(&journey(&house).await));
        assert!(told.starts_with(sentence), "{claims}: {told}");
    }
    assert_eq!(store::users::count(&house.app.store).await.unwrap(), 1);
    // The same provider, honest again; a clock that is a little behind does no harm.
    provider.knows(json!({"exp": now() - 30, "azp": "ownkey"}));
    signed_in(&house).await;
}

#[tokio::test]
async fn a_signature_by_anything_but_its_own_key_counts_for_nothing() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    signed_in(&house).await;
    for seal in [Seal::None, Seal::PublicKeyAsSecret, Seal::ClientSecret, Seal::Key(7), Seal::Under(1, 7)] {
        provider.says(|say| say.seal = seal);
        assert!(refused(&journey(&house).await).starts_with(UNPROVEN), "{seal:?}");
    }
    // Also where it announces nothing but what anybody can make.
    let provider = Scripted::start().await;
    provider.says(|say| say.discovery = json!({"id_token_signing_alg_values_supported": ["none", "HS256"]}));
    let house = provider.house().await;
    let page = house.nobody().get("/login/oidc").await;
    assert!(page.text().contains("is not set up so that it can be used here"), "{}", page.text());
    // And an algorithm that it did not announce is none of its own.
    let provider = Scripted::start().await;
    provider.says(|say| say.discovery = json!({"id_token_signing_alg_values_supported": ["RS256", "ES256"]}));
    let house = provider.house().await;
    assert!(refused(&journey(&house).await).starts_with(UNPROVEN));
}

#[tokio::test]
async fn an_answer_in_another_issuers_name_is_not_taken() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let with_iss = |journey: &Journey, iss: &str| format!("{}&iss={iss}", journey.honest());
    let one = Journey::begin(&house).await;
    assert!(refused(&one.back_with(&house, &with_iss(&one, "https://evil.example")).await).starts_with(UNPROVEN));
    one.back_with(&house, &with_iss(&one, provider.issuer())).await.expect(303);
    // One that says it always names itself has to.
    let provider = Scripted::start().await;
    provider.says(|say| say.discovery = json!({"authorization_response_iss_parameter_supported": true}));
    let house = provider.house().await;
    let one = Journey::begin(&house).await;
    assert!(refused(&one.back(&house).await).starts_with(UNPROVEN));
    one.back_with(&house, &with_iss(&one, provider.issuer())).await.expect(303);
}

#[tokio::test]
async fn a_code_of_somebody_elses_journey_is_worth_nothing() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let (mine, other) = (Journey::begin(&house).await, Journey::begin(&house).await);
    // The other's code under my state: its verifier is not mine.
    let query = other.honest().replace(&other.asked("state"), &mine.asked("state"));
    assert!(refused(&mine.back_with(&house, &query).await).contains("no longer knows of this sign-in"));
}

async fn told_after(house: &House, provider: &Scripted, change: impl FnOnce(&mut Say)) -> String {
    provider.says(change);
    let answer = journey(house).await;
    assert!(!answer.text().contains("<script>") && !answer.text().contains("hostile"), "{}", answer.text());
    plain(&refused(&answer))
}

#[tokio::test]
async fn nothing_that_its_token_endpoint_says_is_shown() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let hostile = |status: u16, body: Value| Some((status, body.to_string()));
    for (token, sentence) in [
        (
            hostile(400, json!({"error": "invalid_grant", "error_description": "<script>hostile"})),
            "Example Login no longer knows",
        ),
        (
            hostile(401, json!({"error": "invalid_client", "error_description": "<script>hostile"})),
            "Example Login does not take",
        ),
        (hostile(400, json!({"error": "<script>hostile"})), "Example Login does not take"),
        (hostile(500, json!("<script>hostile")), UNPROVEN),
        (hostile(200, json!({"access_token": "a", "token_type": "Bearer"})), UNPROVEN),
        (hostile(200, json!({"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"})), UNPROVEN),
        (Some((200, "<script>hostile</script>".to_owned())), UNPROVEN),
        (Some((302, String::new())), UNPROVEN),
        (
            Some((200, format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024)))),
            "Example Login cannot be asked who you are",
        ),
    ] {
        let told = told_after(&house, &provider, |say| say.token = token.clone()).await;
        assert!(told.starts_with(sentence), "{token:?}: {told}");
    }
}

#[tokio::test]
async fn what_it_says_of_itself_is_held_against_the_operators_words() {
    for (discovery, sentence) in [
        (json!({"issuer": "https://evil.example"}), "is not set up so that it can be used here"),
        (json!({"jwks_uri": null}), "is not set up so that it can be used here"),
        // A private address that nobody named.
        (json!({"jwks_uri": "http://169.254.169.254/latest/meta-data"}), "cannot be asked who you are"),
        (json!({"jwks_uri": "http://127.0.0.1:1/jwks"}), "cannot be asked who you are"),
        (json!({"jwks_uri": "http://login.example.org/jwks"}), "cannot be asked who you are"),
    ] {
        let provider = Scripted::start().await;
        provider.says(|say| say.discovery = discovery.clone());
        let house = provider.house().await;
        let page = house.nobody().get("/login/oidc").await;
        assert!(page.status.is_server_error() && page.text().contains(sentence), "{discovery}: {}", page.text());
    }
    // The token endpoint is judged when it is asked.
    let provider = Scripted::start().await;
    provider.says(|say| say.discovery = json!({"token_endpoint": "http://10.0.0.1/token"}));
    let house = provider.house().await;
    assert!(refused(&journey(&house).await).contains("cannot be asked who you are"));
}

#[tokio::test]
async fn this_server_is_not_its_own_provider() {
    let house = House::start().await;
    let own = super::scripted::settings(&house.url);
    let second = House::start_with(testkit::Options { oidc: Some(own), ..testkit::Options::default() }).await;
    // Another house answers there, and it is no provider.
    let page = second.nobody().get("/login/oidc").await;
    assert!(page.text().contains("is not set up so that it can be used here"), "{}", page.text());
}

#[tokio::test]
async fn a_provider_that_is_gone_is_told_and_left_alone_for_a_moment() {
    let provider = Scripted::start().await;
    provider.says(|say| say.discovery = json!({"issuer": "https://evil.example"}));
    let house = provider.house().await;
    for _ in 0..3 {
        assert!(house.nobody().get("/login/oidc").await.status.is_server_error());
    }
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 1);
    provider.says(|say| say.discovery = json!({}));
    house.pass(Duration::from_secs(6));
    Journey::begin(&house).await;
}

#[tokio::test]
async fn a_provider_that_never_answers_holds_a_sign_in_for_ten_seconds_at_most() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let journey = Journey::begin(&house).await;
    provider.says(|say| say.hangs = true);
    let answer = tokio::time::timeout(Duration::from_secs(20), journey.back(&house)).await.unwrap();
    assert!(refused(&answer).contains("cannot be asked who you are just now"));
}
