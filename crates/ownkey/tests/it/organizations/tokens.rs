//! Gateway tokens of teams.

use std::time::Duration;

use domain::audit::{Actor, Event};
use domain::organization::{Organization, Team};
use testkit::promptly;

use super::*;

#[tokio::test]
async fn what_another_process_suspends_or_takes_away_stops_within_two_seconds() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    let token = team_token(&acme, &crew).await;
    let client = house.nobody().with_token(token["token"].as_str().unwrap());
    chat(&client, &[]).await.expect(200);
    chat(&acme.member.client, &[]).await.expect(200);
    let stops = async |client: &Client, what: &str, wanted: u16| {
        let is_so = async || (chat(client, &[]).await.status.as_u16() == wanted).then_some(());
        promptly(what, Duration::from_secs(2), is_so).await;
    };
    let (beside, now) = (house.as_command_line().await, house.app.clock.now());
    let organization = acme.id.parse().unwrap();
    let begin = async || beside.begin(now, Actor::CommandLine { user: None }, None).await.unwrap();

    let user = user_id(&acme.member).await.parse().unwrap();
    let mut change = begin().await;
    assert!(store::memberships::remove(&mut change, organization, user).await.unwrap());
    change.commit(Event::MemberRemoved { organization, user }).await.unwrap();
    stops(&acme.member.client, "somebody taken out", 400).await;

    let known = store::teams::by_id(&beside, id(&crew).parse().unwrap()).await.unwrap().unwrap();
    let mut change = begin().await;
    store::teams::update(&mut change, &Team { suspended_at: Some(now), ..known.clone() }).await.unwrap();
    change.commit(Event::TeamSuspended { team: known.id }).await.unwrap();
    stops(&client, "a suspended team", 403).await;
    let mut change = begin().await;
    store::teams::update(&mut change, &known).await.unwrap();
    change.commit(Event::TeamResumed { team: known.id }).await.unwrap();
    stops(&client, "a team that works again", 200).await;

    let known = store::organizations::by_id(&beside, organization).await.unwrap().unwrap();
    let mut change = begin().await;
    let suspended = Organization { suspended_at: Some(now), ..known };
    store::organizations::update(&mut change, &suspended).await.unwrap();
    change.commit(Event::OrganizationSuspended { organization }).await.unwrap();
    stops(&client, "a suspended organization", 403).await;
    beside.close().await;
}

#[tokio::test]
async fn a_teams_token_uses_shared_keys_only_and_outlives_its_maker() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    acme.admin.save_key("openai", OWN_KEY).await;
    let token = team_token(&acme, &crew).await;
    let text = token["token"].as_str().unwrap();
    assert!(text.starts_with("owk_team_") && token["team_id"] == crew["id"], "{token}");
    assert_eq!(token["created_by"], user_id(&acme.admin).await);
    let client = house.nobody().with_token(text);
    assert_eq!(payer(&chat(&client, &[]).await), "organization", "never its maker's own");
    let path = format!("/v2/organizations/acme/members/{}", user_id(&acme.admin).await);
    acme.owner.client.delete(&path).await.expect(204);
    root.client.delete(&format!("/v2/users/{}", user_id(&acme.admin).await)).await.expect(204);
    assert_eq!(payer(&chat(&client, &[]).await), "organization", "it is the team's");
    chat(&client, &[("x-ownkey-organization", "acme")]).await.expect(200);
    chat(&client, &[("x-ownkey-organization", "other")]).await.expect(404);

    let listed = acme.owner.client.get("/v2/tokens?organization_id=acme").await.expect(200).json();
    assert_eq!(listed["data"][0]["id"], token["id"]);
    let of_team = format!("/v2/tokens?team_id={}", id(&crew));
    assert_eq!(acme.owner.client.get(&of_team).await.expect(200).json()["count"], 1);
    assert_eq!(acme.owner.client.get("/v2/tokens").await.expect(200).json()["count"], 0);
    acme.member.client.get(&of_team).await.expect(404);
    acme.member.client.get("/v2/tokens?organization_id=acme").await.expect(403);

    let team_path = format!("/v2/teams/{}", id(&crew));
    acme.owner.client.patch(&team_path, &json!({"suspended": true})).await.expect(200);
    let refused = chat(&client, &[]).await.expect(403);
    assert!(refused.text().contains("team “Crew” is suspended"), "{}", refused.text());
    acme.owner.client.patch(&team_path, &json!({"suspended": false})).await.expect(200);
    chat(&client, &[]).await.expect(200);
    root.client.patch("/v2/organizations/acme", &json!({"suspended": true})).await.expect(200);
    chat(&client, &[]).await.expect(403);
    root.client.patch("/v2/organizations/acme", &json!({"suspended": false})).await.expect(200);
    acme.owner.client.delete(&team_path).await.expect(409);
    acme.owner.client.delete(&format!("{team_path}?confirm=true")).await.expect(204);
    chat(&client, &[]).await.expect(401);
}

