//! Whose account somebody has: the subject's, for good.

use domain::admission::Domains;
use http::Method;
use serde_json::{Value, json};
use testkit::House;

use super::scripted::{Scripted, ann};
use super::travel::{journey, refused, signed_in};

async fn me(house: &House, session: &str) -> Value {
    house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", session)], Vec::new()).await.expect(200).json()
}

#[tokio::test]
async fn only_a_verified_address_lets_anybody_in() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    for (claims, sentence) in [
        (json!({"email_verified": false}), "Example Login has not verified your e-mail address"),
        (json!({"email_verified": null}), "Example Login has not verified your e-mail address"),
        (json!({"email": null, "email_verified": null}), "Example Login did not tell your e-mail address"),
        (json!({"email": "not an address"}), "The e-mail address that Example Login has of you cannot be used"),
    ] {
        provider.knows(claims.clone());
        assert!(refused(&journey(&house).await).starts_with(sentence), "{claims}");
    }
    assert_eq!(store_users(&house).await, 1, "nobody was made");
    // Some providers write the word as a text.
    provider.knows(json!({"email_verified": "true"}));
    signed_in(&house).await;
    provider.knows(json!({"email_verified": false}));
    assert!(refused(&journey(&house).await).starts_with("Example Login has not verified"), "not even then");
}

async fn store_users(house: &House) -> i64 {
    store::users::count(&house.app.store).await.unwrap()
}

#[tokio::test]
async fn an_account_follows_its_subject_and_not_its_address() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let first = me(&house, &signed_in(&house).await).await;
    // A new address is the same person.
    provider.knows(json!({"email": "ann.new@example.org"}));
    assert_eq!(me(&house, &signed_in(&house).await).await["id"], first["id"]);
    // Somebody else with her former address is not.
    provider.knows(json!({"sub": "s-impostor", "email": "ann@example.org"}));
    let sentence = refused(&journey(&house).await);
    assert!(
        sentence.contains("is somebody else&#39;s at Example Login")
            || sentence.contains("is somebody else's at Example Login"),
        "{sentence}"
    );
    assert_eq!(store_users(&house).await, 2);
}

#[tokio::test]
async fn a_password_account_is_linked_by_its_verified_address_where_that_is_allowed() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.admission.links = false;
    let house = provider.house_with(oidc).await;
    let ann = house.user("ann").await;
    assert!(refused(&journey(&house).await).contains("signed in to with its password only"));

    let house = provider.house().await;
    let of_ann = house.user("ann").await;
    let id = of_ann.client.get("/v2/users/me").await.expect(200).json()["id"].clone();
    assert_eq!(me(&house, &signed_in(&house).await).await["id"], id);
    house.web_session("ann").await;
    drop(ann);
    // An address that only looks like hers is nobody's.
    provider.knows(json!({"sub": "s-2", "email": "ann@e\u{445}ample.org"}));
    assert!(refused(&journey(&house).await).contains("beyond plain ASCII"));
}

#[tokio::test]
async fn newcomers_come_in_as_the_operator_said() {
    let provider = Scripted::start().await;
    for (domains, groups, claims, sentence) in [
        (Domains::Unsaid, "", json!({}), Some("new people come in by invitation")),
        (Domains::Listed(vec!["example.com".into()]), "", json!({}), Some("Addresses of your domain")),
        (Domains::Listed(vec!["example.org".into()]), "", json!({}), None),
        (Domains::Unsaid, "staff", json!({"groups": ["guests"]}), Some("none of the groups")),
        (Domains::Unsaid, "staff", json!({"groups": ["guests", "staff"]}), None),
    ] {
        let mut oidc = provider.settings();
        oidc.admission.domains = domains.clone();
        oidc.admission.groups = domain::admission::list(groups);
        let house = provider.house_with(oidc).await;
        provider.knows(claims);
        match sentence {
            Some(sentence) => {
                let told = refused(&journey(&house).await);
                assert!(told.contains(sentence), "{domains:?} {groups}: {told}");
                assert_eq!(store_users(&house).await, 1);
            }
            None => drop(signed_in(&house).await),
        }
    }
}

#[tokio::test]
async fn an_invited_person_comes_in_without_a_password_and_the_link_is_dead() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.admission.domains = Domains::Unsaid;
    oidc.admission.links = false;
    let house = provider.house_with(oidc).await;
    let root = house.admin("root").await;
    let invited = root.client.post("/v2/users", &json!({"email": "Ann@Example.org", "role": "member"})).await;
    let text = invited.expect(201).text();
    let code = text.split("/invite/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/invite/{code}");
    assert!(house.nobody().get(&path).await.expect(200).text().contains("Sign in with Example Login"));
    let hers = me(&house, &signed_in(&house).await).await;
    let users = root.client.get("/v2/users").await.expect(200).json();
    let user = users["data"].as_array().unwrap().iter().find(|user| user["id"] == hers["id"]).unwrap().clone();
    assert_eq!(user["is_invited"], false);
    assert_ne!(house.nobody().get(&path).await.status.as_u16(), 200);
}

#[tokio::test]
async fn whoever_was_suspended_or_removed_here_stays_out() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let root = house.admin("root").await;
    let session = signed_in(&house).await;
    let id = me(&house, &session).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v2/users/{id}");
    root.client.patch(&path, &json!({"is_active": false})).await.expect(200);
    assert!(refused(&journey(&house).await).contains("switched off on this server"));
    root.client.patch(&path, &json!({"is_active": true})).await.expect(200);
    signed_in(&house).await;
    root.client.delete(&path).await.expect(204);
    assert!(refused(&journey(&house).await).contains("was removed"));
    let kept = store::identities::find(&house.app.store, provider.issuer(), "s-ann").await.unwrap().unwrap();
    assert_eq!(kept.email, "", "her address is gone");
    // Until an admin invites her anew: another account, nothing of the former.
    root.client.post("/v2/users", &json!({"email": "ann@example.org", "role": "member"})).await.expect(201);
    assert_ne!(me(&house, &signed_in(&house).await).await["id"], id.as_str());
}

#[tokio::test]
async fn two_first_sign_ins_at_once_make_one_account() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let (one, two) = tokio::join!(signed_in(&house), signed_in(&house));
    assert_eq!(me(&house, &one).await["id"], me(&house, &two).await["id"]);
    assert_eq!(store_users(&house).await, 2);
}

#[tokio::test]
async fn what_happened_is_in_the_audit_log() {
    let provider = Scripted::start().await;
    let house = provider.house().await;
    let root = house.admin("root").await;
    signed_in(&house).await;
    let log = root.client.get("/v2/audit-events?limit=10").await.expect(200).json();
    let actions: Vec<&str> = log["data"].as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(&actions[..3], ["session.created", "user.identity_linked", "user.created"], "{actions:?}");
    assert!(ann()["sub"] == "s-ann" && !log.to_string().contains("s-ann"));
}
