//! Nothing of one organization can be read, changed or used by another's
//! people and tokens.

use super::*;

/// Everything of an organization that has an id.
struct Things {
    team: Value,
    token: Value,
    alias: Value,
    invitation: Value,
    member: String,
}

async fn things(of: &Company) -> Things {
    let crew = team(of, "Crew").await;
    let alias = json!({
        "alias": format!("{}-fast", of.slug), "scope": "organization",
        "targets": [{"provider": "openai", "model": "gpt-5-mini"}],
    });
    let model = json!({
        "provider": "openai", "model_id": format!("{}-model", of.slug), "scope": "organization",
    });
    of.admin.client.post("/v2/llm-models", &model).await.expect(201);
    let invitations = format!("/v2/organizations/{}/invitations", of.slug);
    Things {
        token: team_token(of, &crew).await,
        team: crew,
        alias: of.admin.client.post("/v2/model-aliases", &alias).await.expect(201).json(),
        invitation: of.admin.client.post(&invitations, &json!({"email": "x@example.org"})).await.expect(201).json(),
        member: user_id(&of.member).await,
    }
}

#[tokio::test]
async fn every_door_is_closed_to_what_is_another_organizations() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let other = company(&house, &root, "other", OTHER_KEY).await;
    let things = things(&acme).await;
    let others_team = team(&other, "Spies").await;
    let spies = team_token(&other, &others_team).await;
    let spies = house.nobody().with_token(spies["token"].as_str().unwrap());
    let fills = [
        ("organization", vec![acme.id.as_str(), acme.slug.as_str()]),
        ("organization_id", vec![acme.id.as_str(), acme.slug.as_str()]),
        ("user_id", vec![things.member.as_str()]),
        ("invitation_id", vec![id(&things.invitation)]),
        ("id", vec![id(&acme.key), id(&things.team), id(&things.token), id(&things.alias), things.member.as_str()]),
    ];
    let mut knocked = 0;
    for door in web::router::doors() {
        let is_control = door.path.starts_with("/v2/") || door.path.starts_with("/api/");
        if !is_control || !door.path.contains('{') || door.path.starts_with("/v2/users") {
            continue;
        }
        let mut paths = vec![door.path.to_owned()];
        for (name, values) in &fills {
            let place = format!("{{{name}}}");
            paths = paths
                .iter()
                .flat_map(|path| {
                    if path.contains(&place) {
                        values.iter().map(|value| path.replace(&place, value)).collect()
                    } else {
                        vec![path.clone()]
                    }
                })
                .collect();
        }
        for path in paths.iter().filter(|path| !path.contains('{')) {
            for (who, client) in [
                ("owner", &other.owner.client),
                ("admin", &other.admin.client),
                ("member", &other.member.client),
                ("team token", &spies),
            ] {
                let headers = [("content-type", "application/json")];
                let answer = client.send(door.method.clone(), path, &headers, b"{}".to_vec()).await;
                let status = answer.status.as_u16();
                // 422: of the body, before anything was looked for.
                assert!([401, 403, 404, 405, 422].contains(&status), "{who} {} {path}: {status}", door.method);
                assert!(!answer.text().contains("orgA"), "{who} {path}: {}", answer.text());
                knocked += 1;
            }
        }
    }
    assert!(knocked > 300, "{knocked}");
    assert_eq!(payer(&chat(&acme.member.client, &[]).await), "organization", "nothing was changed");
    acme.admin.client.get(&format!("/v2/teams/{}", id(&things.team))).await.expect(200);
}

