//! `/v2/usage`: sums that add up to the calls, and calls as files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use provider_sim::KeyState;
use serde_json::{Value, json};
use testkit::{House, Person};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const LIMITED: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

async fn lines(person: &Person, query: &str) -> Vec<Value> {
    let list = person.client.get(&format!("/v2/usage?{query}")).await.expect(200).json();
    list["data"].as_array().unwrap().clone()
}

fn total(lines: &[Value], member: &str) -> i64 {
    lines.iter().map(|line| line[member].as_i64().unwrap()).sum()
}

/// Ann with three answered calls, one of which fell over to a second key.
async fn busy_ann(house: &House) -> Person {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("One").await.expect(200);
    ann.chat_stream("Two").await.expect(200);
    house.sim.key(LIMITED, KeyState::RateLimited { reset: Duration::from_secs(60) });
    let limited = ann.save_key("openai", LIMITED).await;
    let path = format!("/v2/credentials/{}/make-primary", limited["id"].as_str().unwrap());
    ann.client.post(&path, &json!({})).await.expect(200);
    ann.chat("Three").await.expect(200);
    house.ledger_is_written().await;
    ann
}

#[tokio::test]
async fn sums_of_any_grouping_are_those_of_the_calls() {
    let house = House::start().await;
    let ann = busy_ann(&house).await;
    let events = ann.usage().await;
    let attempts: Vec<&Value> = events.iter().flat_map(|event| event["attempts"].as_array().unwrap()).collect();
    let cost: i64 = attempts.iter().filter_map(|attempt| attempt["client_cost_nanos"].as_i64()).sum();
    for by in ["day", "model", "provider", "credential", "source", "token", "team", "user"] {
        for daily in ["", "&each_day=true"] {
            let lines = lines(&ann, &format!("group_by={by}{daily}")).await;
            assert_eq!(total(&lines, "requests"), 3, "{by}{daily}: {lines:#?}");
            assert_eq!(total(&lines, "attempts"), attempts.len() as i64, "{by}{daily}");
            assert_eq!(total(&lines, "client_cost_nanos"), cost, "{by}{daily}");
            assert_eq!(total(&lines, "provider_cost_nanos"), cost, "her own keys: she may know ({by})");
            assert_eq!(lines.iter().all(|line| line["day"].is_string()), !daily.is_empty());
        }
    }
    let by_key = lines(&ann, "group_by=credential").await;
    assert_eq!(by_key.len(), 2);
    assert_eq!(total(&by_key, "failed"), 1);
}

#[tokio::test]
async fn a_filter_narrows_sums_calls_and_files_alike() {
    let house = House::start().await;
    let ann = busy_ann(&house).await;
    let key = ann.usage().await[2]["attempts"][0]["credential_id"].as_str().unwrap().to_owned();
    for (filter, requests) in [
        (format!("credential_id={key}"), 2),
        ("source=api".to_owned(), 3),
        ("source=chat".to_owned(), 0),
        ("provider=groq".to_owned(), 0),
        ("model=nothing".to_owned(), 0),
        ("to=2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(total(&lines(&ann, &filter).await, "requests"), requests, "{filter}");
    }
    let csv = ann.client.get("/v2/usage/export.csv?source=chat").await.expect(200).text();
    assert_eq!(csv.lines().count(), 1, "only its head: {csv}");
    for path in ["/v2/usage", "/v2/usage/events", "/v2/usage/export.csv", "/v2/usage/export.jsonl"] {
        ann.client.get(&format!("{path}?token_id=mine")).await.expect(422);
    }
}

#[tokio::test]
async fn calls_leave_as_lines_of_json_as_the_list_has_them() {
    let house = House::start().await;
    let ann = busy_ann(&house).await;
    let file = ann.client.get("/v2/usage/export.jsonl").await.expect(200);
    assert_eq!(file.header("content-type"), "application/jsonl");
    let lines: Vec<Value> = file.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, ann.usage().await);
    let bob = house.user("bob").await;
    assert_eq!(bob.client.get("/v2/usage/export.jsonl").await.expect(200).text(), "");
}

#[tokio::test]
async fn no_cell_of_the_file_is_a_formula() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let evil = "=HYPERLINK(\"http://evil.example\",\"x\")";
    let path = format!("/v2/credentials/{}", key["id"].as_str().unwrap());
    ann.client.patch(&path, &json!({"name": evil})).await.expect(200);
    let client = ann.gateway_client_with(&json!({"name": "@SUM(A1:A9)"})).await;
    client.post("/v1/chat/completions", &testkit::chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    house.ledger_is_written().await;
    let file = ann.client.get("/v2/usage/export.csv").await.expect(200);
    assert!(file.header("content-disposition").starts_with("attachment"));
    let text = file.text();
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\""), "{text}");
    assert!(text.contains(",'@SUM(A1:A9),"), "{text}");
    assert!(!text.contains(",=") && !text.contains(",@") && !text.contains("\n="), "{text}");
}

#[tokio::test]
async fn what_the_provider_bills_is_told_to_whoever_owns_the_key() {
    let house = House::start().await;
    let admin = house.admin("root").await;
    let body = json!({"provider": "openai", "api_key": KEY, "scope": "system", "name": "The house's"});
    admin.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    let ann = house.user("ann").await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let attempt = ann.usage().await[0]["attempts"][0].clone();
    for member in ["price", "markup_basis_points"] {
        assert_eq!(attempt.get(member), None, "{attempt}");
    }
    for member in ["provider_cost", "provider_cost_nanos"] {
        assert_eq!(attempt.get(member), Some(&Value::Null), "hidden is null and never 0: {attempt}");
    }
    let line = lines(&ann, "group_by=model").await.remove(0);
    for member in ["provider_cost", "provider_cost_nanos", "profit", "profit_nanos"] {
        assert_eq!(line.get(member), Some(&Value::Null), "{line}");
    }
    assert_eq!(line["personal_provider_cost_nanos"], json!(0), "nothing was paid by her own keys, and that she knows");
    let csv = ann.client.get("/v2/usage/export.csv").await.expect(200).text();
    let heads: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    for hidden in ["provider_cost", "input_token_price", "output_token_price"] {
        let at = heads.iter().position(|head| *head == hidden).unwrap();
        assert_eq!(cells[at], "", "{hidden}");
    }
}

/// Calls of all kinds: the provider's own bill, the ledger and all reports agree
/// to the nano-dollar. `cargo run --release -p bench -- bill` does it with more.
#[tokio::test(flavor = "multi_thread")]
async fn the_providers_bill_the_ledger_and_the_reports_are_the_same() {
    let house = testkit::bill::house(None).await;
    let outcome = testkit::bill::run(&house, 1_000).await;
    assert_eq!(outcome.differences, Vec::<String>::new(), "{outcome:#?}");
    assert!(outcome.provider_nanos > 0 && outcome.comparisons > 500, "{outcome:#?}");
    for kind in ["settled, counted by provider", "settled, counted by estimated", "aborted, counted by estimated"] {
        assert!(outcome.attempts.contains_key(kind), "no call is {kind}: {outcome:#?}");
    }
    let failed: usize = outcome.attempts.iter().filter(|(kind, _)| kind.starts_with("failed")).map(|(_, n)| n).sum();
    assert!(failed > 50, "{outcome:#?}");
    house.stop().await;
}