#[tokio::test]
async fn leads_make_their_teams_tokens_and_nobody_elses() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let (crew, others) = (team(&acme, "Crew").await, team(&acme, "Others").await);
    let member = user_id(&acme.member).await;
    let make = async |person: &Person, team: &Value| {
        person.client.post("/v2/tokens", &json!({"name": "t", "team_id": team["id"]})).await
    };
    make(&acme.member, &crew).await.expect(404);
    let place = format!("/v2/teams/{}/members/{member}", id(&crew));
    put(&acme.admin.client, &place, &json!({})).await.expect(204);
    make(&acme.member, &crew).await.expect(403);
    put(&acme.member.client, &place, &json!({"role": "lead"})).await.expect(403);
    put(&acme.admin.client, &place, &json!({"role": "lead"})).await.expect(204);
    let token = make(&acme.member, &crew).await.expect(201).json();
    make(&acme.member, &others).await.expect(404);
    let path = format!("/v2/tokens/{}", id(&token));
    acme.admin.client.patch(&path, &json!({"name": "renamed"})).await.expect(200);
    let rotated = acme.admin.client.post(&format!("{path}/rotate"), &json!({})).await.expect(200).json();
    let client = house.nobody().with_token(rotated["token"].as_str().unwrap());
    chat(&client, &[]).await.expect(200);
    for scope in ["manage:credentials", "manage:tokens", "read:audit", "metrics"] {
        let body = json!({"name": "t", "team_id": crew["id"], "scopes": [scope]});
        acme.admin.client.post("/v2/tokens", &body).await.expect(422);
    }
    acme.admin.client.delete(&place).await.expect(204);
    acme.member.client.delete(&path).await.expect(404);
    chat(&client, &[]).await.expect(200);
    acme.admin.client.delete(&path).await.expect(204);
    chat(&client, &[]).await.expect(401);
}

#[tokio::test]
async fn a_teams_token_calls_what_the_team_may_and_it_may() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    let body = json!({"name": "t", "team_id": crew["id"], "models": ["gpt-5-mini", "gpt-4o"]});
    let token = acme.admin.client.post("/v2/tokens", &body).await.expect(201).json();
    let client = house.nobody().with_token(token["token"].as_str().unwrap());
    chat_with(&client, "gpt-4o", &[]).await.expect(200);
    let path = format!("/v2/teams/{}", id(&crew));
    acme.admin.client.patch(&path, &json!({"models": ["gpt-5-mini"]})).await.expect(200);
    chat_with(&client, "gpt-4o", &[]).await.expect(403);
    chat_with(&client, "gpt-5-mini", &[]).await.expect(200);
}

#[tokio::test]
async fn what_a_teams_token_calls_is_the_teams_and_not_its_makers() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let acme = company(&house, &root, "acme", KEY).await;
    let crew = team(&acme, "Crew").await;
    let token = team_token(&acme, &crew).await;
    let program = house.nobody().with_token(token["token"].as_str().unwrap());
    chat(&acme.admin.client, &[]).await.expect(200);
    for _ in 0..2 {
        chat(&program, &[]).await.expect(200);
    }
    house.ledger_is_written().await;
    let calls = async |path: &str| {
        let own = acme.admin.client.get(&format!("/v2/usage/events?{path}")).await.expect(200).json();
        let sums = acme.admin.client.get(&format!("/v2/usage?group_by=model&{path}")).await.expect(200).json();
        let summed: i64 = sums["data"].as_array().unwrap().iter().filter_map(|line| line["attempts"].as_i64()).sum();
        (own["count"].as_i64().unwrap(), own["data"].as_array().unwrap().len(), summed)
    };
    assert_eq!(calls("").await, (1, 1, 1));
    assert_eq!(calls(&format!("token_id={}", id(&token))).await, (0, 0, 0));
    let of_team = format!("scope=team&team_id={}", id(&crew));
    assert_eq!(calls(&of_team).await, (2, 2, 2));
    assert_eq!(calls(&format!("scope=organization&organization_id={}", acme.id)).await, (3, 3, 3));
}