#[tokio::test]
async fn lists_calls_and_explanations_know_nothing_of_another_organization() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let other = company(&house, &root, "other", OTHER_KEY).await;
    let things = things(&acme).await;
    chat(&acme.member.client, &[]).await.expect(200);
    house.ledger_is_written().await;
    let secret_words =
        [id(&acme.key), id(&things.team), id(&things.token), id(&things.alias), acme.id.as_str(), "acme-"];
    for client in [&other.owner.client, &other.admin.client, &other.member.client] {
        for path in [
            "/v2/organizations",
            "/v2/teams",
            "/v2/tokens",
            "/v2/credentials",
            "/api/provider-credentials",
            "/v2/model-aliases",
            "/v2/llm-models?limit=500",
            "/v2/usage/events",
            "/v2/budgets",
            "/v2/spreads",
            "/v2/resolve?model=gpt-5-mini",
            "/v1/models",
            "/v2/users/me",
        ] {
            let text = client.get(path).await.expect(200).text();
            for word in secret_words {
                assert!(!text.contains(word), "{path} tells {word}: {text}");
            }
        }
        for path in [
            format!("/v2/credentials?organization_id={}", acme.id),
            "/v2/teams?organization_id=acme".to_owned(),
            "/v2/tokens?organization_id=acme".to_owned(),
            "/api/provider-credentials?organization_id=acme".to_owned(),
            "/v2/audit-events?organization_id=acme".to_owned(),
            format!("/v2/audit-events/export.jsonl?organization_id={}", acme.id),
            format!("/v2/budgets?owner_kind=organization&owner_id={}", acme.id),
            format!("/v2/budgets?owner_kind=team&owner_id={}", id(&things.team)),
        ] {
            client.get(&path).await.expect(404);
        }
        client.get("/v2/audit-events").await.expect(403);
        let pinned = chat(client, &[("x-ownkey-credential", id(&acme.key))]).await;
        pinned.expect(404);
        chat(client, &[("x-ownkey-organization", "acme")]).await.expect(404);
        chat_with(client, "acme-fast", &[]).await.expect(404);
        chat_with(client, id(&things.alias), &[]).await.expect(404);
        chat_with(client, "openai/acme-model", &[]).await.expect(404);
        let foreign = json!({
            "provider": "openai", "scope": "organization", "organization_id": acme.id, "api_key": OWN_KEY,
        });
        client.post("/v2/credentials", &foreign).await.expect(404);
        client.post("/v2/teams", &json!({"organization_id": "acme", "name": "Spies"})).await.expect(404);
        client.post("/v2/tokens", &json!({"name": "t", "team_id": things.team["id"]})).await.expect(404);
        let alias = json!({
            "alias": "x", "scope": "organization", "organization_id": acme.id,
            "targets": [{"provider": "openai", "model": "gpt-5-mini"}],
        });
        client.post("/v2/model-aliases", &alias).await.expect(404);
    }
    let own = json!({
        "alias": "x", "scope": "organization", "teams": [things.team["id"]],
        "targets": [{"provider": "openai", "model": "gpt-5-mini"}],
    });
    other.admin.client.post("/v2/model-aliases", &own).await.expect(404);
    let invitation = json!({"email": "y@example.org", "team_ids": [things.team["id"]]});
    other.admin.client.post("/v2/organizations/other/invitations", &invitation).await.expect(404);
    let place = format!("/v2/teams/{}/members/{}", id(&things.team), user_id(&other.member).await);
    put(&acme.admin.client, &place, &json!({})).await.expect(404);
}

#[tokio::test]
async fn members_see_that_a_key_is_there_and_not_what_is_kept_about_it() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let path = format!("/v2/credentials/{}", id(&acme.key));
    let seen = acme.member.client.get(&path).await.expect(200).json();
    assert_eq!(json!([seen["name"], seen["status"], seen["note"]]), json!(["Main", "valid", ""]));
    assert!(seen["endpoint_origin"].is_null() && seen["api_base"].is_null(), "{seen}");
    assert_eq!(acme.owner.client.get(&path).await.expect(200).json()["note"], "from the safe");
    for what in ["check", "activate", "deactivate", "make-primary"] {
        acme.member.client.post_owned(format!("{path}/{what}"), json!({})).await.expect(403);
    }
    acme.member.client.patch(&path, &json!({"name": "mine"})).await.expect(403);
    acme.member.client.delete(&path).await.expect(403);
    acme.member.client.get(&format!("{path}/impact")).await.expect(403);
    acme.member.client.post(&format!("{path}/rotate"), &json!({"api_key": OWN_KEY})).await.expect(403);
    for person in [&acme.member, &acme.owner, &root] {
        person.client.post(&format!("{path}/reveal"), &json!({"password": testkit::PASSWORD})).await.expect(403);
    }
    let crew = team(&acme, "Crew").await;
    let token = team_token(&acme, &crew).await;
    chat(&house.nobody().with_token(token["token"].as_str().unwrap()), &[]).await.expect(200);
    house.ledger_is_written().await;
    let impact = acme.admin.client.get(&format!("{path}/impact")).await.expect(200).json();
    assert_eq!(json!([impact["teams"][0]["name"], impact["calls_30d"]]), json!(["Crew", 1]));
    let refused = acme.admin.client.delete(&path).await.expect(409);
    assert!(refused.text().contains("1 calls of 1 team used the key"), "{}", refused.text());
}
