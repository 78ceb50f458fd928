//! Passwords beside the provider, and where they are switched off.

use http::Method;
use serde_json::json;
use testkit::{House, Options, PASSWORD};

use super::scripted::Scripted;
use super::travel::signed_in;

async fn by_password(house: &House, name: &str) -> (u16, String) {
    let form = format!("email={name}%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", house.url.as_str())];
    let answer = house.nobody().send(Method::POST, "/login", &headers, form.into_bytes()).await;
    (answer.status.as_u16(), answer.text())
}

async fn token(house: &House, name: &str) -> u16 {
    let form = format!("username={name}%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    house.nobody().send(Method::POST, "/v2/login/access-token", &headers, form.into_bytes()).await.status.as_u16()
}

pub(super) async fn add(house: &House, name: &str, role: domain::caller::Role) {
    let password = domain::secret::Password::new(PASSWORD.to_owned());
    let email = format!("{name}@example.org");
    app::users::create(&house.app, domain::audit::Actor::System, email, password, role).await.unwrap();
    house.pass(std::time::Duration::from_millis(1));
}

#[tokio::test]
async fn where_passwords_are_off_only_the_first_admins_counts() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.passwords = false;
    let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
    for (name, role) in [
        ("ann", domain::caller::Role::Member),
        ("root", domain::caller::Role::Admin),
        ("second", domain::caller::Role::Admin),
    ] {
        add(&house, name, role).await;
    }
    assert_eq!(by_password(&house, "root").await.0, 303);
    for name in ["ann", "second"] {
        let (status, page) = by_password(&house, name).await;
        assert_eq!(status, 403);
        assert!(
            page.contains("Passwords are switched off on this server. Sign in with Example Login instead."),
            "{page}"
        );
        assert_eq!(token(&house, name).await, 403);
    }
    assert_eq!(token(&house, "root").await, 200);
    let page = house.nobody().get("/login").await.expect(200).text();
    assert!(
        page.contains("Passwords are switched off here, but for the first admin&#39;s.")
            || page.contains("first admin's"),
        "{page}"
    );
    let ways = house.nobody().get("/v2/login/ways").await.expect(200).json();
    let elsewhere = json!({
        "name": "Example Login", "issuer": provider.issuer(), "url": format!("{}/login/oidc", house.url),
        "sign_out_url": null,
    });
    assert_eq!(ways, json!({"password": false, "oidc": elsewhere}));
    signed_in(&house).await;
}

#[tokio::test]
async fn where_passwords_are_off_no_link_sets_one() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.passwords = false;
    let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
    let root = house.admin("root").await;
    let made = root.client.post("/v2/users", &json!({"email": "bob@example.org", "role": "member"})).await.expect(201);
    let text = made.text();
    let code = text.split("/invite/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/invite/{code}");
    let answer = house.nobody().get(&path).await;
    assert_eq!(answer.status.as_u16(), 403);
    assert!(answer.text().contains("Sign in with Example Login instead"), "{}", answer.text());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", house.url.as_str())];
    let form = b"name=Bob&password=correct+horse+battery".to_vec();
    assert_eq!(house.nobody().send(Method::POST, &path, &headers, form).await.status.as_u16(), 403);
}
