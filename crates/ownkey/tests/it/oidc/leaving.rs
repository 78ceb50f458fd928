//! Signing out at the provider as well, and being unlinked from it.

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, PASSWORD};

use super::scripted::Scripted;
use super::travel::{journey, session_of, signed_in};

/// A browser that sends this session, from our own page.
async fn posts(house: &House, session: &str, path: &str, form: &str) -> Answer {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers = [("cookie", session), ("sec-fetch-site", "same-origin"), kind];
    house.nobody().send(Method::POST, path, &headers, form.as_bytes().to_vec()).await
}

fn encoded(address: &str) -> String {
    address.replace(':', "%3A").replace('/', "%2F")
}

fn says_way_out(provider: &Scripted, address: &str) {
    let address = address.to_owned();
    provider.says(|say| say.discovery = json!({"end_session_endpoint": address}));
}

#[tokio::test]
async fn whoever_came_from_the_provider_is_shown_the_way_out_there() {
    let provider = Scripted::start().await;
    says_way_out(&provider, &format!("{}/session/end?x=1", provider.issuer()));
    let house = provider.house().await;
    let session = signed_in(&house).await;
    let left = posts(&house, &session, "/logout", "").await.expect(303);
    assert_eq!(left.header("location"), "/login?out=there");
    let back = encoded(&format!("{}/login", house.url));
    let way_out = format!("{}/session/end?x=1&client_id=ownkey&post_logout_redirect_uri={back}", provider.issuer());
    let page = house.nobody().get("/login?out=there").await.expect(200).text();
    assert!(page.contains(&way_out.replace('&', "&amp;")) && page.contains("Sign out at Example Login"), "{page}");
    let ways = house.nobody().get("/v2/login/ways").await.expect(200).json();
    assert_eq!(ways["oidc"]["sign_out_url"], json!(way_out));
    assert!(!house.nobody().get("/login?out=1").await.expect(200).text().contains("session/end"));
    assert!(!house.nobody().get("/login").await.expect(200).text().contains("session/end"));
}

#[tokio::test]
async fn a_password_leads_to_no_page_of_the_provider_and_neither_does_an_address_that_is_none() {
    for address in ["javascript:alert(1)", "/session/end", "ftp://127.0.0.1/end", "data:text/html,x"] {
        let provider = Scripted::start().await;
        says_way_out(&provider, address);
        let house = provider.house().await;
        let session = signed_in(&house).await;
        posts(&house, &session, "/logout", "").await.expect(303);
        let page = house.nobody().get("/login?out=there").await.expect(200).text();
        assert!(page.contains("You are signed out.") && !page.contains("Sign out at"), "{address}: {page}");
        let ways = house.nobody().get("/v2/login/ways").await.expect(200).json();
        assert_eq!(ways["oidc"]["sign_out_url"], Value::Null, "{address}");
    }
    let provider = Scripted::start().await;
    let house = provider.house().await;
    house.user("bob").await;
    let form = format!("email=bob%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let opened = posts(&house, "", "/login", &form).await.expect(303);
    let left = posts(&house, &session_of(&opened).unwrap(), "/logout", "").await.expect(303);
    assert_eq!(left.header("location"), "/login?out=1");
}

async fn identities(client: &Client) -> Value {
    client.get("/v2/users/me/identities").await.expect(200).json()
}

#[tokio::test]
async fn whoever_has_a_password_is_unlinked_by_it_and_has_it_alone_from_then_on() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let ann = house.user("ann").await;
    assert_eq!(identities(&ann.client).await["count"], 0);
    let there = signed_in(&house).await;
    let linked = identities(&ann.client).await;
    assert_eq!(linked["data"][0]["issuer"], json!(provider.issuer()), "{linked}");
    assert_eq!(linked["data"][0]["email"], "ann@example.org");

    let unlink = async |issuer: &str, password: &str| {
        ann.client.post("/v2/users/me/identities/unlink", &json!({"issuer": issuer, "password": password})).await
    };
    unlink(provider.issuer(), "not the password").await.expect(400);
    unlink("https://login.example.com", PASSWORD).await.expect(404);
    assert_eq!(identities(&ann.client).await["count"], 1);
    unlink(provider.issuer(), PASSWORD).await.expect(204);
    assert_eq!(identities(&ann.client).await["count"], 0);
    let gone = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", &there)], Vec::new()).await;
    assert_eq!(gone.status.as_u16(), 401, "the session from there is over");
    unlink(provider.issuer(), PASSWORD).await.expect(404);
    let root = house.admin("root2").await;
    let log = root.client.get("/v2/audit-events?action=user.identity_unlinked").await.expect(200).json();
    assert_eq!(log["data"][0]["detail"]["issuer"], json!(provider.issuer()), "{log}");
    // By the verified address once more, where the operator lets accounts be linked.
    journey(&house).await.expect(303);
    assert_eq!(identities(&ann.client).await["count"], 1);
}

#[tokio::test]
async fn nobody_takes_away_their_only_way_in() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let session = signed_in(&house).await;
    let page = house.nobody().send(Method::GET, "/profile", &[("cookie", &session)], Vec::new()).await.expect(200);
    assert!(!page.text().contains("/profile/unlink"));
    let form = format!("issuer={}&password=whatever", encoded(provider.issuer()));
    let refused = posts(&house, &session, "/profile/unlink", &form).await.expect(409).text();
    assert!(refused.contains("this is your only way in"), "{refused}");

    // Where passwords are switched off, one that is there is no way in either.
    let provider = Scripted::start().await;
    let mut settings = provider.settings();
    settings.passwords = false;
    let house = provider.house_with(settings).await;
    super::passwords::add(&house, "ann", domain::caller::Role::Member).await;
    let session = signed_in(&house).await;
    let form = format!("issuer={}&password={}", encoded(provider.issuer()), PASSWORD.replace(' ', "+"));
    let refused = posts(&house, &session, "/profile/unlink", &form).await.expect(403).text();
    assert!(refused.contains("Passwords are switched off"), "{refused}");
    let ann = store::users::by_email(&house.app.store, "ann@example.org").await.unwrap().unwrap();
    assert!(ann.password_hash.is_some() && ann.has_identity);
}
