//! The audit log of an organization: all that happened in it for whoever looks
//! after it, and nothing else.

use super::*;

fn actions(log: &Value) -> Vec<&str> {
    log["data"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_organizations_admins_read_what_happened_in_it_and_nothing_else() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let other = company(&house, &root, "other", OTHER_KEY).await;
    acme.admin.save_key("openai", OWN_KEY).await;
    let crew = team(&acme, "Crew").await;
    let token = team_token(&acme, &crew).await;
    team(&other, "Spies").await;
    let target = json!({"provider": "openai", "model": "gpt-5-mini"});
    let alias = json!({"alias": "acme-fast", "scope": "organization", "targets": [target]});
    let alias = acme.admin.client.post("/v2/model-aliases", &alias).await.expect(201).json();
    acme.admin.client.delete(&format!("/v2/model-aliases/{}", id(&alias))).await.expect(204);
    let model = json!({"provider": "openai", "model_id": "acme-model", "scope": "organization"});
    acme.admin.client.post("/v2/llm-models", &model).await.expect(201);
    let budget = json!({"owner_kind": "team", "owner_id": crew["id"], "limit": 5, "period": "month"});
    let budget = acme.owner.client.post("/v2/budgets", &budget).await.expect(201).json();
    acme.owner.client.delete(&format!("/v2/budgets/{}", id(&budget))).await.expect(204);
    let own = json!({"limit": 5, "period": "month"});
    acme.owner.client.post("/v2/budgets", &own).await.expect(201);
    acme.admin.client.delete(&format!("/v2/tokens/{}", id(&token))).await.expect(204);

    let log = acme.admin.client.get("/v2/audit-events?organization_id=acme&limit=500").await.expect(200).json();
    let expected = [
        "token.revoked",
        "budget.deleted",
        "budget.created",
        "model.registered",
        "alias.deleted",
        "alias.created",
        "token.created",
        "team.created",
        "credential.created",
        "member.set",
        "member.set",
        "member.set",
        "organization.created",
    ];
    let seen: Vec<&str> = actions(&log).into_iter().filter(|action| *action != "credential.checked").collect();
    assert_eq!(seen, expected);
    for event in log["data"].as_array().unwrap() {
        assert_eq!((&event["organization_id"], &event["address"]), (&json!(acme.id), &Value::Null), "{event}");
    }
    let text = log.to_string();
    assert!(!text.contains(&other.id) && !text.contains("FAKE"), "{text}");

    // By its id as well, narrowed, and as a file.
    let narrow = format!("/v2/audit-events?organization_id={}&action=team.created", acme.id);
    assert_eq!(actions(&acme.owner.client.get(&narrow).await.expect(200).json()), ["team.created"]);
    let file = acme.owner.client.get("/v2/audit-events/export.jsonl?organization_id=acme").await.expect(200).text();
    assert_eq!(file.lines().count(), log["data"].as_array().unwrap().len());
    let body = json!({"name": "auditor", "scopes": ["read:audit"]});
    let auditor = acme.owner.client.post("/v2/tokens", &body).await.expect(201).json();
    let auditor = house.nobody().with_token(auditor["token"].as_str().unwrap());
    assert_eq!(actions(&auditor.get(&narrow).await.expect(200).json()), ["team.created"]);

    // The server's log is its admins', who see where somebody came from.
    let whole = root.client.get("/v2/audit-events?limit=500").await.expect(200).json();
    assert!(actions(&whole).contains(&"session.created") && whole["count"].as_i64() > log["count"].as_i64());
    assert_eq!(actions(&root.client.get(&narrow).await.expect(200).json()), ["team.created"]);
    for client in [&acme.owner.client, &acme.admin.client, &acme.member.client, &auditor] {
        client.get("/v2/audit-events").await.expect(403);
        client.get("/v2/audit-events/export.jsonl").await.expect(403);
        client.post("/v2/audit-events/verify", &json!({})).await.expect(403);
        client.get("/v2/audit-events?organization_id=other").await.expect(404);
    }
    acme.member.client.get("/v2/audit-events?organization_id=acme").await.expect(403);
    root.client.post("/v2/audit-events/verify", &json!({})).await.expect(200);

    // What is left when it is gone is the server's admins' to read.
    root.client.delete("/v2/organizations/acme?confirm=true").await.expect(204);
    acme.owner.client.get("/v2/audit-events?organization_id=acme").await.expect(404);
    let rest = format!("/v2/audit-events?organization_id={}", acme.id);
    let rest = root.client.get(&rest).await.expect(200).json();
    assert_eq!(actions(&rest)[0], "organization.deleted");
    assert!(actions(&rest).contains(&"model.unregistered"), "{rest}");
}
