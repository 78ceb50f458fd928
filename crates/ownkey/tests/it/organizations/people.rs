//! Members, roles and invitations.

use super::*;
use testkit::PASSWORD;

#[tokio::test]
async fn roles_say_who_looks_after_an_organization() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let path = format!("/v2/organizations/{}", acme.slug);
    let me = acme.member.client.get("/v2/users/me").await.expect(200).json();
    assert_eq!(me["organizations"][0]["role"], "member");
    assert_eq!(me["organization_id"], acme.id.as_str(), "their only one");
    assert!(acme.member.client.get(&path).await.expect(200).json()["rules"].is_null());
    assert_eq!(acme.admin.client.get(&path).await.expect(200).json()["rules"]["order"], "personal_first");
    for (person, status) in [(&acme.member, 403), (&acme.admin, 200), (&acme.owner, 200)] {
        person.client.patch(&path, &json!({"name": "Acme"})).await.expect(status);
        person.client.get(&format!("{path}/members")).await.expect(status);
    }
    for person in [&acme.member, &acme.admin, &acme.owner] {
        person.client.patch(&path, &json!({"suspended": true})).await.expect(403);
        person.client.delete(&path).await.expect(403);
        person.client.post("/v2/organizations", &json!({"name": "Mine"})).await.expect(403);
    }
    let owner = format!("{path}/members/{}", user_id(&acme.owner).await);
    let member = format!("{path}/members/{}", user_id(&acme.member).await);
    acme.admin.client.patch(&owner, &json!({"role": "member"})).await.expect(403);
    acme.admin.client.patch(&member, &json!({"role": "owner"})).await.expect(403);
    acme.admin.client.delete(&owner).await.expect(403);
    let last = acme.owner.client.patch(&owner, &json!({"role": "admin"})).await.expect(409);
    assert!(last.text().contains("last active owner"), "{}", last.text());
    acme.owner.client.delete(&owner).await.expect(409);
    acme.owner.client.patch(&member, &json!({"role": "owner"})).await.expect(200);
    acme.owner.client.patch(&owner, &json!({"role": "admin"})).await.expect(200);
    let stranger = house.user("stranger").await;
    let strangers = format!("{path}/members/{}", user_id(&stranger).await);
    put(&acme.admin.client, &strangers, &json!({"role": "member"})).await.expect(403);
    stranger.client.get(&path).await.expect(404);
}

#[tokio::test]
async fn an_invitation_makes_a_new_account_or_takes_in_one_that_is_there() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    let path = format!("/v2/organizations/{}/invitations", acme.slug);
    let invite = async |email: &str| {
        let body = json!({"email": email, "team_ids": [crew["id"]]});
        let made = acme.admin.client.post(&path, &body).await.expect(201).json();
        made["link"].as_str().unwrap().strip_prefix(&house.url).unwrap().to_owned()
    };
    let link = invite("new@example.org").await;
    assert_eq!(acme.admin.client.get(&path).await.expect(200).json()["count"], 1);
    assert!(house.nobody().get(&link).await.expect(200).text().contains("Make an account and join"));
    let form = format!("name=New&password={}", PASSWORD.replace(' ', "+"));
    let origin = house.url.clone();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin.as_str())];
    let joined = house.nobody().send(Method::POST, &link, &headers, form.clone().into_bytes()).await.expect(303);
    let cookie = joined.header("set-cookie").split(';').next().unwrap().to_owned();
    let me = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", cookie.as_str())], Vec::new()).await;
    assert_eq!(me.expect(200).json()["organizations"][0]["slug"], "acme");
    house.nobody().send(Method::POST, &link, &headers, form.into_bytes()).await.expect(403);

    let bob = house.user("bob").await;
    let link = invite("bob@example.org").await;
    let code = link.strip_prefix("/invite/").unwrap();
    assert!(house.nobody().get(&link).await.expect(200).text().contains("Sign in"));
    bob.client.get(&format!("/v2/organizations/{}", acme.id)).await.expect(404);
    bob.client.post("/v2/invitations/accept", &json!({"code": code})).await.expect(200);
    bob.client.post("/v2/invitations/accept", &json!({"code": code})).await.expect(403);
    assert_eq!(bob.client.get(&format!("/v2/organizations/{}", acme.id)).await.expect(200).json()["role"], "member");
    assert_eq!(bob.client.get("/v2/teams").await.expect(200).json()["data"][0]["id"], crew["id"]);

    let link = invite("eve@example.org").await;
    let open = acme.admin.client.get(&path).await.expect(200).json();
    acme.admin.client.delete(&format!("{path}/{}", id(&open["data"][0]))).await.expect(204);
    house.nobody().get(&link).await.expect(403);
    let owner = json!({"email": "eve@example.org", "role": "owner"});
    acme.admin.client.post(&path, &owner).await.expect(403);
    acme.member.client.post(&path, &json!({"email": "eve@example.org"})).await.expect(403);
}

#[tokio::test]
async fn whoever_is_taken_out_stops_at_once() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    assert_eq!(payer(&chat(&acme.member.client, &[]).await), "organization");
    let path = format!("/v2/organizations/{}/members/{}", acme.id, user_id(&acme.member).await);
    acme.admin.client.delete(&path).await.expect(204);
    chat(&acme.member.client, &[]).await.expect(400);
    chat(&acme.member.client, &[("x-ownkey-organization", "acme")]).await.expect(404);
    root.client.patch("/v2/organizations/acme", &json!({"suspended": true})).await.expect(200);
    let refused = chat(&acme.admin.client, &[("x-ownkey-organization", "acme")]).await.expect(403);
    assert!(refused.text().contains("suspended"), "{}", refused.text());
    chat(&acme.admin.client, &[]).await.expect(400);
}

#[tokio::test]
async fn an_organization_with_keys_goes_only_when_that_is_meant() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    let token = team_token(&acme, &crew).await;
    let refused = root.client.delete("/v2/organizations/acme").await.expect(409).json();
    assert_eq!(json!([refused["impact"]["credentials"], refused["impact"]["tokens"]]), json!([1, 1]));
    root.client.delete("/v2/organizations/acme?confirm=true").await.expect(204);
    chat(&root.client.with_token(token["token"].as_str().unwrap()), &[]).await.expect(401);
    chat(&acme.owner.client, &[]).await.expect(400);
    root.client.get("/v2/organizations/acme").await.expect(404);
    root.client.get(&format!("/v2/credentials/{}", id(&acme.key))).await.expect(404);
    root.client.post("/v2/organizations", &json!({"name": "Acme"})).await.expect(201);
}
