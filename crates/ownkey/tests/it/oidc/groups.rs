//! What groups give, and take back at the next sign-in.

use domain::admission::{group_map, list};
use domain::audit::{Actor, Event};
use domain::organization::{MemberRole, Organization, Rules};
use http::Method;
use serde_json::json;
use testkit::{House, Options};

use super::scripted::Scripted;
use super::travel::{journey, refused, signed_in};

async fn role(house: &House) -> String {
    let session = signed_in(house).await;
    let me = house.nobody().send(Method::GET, "/v2/users/me", &[("cookie", &session)], Vec::new()).await.expect(200);
    me.json()["role"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_group_makes_an_admin_and_leaving_it_unmakes_one() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.admission.admin_groups = list("ops");
    let house = provider.house_with(oidc).await;
    let root = house.admin("root").await;
    for (groups, expected) in [
        (json!(["ops", "staff"]), "admin"),
        (json!(["staff"]), "member"),
        (json!("ops"), "admin"),
        (json!([]), "member"),
        (json!(["ops"]), "admin"),
        (json!(null), "member"),
        (json!({"ops": true}), "member"),
    ] {
        provider.knows(json!({"groups": groups}));
        assert_eq!(role(&house).await, expected, "{groups}");
    }
    let log = root.client.get("/v2/audit-events?limit=100").await.expect(200).json();
    let changes = log["data"].as_array().unwrap().iter().filter(|row| row["action"] == "user.role_changed").count();
    assert_eq!(changes, 5);
    // More groups than a token has room for is not none.
    provider.knows(json!({"_claim_names": {"groups": "src1"}}));
    assert!(refused(&journey(&house).await).contains("more groups than Example Login tells"));
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.admission.admin_groups = list("ops");
    let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
    // Nobody but the operator's own people begins a server.
    assert!(refused(&journey(&house).await).contains("waits to be set up"));
    provider.knows(json!({"groups": ["ops"]}));
    assert_eq!(role(&house).await, "admin");
    provider.knows(json!({"groups": []}));
    assert_eq!(role(&house).await, "admin");
    house.admin("root").await;
    assert_eq!(role(&house).await, "member");
}

async fn organization(house: &House, slug: &str) -> Organization {
    let now = house.app.clock.now();
    let organization = Organization {
        id: domain::ids::OrganizationId::generate(now, &house.app.entropy),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        rules: Rules::default(),
        suspended_at: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    let mut change = house.app.store.begin(now, Actor::System, None).await.unwrap();
    store::organizations::insert(&mut change, &organization).await.unwrap();
    let (id, slug) = (organization.id, slug.to_owned());
    change.commit(Event::OrganizationCreated { organization: id, slug }).await.unwrap();
    organization
}

async fn member(house: &House, organization: &Organization) -> Option<MemberRole> {
    signed_in(house).await;
    let user = store::users::by_email(&house.app.store, "ann@example.org").await.unwrap().unwrap();
    let mut change = house.app.store.begin(house.app.clock.now(), Actor::System, None).await.unwrap();
    let role = store::memberships::role(&mut change, organization.id, user.id).await.unwrap();
    change.rollback().await.unwrap();
    role
}

#[tokio::test]
async fn groups_say_who_is_what_in_an_organization() {
    let provider = Scripted::start().await;
    let mut oidc = provider.settings();
    oidc.admission.map = group_map("staff=Acme:member, leads=acme:admin, founders=acme:owner, staff=nowhere").unwrap();
    let house = provider.house_with(oidc).await;
    let root = house.admin("root").await;
    let acme = organization(&house, "acme").await;
    let other = organization(&house, "other").await;
    for (groups, expected) in [
        (json!(["staff"]), Some(MemberRole::Member)),
        (json!(["staff", "leads"]), Some(MemberRole::Admin)),
        (json!(["staff"]), Some(MemberRole::Member)),
        (json!([]), None),
        (json!(["founders"]), Some(MemberRole::Owner)),
        // It keeps its last owner.
        (json!([]), Some(MemberRole::Owner)),
    ] {
        provider.knows(json!({"groups": groups}));
        assert_eq!(member(&house, &acme).await, expected, "{groups}");
        assert_eq!(member(&house, &other).await, None);
    }
    let log = root.client.get("/v2/audit-events?limit=100").await.expect(200).json();
    let changes: Vec<&str> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["action"].as_str())
        .filter(|action| action.starts_with("member."))
        .collect();
    assert_eq!(changes, ["member.set", "member.removed", "member.set", "member.set", "member.set"]);
}
