//! Who sets, sees and lifts budgets.

use super::*;

async fn set(person: &Person, body: Value) -> Answer {
    person.client.post("/v2/budgets", &body).await
}

async fn id(person: &Person) -> Value {
    person.client.get("/v2/users/me").await.expect(200).json()["id"].clone()
}

#[tokio::test]
async fn a_person_bounds_their_own_spending_and_an_admin_anybodys() {
    let house = House::start().await;
    let (ann, bob, root) = (house.user("ann").await, house.user("bob").await, house.admin("root").await);
    let own = set(&ann, json!({"limit": 5, "period": "month"})).await.expect(201).json();
    assert_eq!((&own["set_by"], &own["limit_nanos"]), (&json!("owner"), &json!(5_000_000_000_i64)));
    assert_eq!((&own["soft_percents"], &own["counts_personal"]), (&json!([50, 80]), &json!(true)));
    assert_eq!(set(&ann, json!({"limit": 6, "period": "month"})).await.expect(409).json()["code"], "conflict");
    let of_ann = json!({"owner_kind": "user", "owner_id": id(&ann).await, "limit": 3, "period": "month"});
    set(&bob, of_ann.clone()).await.expect(404);
    let admins = set(&root, of_ann).await.expect(201).json();

    let path = |budget: &Value| format!("/v2/budgets/{}", budget["id"].as_str().unwrap());
    for of in [&own, &admins] {
        ann.client.get(&path(of)).await.expect(200);
        bob.client.get(&path(of)).await.expect(404);
        bob.client.patch(&path(of), &json!({"limit": 9})).await.expect(404);
        bob.client.delete(&path(of)).await.expect(404);
    }
    assert_eq!(bob.client.get("/v2/budgets").await.expect(200).json()["count"], 0);
    assert_eq!(root.client.get("/v2/budgets").await.expect(200).json()["count"], 2);
    ann.client.patch(&path(&admins), &json!({"limit": 9})).await.expect(403);
    ann.client.delete(&path(&admins)).await.expect(403);
    assert_eq!(ann.client.patch(&path(&own), &json!({"limit": 7.5})).await.expect(200).json()["limit"], 7.5);
    ann.client.delete(&path(&own)).await.expect(204);
    ann.client.get(&path(&own)).await.expect(404);
    root.client.delete(&path(&admins)).await.expect(204);

    for (body, field) in [
        (json!({"limit": -1, "period": "day"}), "limit"),
        (json!({"limit": 10_000_001, "period": "day"}), "limit"),
        (json!({"limit": 0.000_000_000_1, "period": "day"}), "limit"),
        (json!({"limit": 1, "period": "year"}), "period"),
        (json!({"limit": 1, "period": "day", "soft_percents": [100]}), "soft_percents"),
        (json!({"limit": 1, "period": "day", "owner_kind": "token"}), "owner_id"),
    ] {
        let told = set(&ann, body).await.expect(422).json();
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
}

#[tokio::test]
async fn a_tokens_budget_is_made_changed_and_lifted_with_it() {
    let stage = Stage::set().await;
    let body =
        json!({"name": "one", "rate_limit": 60, "tokens_per_minute": 9_000, "budget": {"limit": 2, "period": "day"}});
    let token = stage.ann.client.post("/v2/tokens", &body).await.expect(201).json();
    assert_eq!((&token["rate_limit"], &token["tokens_per_minute"]), (&json!(60), &json!(9_000)));
    let budget = stage.budget().await;
    assert_eq!((&budget["owner_id"], &budget["owner_name"]), (&token["id"], &json!("one")));
    let path = format!("/v2/tokens/{}", token["id"].as_str().unwrap());
    stage.ann.client.patch(&path, &json!({"budget": {"limit": 3, "period": "day"}})).await.expect(200);
    assert_eq!(stage.budget().await["id"], budget["id"], "the same one, so that what was spent stays spent");
    stage.ann.client.patch(&path, &json!({"budget": {"limit": 3, "period": "week"}})).await.expect(200);
    assert_eq!(stage.budget().await["period"], "week");
    let edited = stage.ann.client.patch(&path, &json!({"budget": null, "rate_limit": null})).await.expect(200).json();
    assert_eq!((&edited["rate_limit"], &edited["tokens_per_minute"]), (&json!(null), &json!(9_000)));
    assert_eq!(stage.ann.client.get("/v2/budgets").await.expect(200).json()["count"], 0);
    stage.ann.client.patch(&path, &json!({"rate_limit": 0})).await.expect(422);
}

#[tokio::test]
async fn a_token_that_is_bounded_neither_lifts_its_bounds_nor_makes_a_token_without() {
    let stage = Stage::set().await;
    let body = json!({"name": "bounded", "scopes": ["models", "manage:tokens", "read:usage"], "budget": {"limit": 1, "period": "day"}});
    let client = stage.ann.gateway_client_with(&body).await;
    let budget = stage.budget().await;
    let path = format!("/v2/budgets/{}", budget["id"].as_str().unwrap());
    client.get(&path).await.expect(200);
    client.patch(&path, &json!({"limit": 100})).await.expect(403);
    client.delete(&path).await.expect(403);
    client.post("/v2/tokens", &json!({"name": "wide"})).await.expect(403);
    let token = format!("/v2/tokens/{}", budget["owner_id"].as_str().unwrap());
    client.patch(&token, &json!({"budget": null})).await.expect(403);
    // One that is not may bound tokens, and nothing else.
    let body = json!({"name": "manager", "scopes": ["manage:tokens"]});
    let manager = stage.ann.gateway_client_with(&body).await;
    manager.patch(&path, &json!({"limit": 2})).await.expect(200);
    manager.post("/v2/budgets", &json!({"limit": 2, "period": "day"})).await.expect(403);
}

#[tokio::test]
async fn members_see_their_organizations_budgets_and_change_none() {
    let house = House::start().await;
    let (ann, bob, root) = (house.user("ann").await, house.user("bob").await, house.admin("root").await);
    let made = json!({"name": "Acme", "slug": "acme", "owner_id": id(&ann).await, "counts_personal": true});
    let acme = root.client.post("/v2/organizations", &made).await.expect(201).json();
    let budget = json!({"owner_kind": "organization", "owner_id": acme["id"], "limit": 5, "period": "month"});
    let made = set(&ann, budget.clone()).await.expect(201).json();
    assert_eq!(made["counts_personal"], true, "as the organization has it");
    let path = format!("/v2/budgets/{}", made["id"].as_str().unwrap());
    bob.client.get(&path).await.expect(404);
    let place = format!("/v2/organizations/acme/members/{}", id(&bob).await.as_str().unwrap());
    let headers = [("content-type", "application/json")];
    let member = json!({"role": "member"}).to_string().into_bytes();
    root.client.send(http::Method::PUT, &place, &headers, member).await.expect(200);
    assert_eq!(bob.client.get(&path).await.expect(200).json()["left"], 5.0);
    assert_eq!(bob.client.get("/v2/budgets").await.expect(200).json()["data"][0]["id"], made["id"]);
    set(&bob, budget).await.expect(403);
    bob.client.patch(&path, &json!({"limit": 9})).await.expect(403);
    bob.client.delete(&path).await.expect(403);
}
