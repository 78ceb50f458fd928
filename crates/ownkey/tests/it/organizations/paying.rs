//! Whose key pays, by the organization's rules; and its mark-up.

use super::*;
use domain::resolve::Fallback;
use testkit::Options;

/// A member with a key of their own, in an organization with one, on a server
/// with one.
async fn ladder() -> (House, Person, Company) {
    let house = House::start_with(Options { policy: Fallback::Cross, ..Options::default() }).await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let system = json!({"provider": "openai", "api_key": SYSTEM_KEY, "scope": "system", "name": "The house's"});
    root.client.post("/v2/credentials?check=sync", &system).await.expect(201);
    acme.member.save_key("openai", OWN_KEY).await;
    (house, root, acme)
}

async fn rule(acme: &Company, rules: &Value) {
    acme.admin.client.patch("/v2/organizations/acme", rules).await.expect(200);
}

#[tokio::test]
async fn the_organizations_order_says_who_pays_first() {
    let (_house, _root, acme) = ladder().await;
    let member = &acme.member.client;
    for (rules, expected) in [
        (json!({"order": "personal_first"}), "personal"),
        (json!({"order": "org_first"}), "organization"),
        (json!({"order": "org_only"}), "organization"),
        (json!({"order": "personal_first", "personal_keys_allowed": false}), "organization"),
    ] {
        rule(&acme, &rules).await;
        assert_eq!(payer(&chat(member, &[]).await), expected, "{rules}");
    }
    let explained = member.get("/v2/resolve?model=gpt-5-mini").await.expect(200).json();
    let why: Vec<_> = explained["candidates"].as_array().unwrap().iter().map(|one| one["why"].clone()).collect();
    assert_eq!(why[0], "forbidden_by_policy", "{explained}");
    rule(&acme, &json!({"personal_keys_allowed": true, "allowed_providers": ["groq"]})).await;
    chat(member, &[]).await.expect(400);
    rule(&acme, &json!({"allowed_providers": null, "order": "org_only"})).await;
    let path = format!("/v2/credentials/{}/deactivate", id(&acme.key));
    acme.admin.client.post(&path, &json!({})).await.expect(200);
    chat(member, &[]).await.expect(400);
    rule(&acme, &json!({"order": "org_first"})).await;
    assert_eq!(payer(&chat(member, &[]).await), "personal", "an absent one falls through");
    rule(&acme, &json!({"fallback": "strict"})).await;
    chat(member, &[]).await.expect(502);
}

#[tokio::test]
async fn a_call_leaves_a_failed_scope_only_where_the_organization_lets_it() {
    let (house, _root, acme) = ladder().await;
    rule(&acme, &json!({"order": "org_first"})).await;
    house.sim.key(KEY, provider_sim::KeyState::Invalid401);
    let cross = [("x-ownkey-policy", "cross")];
    let refused = chat(&acme.member.client, &cross).await.expect(403);
    assert!(refused.text().contains("organization"), "{}", refused.text());
    chat(&acme.member.client, &[]).await.expect(502);
    rule(&acme, &json!({"may_cross": true})).await;
    assert_eq!(payer(&chat(&acme.member.client, &cross).await), "personal");
}

#[tokio::test]
async fn shared_keys_are_marked_up_and_own_ones_are_not() {
    let (house, _root, acme) = ladder().await;
    rule(&acme, &json!({"order": "org_first", "markup_basis_points": 2000})).await;
    let answer = chat(&acme.member.client, &[]).await.expect(200);
    assert!(!answer.header("x-ownkey-cost-usd").is_empty());
    rule(&acme, &json!({"order": "personal_first"})).await;
    chat(&acme.member.client, &[]).await.expect(200);
    let crew = team(&acme, "Crew").await;
    let path = format!("/v2/teams/{}", id(&crew));
    acme.admin.client.patch(&path, &json!({"markup_basis_points": 500})).await.expect(200);
    let token = team_token(&acme, &crew).await;
    chat(&acme.member.client.with_token(token["token"].as_str().unwrap()), &[]).await.expect(200);
    house.ledger_is_written().await;
    let rows = house
        .raw_database()
        .await
        .rows(
            "SELECT scope || ' ' || CAST(markup_basis_points AS TEXT) || ' ' || organization_id || ' ' || \
             COALESCE(team_id, '-') || ' ' || CAST(provider_cost_nanos AS TEXT) || ' ' || \
             CAST(client_cost_nanos AS TEXT) FROM attempts ORDER BY id",
        )
        .await;
    let rows: Vec<Vec<String>> =
        rows.into_iter().flatten().map(|row| row.split(' ').map(str::to_owned).collect()).collect();
    let of_team = id(&crew);
    for (row, (scope, points, team)) in
        rows.iter().zip([("organization", 2000, "-"), ("personal", 0, "-"), ("organization", 500, of_team)])
    {
        assert_eq!(row[..4], [scope, &points.to_string(), &acme.id, team], "{rows:?}");
        let (provider, client): (i64, i64) = (row[4].parse().unwrap(), row[5].parse().unwrap());
        let exact = i128::from(provider) * (10_000 + points);
        assert!(provider > 0 && (i128::from(client) * 10_000 - exact).abs() * 2 <= 10_000, "{row:?}");
    }
    assert_eq!(rows.len(), 3);
}

