//! Reports over organizations, teams and the server: who may read them, what they
//! are told of money, and a provider's own bill beside them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::credential::Scope;
use domain::ids::{AttemptId, CredentialId, NodeId, OrganizationId, RequestId, TeamId, UserId};
use domain::organization::{MemberRole, Organization, Rules, Team, TeamRole};
use domain::provider::WireName;
use domain::usage::{TokenCounts, UsageSource};
use domain::{Nanos, Price, ProviderId, Timestamp};
use serde_json::{Value, json};
use store::ledger::{AttemptStart, CallSource, Settlement};
use store::{memberships, organizations, teams};
use testkit::{House, Person};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// An organization with an owner, a team and its lead, and a member.
struct Company {
    organization: OrganizationId,
    team: TeamId,
    owner: Person,
    lead: Person,
    member: Person,
}

fn id_of(person: &Value) -> UserId {
    person["id"].as_str().unwrap().parse().unwrap()
}

async fn user_id(person: &Person) -> UserId {
    id_of(&person.client.get("/v2/users/me").await.expect(200).json())
}

async fn company(house: &House, slug: &str) -> Company {
    let owner = house.user(&format!("{slug}-owner")).await;
    let lead = house.user(&format!("{slug}-lead")).await;
    let member = house.user(&format!("{slug}-member")).await;
    let app = &house.app;
    let now = app.clock.now();
    let organization = Organization {
        id: OrganizationId::generate(now, &app.entropy),
        slug: slug.to_owned(),
        name: format!("The {slug} company"),
        rules: Rules::default(),
        suspended_at: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    let team = Team {
        id: TeamId::generate(now, &app.entropy),
        organization: organization.id,
        slug: "apollo".to_owned(),
        name: format!("Apollo of {slug}"),
        markup_basis_points: None,
        models: None,
        suspended_at: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    let mut change = app.store.begin(now, Actor::System, None).await.unwrap();
    organizations::insert(&mut change, &organization).await.unwrap();
    teams::insert(&mut change, &team).await.unwrap();
    for (person, role) in [(&owner, MemberRole::Owner), (&lead, MemberRole::Member), (&member, MemberRole::Member)] {
        memberships::set(&mut change, organization.id, user_id(person).await, role, None).await.unwrap();
    }
    memberships::set_in_team(&mut change, team.id, user_id(&lead).await, TeamRole::Lead, None).await.unwrap();
    change.commit(Event::OrganizationCreated { organization: organization.id, slug: slug.to_owned() }).await.unwrap();
    // Their callers are read anew as soon as the change is heard of.
    let (of_owner, of_lead) = (
        format!("/v2/usage?scope=organization&organization_id={}", organization.id),
        format!("/v2/usage?scope=team&team_id={}", team.id),
    );
    testkit::eventually("they have their roles", Duration::from_secs(5), async || {
        let roles =
            (owner.client.get(&of_owner).await.status.as_u16(), lead.client.get(&of_lead).await.status.as_u16());
        (roles == (200, 200)).then_some(())
    })
    .await;
    Company { organization: organization.id, team: team.id, owner, lead, member }
}

/// A call that cost 1,000 nano-dollars at the provider, marked up by 20 %.
async fn call(house: &House, user: UserId, company: &Company, team: bool, scope: Scope, back: u64) {
    let app = &house.app;
    let at = app.clock.now().minus(Duration::from_secs(86_400 * back));
    let markup = if scope == Scope::Personal { 0 } else { 2_000 };
    let start = AttemptStart {
        attempt: AttemptId::generate(at, &app.entropy),
        request: RequestId::generate(at, &app.entropy),
        client_request_id: None,
        number: 1,
        user,
        token: None,
        team: team.then_some(company.team),
        organization: Some(company.organization),
        credential: CredentialId::of_source(scope.as_str()),
        scope,
        provider: ProviderId::OpenAi,
        model: "gpt-6".to_owned(),
        requested_model: "gpt-6".to_owned(),
        alias: None,
        source: CallSource::Api,
        wire: WireName::OpenAiChat,
        streamed: false,
        price: Some(Price::FREE),
        markup_basis_points: markup,
        node: NodeId::generate(at, &app.entropy),
        at,
    };
    let cost = Nanos(1_000);
    let end = Settlement {
        state: domain::attempt::AttemptState::Settled,
        tokens: Some(TokenCounts { prompt: 5, completion: 2, ..TokenCounts::default() }),
        usage_source: UsageSource::Provider,
        provider_cost: Some(cost),
        client_cost: Some(cost.marked_up(markup)),
        budget_charge: None,
        finish: None,
        error_class: None,
        status: Some(200),
        latency_ms: 5,
        first_token_ms: None,
        at,
    };
    app.store.ledger().dispatch(start.clone()).await.unwrap();
    app.store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
}

async fn line(person: &Person, query: &str) -> Value {
    let list = person.client.get(&format!("/v2/usage?group_by=provider&{query}")).await.expect(200).json();
    list["data"].as_array().unwrap().first().cloned().unwrap_or(Value::Null)
}

fn figures(line: &Value) -> [&Value; 5] {
    ["attempts", "client_cost_nanos", "provider_cost_nanos", "personal_provider_cost_nanos", "profit_nanos"]
        .map(|member| &line[member])
}

/// Calls of both companies: of each, one by a member's own key, two by the
/// organization's (one for its team), one by the server's.
async fn two_companies() -> (House, Person, Company, Company) {
    let house = House::start().await;
    let root = house.admin("root").await;
    let (a, b) = (company(&house, "alpha").await, company(&house, "beta").await);
    for company in [&a, &b] {
        let user = user_id(&company.member).await;
        for (scope, team, back) in [
            (Scope::Personal, false, 0),
            (Scope::Organization, false, 40),
            (Scope::Organization, true, 1),
            (Scope::System, false, 2),
        ] {
            call(&house, user, company, team, scope, back).await;
        }
    }
    (house, root, a, b)
}

#[tokio::test]
async fn a_report_tells_each_reader_what_is_theirs_and_null_for_the_rest() {
    let (house, root, a, _) = two_companies().await;
    let (organization, team) = (a.organization, a.team);
    for is_rolled in [false, true] {
        if is_rolled {
            while store::ledger::roll_up(&house.app.store, house.app.clock.now(), 100).await.unwrap() > 0 {}
        }
        let null = json!(null);
        let own = line(&a.member, "").await;
        assert_eq!(figures(&own), [&json!(4), &json!(4_600), &null, &json!(1_000), &null], "{own}");
        let of_organization = format!("scope=organization&organization_id={organization}");
        let owner = line(&a.owner, &of_organization).await;
        assert_eq!(figures(&owner), [&json!(4), &json!(4_600), &null, &null, &json!(400)], "{owner}");
        let shared = line(&a.owner, &format!("{of_organization}&credential_scope=organization")).await;
        assert_eq!(figures(&shared), [&json!(2), &json!(2_400), &json!(2_000), &null, &json!(400)], "{shared}");
        let lead = line(&a.lead, &format!("scope=team&team_id={team}")).await;
        assert_eq!(figures(&lead), [&json!(1), &json!(1_200), &null, &null, &null], "{lead}");
        let all = line(&root, "scope=all").await;
        assert_eq!(figures(&all), [&json!(8), &json!(9_200), &json!(8_000), &json!(2_000), &json!(1_200)], "{all}");
        let one = line(&root, &of_organization).await;
        assert_eq!(figures(&one), [&json!(4), &json!(4_600), &json!(4_000), &json!(1_000), &json!(600)], "{one}");
    }
    let by_user = root.client.get("/v2/usage?scope=all&group_by=user").await.expect(200).json();
    let names: Vec<&str> =
        by_user["data"].as_array().unwrap().iter().filter_map(|line| line["name"].as_str()).collect();
    assert_eq!(names.len(), 2, "{by_user}");
    let by_team = root.client.get("/v2/usage?scope=all&group_by=team").await.expect(200).json();
    assert!(by_team.to_string().contains("Apollo of alpha"), "{by_team}");
    let events =
        a.owner.client.get(&format!("/v2/usage/events?scope=organization&organization_id={organization}")).await;
    let events = events.expect(200).json();
    assert_eq!(events["count"], 4);
    for event in events["data"].as_array().unwrap() {
        let attempt = &event["attempts"][0];
        let may_know = attempt["credential_scope"] == "organization";
        assert_eq!(attempt["provider_cost_nanos"].is_i64(), may_know, "{attempt}");
        assert_eq!(attempt.get("markup_basis_points").is_some(), may_know, "{attempt}");
    }
}

/// The figures above a page and below are of the same calls.
#[tokio::test]
async fn a_page_of_everybodys_calls_is_narrowed_to_a_team_and_an_organization() {
    let (_house, root, a, _) = two_companies().await;
    let member = user_id(&a.member).await;
    for (query, attempts) in [
        (String::new(), "8 attempts"),
        (format!("&organization={}", a.organization), "4 attempts"),
        (format!("&team={}", a.team), "1 attempt"),
        (format!("&user={member}"), "4 attempts"),
        (format!("&user={member}&scope=system"), "1 attempt"),
        (format!("&by=team&organization={}", a.organization), "4 attempts"),
        (format!("&by=organization&team={}", a.team), "1 attempt"),
    ] {
        let page = root.client.get(&format!("/admin/usage?range=90d{query}")).await.expect(200).text();
        assert!(page.contains(&format!("<span class=\"small\">{attempts}</span>")), "{query}: {page}");
    }
}

#[tokio::test]
async fn nobody_reads_what_is_anothers() {
    let (house, root, a, b) = two_companies().await;
    let outsider = house.user("outsider").await;
    let (alpha, apollo) = (a.organization, a.team);
    let member = user_id(&a.member).await;
    let reports = |query: &str| {
        ["/v2/usage", "/v2/usage/events", "/v2/usage/export.csv", "/v2/usage/export.jsonl"]
            .map(|path| format!("{path}?{query}"))
    };
    let of_organization = format!("scope=organization&organization_id={alpha}");
    let of_team = format!("scope=team&team_id={apollo}");
    for (person, query, status) in [
        (&b.owner, &of_organization, 404),
        (&b.owner, &of_team, 404),
        (&outsider, &of_organization, 404),
        (&outsider, &of_team, 404),
        (&a.member, &of_organization, 403),
        (&a.member, &of_team, 403),
        (&a.lead, &of_organization, 403),
        (&a.owner, &"scope=all".to_owned(), 403),
        (&outsider, &"scope=all".to_owned(), 403),
        (&outsider, &format!("user_id={member}"), 403),
        (&root, &"scope=organization&organization_id=0198f7e0-0000-7000-8000-000000000000".to_owned(), 404),
        (&root, &"scope=organization".to_owned(), 422),
        (&root, &"scope=mine".to_owned(), 422),
        (&root, &of_organization, 200),
        (&a.owner, &of_team, 200),
        (&a.lead, &of_team, 200),
    ] {
        for path in reports(query) {
            let answer = person.client.get(&path).await;
            assert_eq!(answer.status, status, "{} at {path}: {}", person.email, answer.text());
        }
    }
    // A filter never widens a report.
    let foreign = line(&outsider, &format!("organization_id={alpha}")).await;
    assert_eq!(foreign, Value::Null);
    let other =
        line(&b.owner, &format!("scope=organization&organization_id={}&team_id={apollo}", b.organization)).await;
    assert_eq!(other, Value::Null);
}

#[tokio::test]
async fn calls_are_narrowed_by_how_they_stand_whose_and_where() {
    let (_house, root, a, _) = two_companies().await;
    let member = user_id(&a.member).await;
    for (query, calls) in [
        ("scope=all".to_owned(), 8),
        ("scope=all&status=settled".to_owned(), 8),
        ("scope=all&status=failed".to_owned(), 0),
        (format!("scope=all&user_id={member}"), 4),
        (format!("scope=all&organization_id={}", a.organization), 4),
        (format!("scope=all&organization_id={}&credential_scope=system", a.organization), 1),
        (format!("scope=all&team_id={}", a.team), 1),
        (format!("scope=all&team_id={}&status=settled&model=gpt-6", a.team), 1),
    ] {
        let page = root.client.get(&format!("/v2/usage/events?{query}")).await.expect(200).json();
        assert_eq!(
            (page["count"].as_i64(), page["data"].as_array().unwrap().len()),
            (Some(calls), calls as usize),
            "{query}"
        );
    }
    let csv = root.client.get("/v2/usage/export.csv?scope=all").await.expect(200).text();
    assert!(
        csv.contains("Apollo of alpha") && csv.contains("The beta company") && csv.contains("alpha-member"),
        "{csv}"
    );
}

#[tokio::test]
async fn a_providers_bill_is_compared_day_by_day_and_nothing_changes() {
    let (house, root, a, b) = two_companies().await;
    let day = |back: u64| {
        let at: Timestamp = house.app.clock.now().minus(Duration::from_secs(86_400 * back));
        at.to_string().chars().take(10).collect::<String>()
    };
    let csv = format!(
        "usage_date_utc,model,cost_usd\n{},GPT 6,0.000002\n{},gpt-6,0.000003\n{},gpt-7,1\nnever,x,1\n",
        day(1),
        day(2),
        day(2)
    );
    let body = json!({"provider": "openai", "csv": csv});
    let found = root.client.post("/v2/usage/reconcile", &body).await.expect(200).json();
    assert_eq!(found["columns"], json!(["usage_date_utc", "model", "cost_usd"]));
    assert_eq!(
        json!([
            found["agreeing"],
            found["provider_total_nanos"],
            found["ledger_total_nanos"],
            found["attempts"],
            found["skipped_lines"]
        ]),
        json!([1, 1_000_005_000, 4_000, 4, 1]),
        "{found}"
    );
    let told: Vec<Value> = found["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            json!([line["model"], line["provider_cost_nanos"], line["ledger_cost_nanos"], line["difference_nanos"]])
        })
        .collect();
    assert_eq!(told, [json!(["gpt-6", 3_000, 2_000, -1_000]), json!(["gpt-7", 1_000_000_000, null, -1_000_000_000])]);
    // A member compares their own keys, and nobody else's.
    let own = a
        .member
        .client
        .post(
            "/v2/usage/reconcile",
            &json!({"provider": "openai", "csv": format!("day,model,cost\n{},gpt-6,0.000001\n", day(0))}),
        )
        .await;
    let own = own.expect(200).json();
    assert_eq!(json!([own["differences"], own["ledger_total_nanos"]]), json!([[], 1_000]), "{own}");
    let key = CredentialId::of_source("personal").to_string();
    let foreign = json!({"provider": "openai", "credential_id": key, "csv": csv});
    b.owner.client.post("/v2/usage/reconcile", &foreign).await.expect(404);
    let refused =
        root.client.post("/v2/usage/reconcile", &json!({"provider": "openai", "csv": "a,b\n1,2\n"})).await.expect(422);
    assert!(refused.text().contains("no column for the day"), "{}", refused.text());
    root.client.send(http::Method::POST, "/v2/usage/reconcile", &JSON, b"{".to_vec()).await.expect(400);
}

#[tokio::test]
async fn a_key_that_is_used_as_never_before_is_told_of_and_shown() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let saved = ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let key: CredentialId = saved["id"].as_str().unwrap().parse().unwrap();
    let user = user_id(&ann).await;
    let unusual = |calls: i64, back: u64| {
        let at = house.app.clock.now().minus(Duration::from_secs(86_400 * back)).as_micros();
        format!(
            "INSERT INTO usage_days VALUES ('{user}', {}, 'openai', 'm', '{key}', 'personal', 'api', '', '', '', \
             {calls}, {calls}, {calls}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            at / 86_400_000_000
        )
    };
    let mut database = house.raw_database().await;
    for back in 1..=8 {
        database.execute(&unusual(100, back)).await;
    }
    let mut events = testkit::EventReader::open(&ann.client, "/v2/events", &[]).await;
    database.execute(&unusual(900, 0)).await;
    // Housekeeping looks once a minute; here it is asked to.
    store::unusual::look(&house.app.store, house.app.clock.now()).await.unwrap();
    let told = events.until("credential.unusual_use").await.json();
    assert_eq!(
        (told["credential_id"].as_str(), told["unusual"].as_str()),
        (saved["id"].as_str(), Some("9 × its usual day"))
    );
    let lines = ann.client.get("/v2/usage?group_by=credential").await.expect(200).json();
    assert_eq!(lines["data"][0]["unusual"], "9 × its usual day", "{lines}");
}