#[tokio::test]
async fn a_request_says_in_which_of_several_organizations_it_is_made() {
    let (house, root, acme) = ladder().await;
    let other = company(&house, &root, "other", OTHER_KEY).await;
    let ann = house.user("ann").await;
    for named in [&acme.slug, &other.slug] {
        let path = format!("/v2/organizations/{named}/members/{}", user_id(&ann).await);
        put(&root.client, &path, &json!({"role": "member"})).await.expect(200);
    }
    assert_eq!(payer(&chat(&ann.client, &[]).await), "system", "of two, none is meant");
    for (named, key) in [("other", &other.key), (acme.id.as_str(), &acme.key)] {
        let answer = chat(&ann.client, &[("x-ownkey-organization", named)]).await;
        assert_eq!((payer(&answer), answer.header("x-ownkey-credential-id")), ("organization", id(key)));
    }
    let preferred = json!({"preferences": {"organization_id": other.id}});
    ann.client.patch("/v2/users/me", &preferred).await.expect(200);
    assert_eq!(chat(&ann.client, &[]).await.header("x-ownkey-credential-id"), id(&other.key));
    chat(&ann.client, &[("x-ownkey-organization", "nobodys")]).await.expect(404);
    ann.client
        .patch("/v2/users/me", &json!({"preferences": {"organization_id": root_id(&root).await}}))
        .await
        .expect(404);
}

async fn root_id(root: &Person) -> String {
    user_id(root).await
}

#[tokio::test]
async fn an_alias_is_for_the_teams_it_names() {
    let (_house, _root, acme) = ladder().await;
    let (crew, others) = (team(&acme, "Crew").await, team(&acme, "Others").await);
    let alias = json!({
        "alias": "fast", "scope": "organization", "teams": [crew["id"]],
        "targets": [{"provider": "openai", "model": "gpt-5-mini"}],
    });
    let made = acme.admin.client.post("/v2/model-aliases", &alias).await.expect(201).json();
    assert_eq!(json!([made["scope"], made["organization_id"]]), json!(["organization", acme.id]));
    acme.member.client.post("/v2/model-aliases", &alias).await.expect(403);
    let client = async |team: &Value| {
        let token = team_token(&acme, team).await;
        acme.member.client.with_token(token["token"].as_str().unwrap())
    };
    let (theirs, foreign) = (client(&crew).await, client(&others).await);
    let answer = chat_with(&theirs, "fast", &[]).await;
    assert_eq!((payer(&answer), answer.header("x-ownkey-alias")), ("organization", "fast"));
    for name in ["fast", id(&made)] {
        let refused = chat_with(&foreign, name, &[]).await.expect(403);
        assert_eq!(refused.json()["error"]["code"], "model_not_allowed");
    }
    assert!(!foreign.get("/v1/models").await.expect(200).text().contains("\"fast\""));
    assert!(theirs.get("/v1/models").await.expect(200).text().contains("\"fast\""));
    let path = format!("/v2/model-aliases/{}", id(&made));
    acme.member.client.patch(&path, &json!({"teams": null})).await.expect(403);
    acme.admin.client.patch(&path, &json!({"teams": null})).await.expect(200);
    chat_with(&foreign, "fast", &[]).await.expect(200);
    let own = json!({"alias": "fast", "targets": [{"provider": "openai", "model": "gpt-4o"}]});
    let own = acme.member.client.post("/v2/model-aliases", &own).await.expect(201).json();
    assert_eq!(own["shadows"], json!(["an alias of your organization"]));
    assert_eq!(
        chat_with(&acme.member.client, "fast", &[]).await.header("x-ownkey-model"),
        "gpt-4o",
        "the nearest wins"
    );
}
