//! Prices: set from a moment on, kept on each call, taken from other people's
//! lists, and reckoned with.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Options, PostgresDatabase, chat_body, promptly};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const LITELLM: &str = include_str!("../../../llm/src/price_lists/litellm.json");
const MODELS_DEV: &str = include_str!("../../../llm/src/price_lists/models_dev.json");

/// A change is seen by all nodes within this time.
const BOUND: Duration = Duration::from_secs(2);

const MODEL: &str = "/v2/prices/openai/gpt-5-mini";

fn new(input: f64, more: &Value) -> Value {
    let mut new = json!({
        "provider": "openai", "model": "gpt-5-mini",
        "price": {"input_token_price": input, "output_token_price": 2},
    });
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"prices": [new]})
}

async fn set(client: &Client, body: &Value) -> Value {
    client.patch("/v2/prices", body).await.expect(200).json()["data"][0].clone()
}

async fn import(client: &Client, query: &str, document: &str) -> Answer {
    let path = format!("/v2/prices/import{query}");
    let kind = [("content-type", "application/json")];
    client.send(Method::POST, &path, &kind, document.as_bytes().to_vec()).await
}

fn input_of(answer: &Value) -> Value {
    json!([answer["now"]["price"]["input_token_price"], answer["now"]["source"]])
}

/// What a call at a price of so many dollars for a million of each kind costs.
fn cost(attempt: &Value, input: i64, output: i64) -> i64 {
    let tokens = |name: &str| attempt[name].as_i64().unwrap();
    tokens("input_tokens") * input * 1_000 + tokens("output_tokens") * output * 1_000
}

#[tokio::test]
async fn a_row_keeps_its_price_and_the_history_has_all_of_them() {
    let house = House::start().await;
    let root = house.admin("root").await;
    root.save_key("openai", KEY).await;
    let catalogue = root.client.get(MODEL).await.expect(200).json();
    assert_eq!(catalogue["now"]["source"], "catalogue");
    assert_eq!(catalogue["history"], json!([]));

    set(&root.client, &new(1_000.0, &json!({"note": "dear"}))).await;
    root.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "One", false)).await.expect(200);
    set(&root.client, &new(3_000.0, &json!({}))).await;
    root.client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Two", false)).await.expect(200);
    // The word is the catalogue's again.
    let back = json!({"prices": [{"provider": "openai", "model": "gpt-5-mini", "price": null}]});
    assert_eq!(set(&root.client, &back).await["price"], Value::Null);
    house.ledger_is_written().await;

    let events = root.usage().await;
    let [two, one] = [&events[0]["attempts"][0], &events[1]["attempts"][0]];
    assert_eq!(one["client_cost_nanos"], cost(one, 1_000, 2), "{one}");
    assert_eq!(two["client_cost_nanos"], cost(two, 3_000, 2), "{two}");
    let history = root.client.get(MODEL).await.expect(200).json();
    assert_eq!(input_of(&history), input_of(&catalogue));
    let said: Vec<Value> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["price"]["input_token_price"], entry["standing"], entry["note"], entry["source"]]))
        .collect();
    assert_eq!(
        said,
        [
            json!([null, "in_force", null, "manual"]),
            json!([3000, "past", null, "manual"]),
            json!([1000, "past", "dear", "manual"]),
        ]
    );
    assert_eq!(history["now"]["history_count"], 3);
    let log = root.client.get("/v2/audit-events?action=price.set").await.expect(200).json();
    assert_eq!(log["data"].as_array().unwrap().len(), 3, "{log}");

    let ann = house.user("ann").await;
    let hers = ann.client.get(MODEL).await.expect(200).json();
    assert_eq!(json!([hers["history"][2]["note"], hers["history"][2]["created_by"]]), json!([null, null]));
    assert_eq!(hers["history"][2]["price"]["input_token_price"], 1000);
}

#[tokio::test]
async fn a_price_that_begins_later_begins_by_itself_on_all_nodes_and_may_be_withdrawn_before() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let house = House::start_with(Options { database_url: Some(database.url.clone()), ..Options::default() }).await;
    let root = house.admin("root").await;
    root.save_key("openai", KEY).await;
    let node = house.second_node().await;
    let there = node.client_of(&root.client);
    let known = input_of(&there.get(MODEL).await.expect(200).json());
    let now = set(&root.client, &new(5.0, &json!({}))).await;
    promptly("the other node hears of the price", BOUND, async || {
        (input_of(&there.get(MODEL).await.expect(200).json()) == json!([5, "manual"])).then_some(())
    })
    .await;
    let start = domain::Timestamp::parse(now["starts_at"].as_str().unwrap()).unwrap();
    let at = |seconds| start.plus(Duration::from_secs(seconds)).to_string();
    let soon = set(&root.client, &new(6.0, &json!({"starts_at": at(60)}))).await;
    assert_eq!(soon["standing"], "upcoming");
    let late = set(&root.client, &new(7.0, &json!({"starts_at": at(120)}))).await;
    root.client.patch("/v2/prices", &new(8.0, &json!({"starts_at": at(120)}))).await.expect(409);
    let withdrawn = format!("{MODEL}?starts_at={}", late["starts_at"].as_str().unwrap());
    there.delete(&withdrawn).await.expect(204);
    root.client.delete(&withdrawn).await.expect(404);
    let begun = format!("{MODEL}?starts_at={}", now["starts_at"].as_str().unwrap());
    assert_eq!(root.client.delete(&begun).await.expect(409).json()["code"], "conflict");
    assert_eq!(input_of(&there.get(MODEL).await.expect(200).json()), json!([5, "manual"]));
    assert_eq!(root.client.get("/v2/prices?only=upcoming").await.expect(200).json()["count"], 1);

    house.pass(Duration::from_secs(61));
    assert_eq!(input_of(&there.get(MODEL).await.expect(200).json()), json!([6, "manual"]), "nobody has to say so");
    assert_eq!(input_of(&root.client.get(MODEL).await.expect(200).json()), json!([6, "manual"]));
    assert_ne!(known, json!([6, "manual"]));
    node.stop().await;
    house.stop().await;
    database.destroy().await;
}

#[tokio::test]
async fn the_past_is_written_only_with_a_word_and_what_nobody_could_mean_is_not_taken() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let past = new(1.0, &json!({"starts_at": "2026-01-01T00:00:00Z"}));
    let refused = root.client.patch("/v2/prices", &past).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("confirm: true"), "{refused}");
    let mut confirmed = past.clone();
    confirmed["confirm"] = json!(true);
    assert_eq!(set(&root.client, &confirmed).await["standing"], "in_force");

    for (field, value) in [
        ("price", r#"{"input_token_price":-1,"output_token_price":1}"#),
        ("price", r#"{"input_token_price":1e400,"output_token_price":1}"#),
        ("price", r#"{"input_token_price":1000001,"output_token_price":1}"#),
        ("price", r#"{"input_token_price":0.0000000001,"output_token_price":1}"#),
        ("price", r#"{"input_token_price":"1","output_token_price":1}"#),
        ("price", r#"{"input_token_price":1}"#),
        ("price", r#"{"input_token_price":1,"output_token_price":1,"cache_write_1h_token_price":-0.5}"#),
        (
            "price",
            r#"{"input_token_price":1,"output_token_price":1,"long_context":{"threshold_tokens":0,"input_token_price":1,"output_token_price":1}}"#,
        ),
        ("model", r#""""#),
        ("model", r#""sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1""#),
        ("provider", r#""ollama""#),
        ("provider", r#""custom""#),
        ("provider", r#""nobody""#),
        ("starts_at", r#""2099-01-01T00:00:00Z""#),
        ("starts_at", r#""soon""#),
    ] {
        let mut body = new(1.0, &json!({}));
        body["prices"][0][field] = json!("@");
        let body = body.to_string().replace("\"@\"", value);
        let kind = [("content-type", "application/json")];
        let answer = root.client.send(Method::PATCH, "/v2/prices", &kind, body.clone().into_bytes()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert!(!answer.text().contains("key1"), "{}", answer.text());
    }
    assert_eq!(root.client.get(MODEL).await.expect(200).json()["now"]["history_count"], 1);
    let ann = house.user("ann").await;
    ann.client.patch("/v2/prices", &new(1.0, &json!({}))).await.expect(403);
    import(&ann.client, "?dry_run=true", LITELLM).await.expect(403);
    ann.client.delete(&format!("{MODEL}?starts_at=2026-01-01T00:00:00Z")).await.expect(403);
}

#[tokio::test]
async fn a_dry_run_says_what_an_import_then_does_and_the_same_list_again_does_nothing() {
    for (document, source, left_out) in [(LITELLM, "litellm", 6), (MODELS_DEV, "models_dev", 3)] {
        let house = House::start().await;
        let root = house.admin("root").await;
        let mut dry = import(&root.client, "?dry_run=true", document).await.expect(200).json();
        assert_eq!(
            json!([dry["source"], dry["dry_run"], dry["skipped_count"]]),
            json!([source, true, left_out]),
            "{dry}"
        );
        assert!(!dry["differences"].as_array().unwrap().is_empty(), "{dry}");
        assert_eq!(root.client.get("/v2/prices?only=imported").await.expect(200).json()["count"], 0);
        let mut done = import(&root.client, "", document).await.expect(200).json();
        for plan in [&mut dry, &mut done] {
            plan.as_object_mut().unwrap().retain(|name, _| name != "dry_run" && name != "starts_at");
        }
        assert_eq!(dry, done, "a dry run is what then happens");
        let differences = done["differences"].as_array().unwrap();
        for one in differences {
            let path = format!("/v2/prices/{}/{}", one["provider"].as_str().unwrap(), one["model"].as_str().unwrap());
            let now = root.client.get(&path).await.expect(200).json()["now"].clone();
            assert_eq!(json!([now["price"], now["source"]]), json!([one["new"], source]), "{path}");
        }
        let again = import(&root.client, "", document).await.expect(200).json();
        assert_eq!(json!([again["added"], again["changed"]]), json!([0, 0]), "{again}");
        assert_eq!(
            again["unchanged"].as_u64().unwrap(),
            done["unchanged"].as_u64().unwrap() + differences.len() as u64
        );
        let log = root.client.get("/v2/audit-events?action=prices.imported").await.expect(200).json();
        assert_eq!(log["data"].as_array().unwrap().len(), 1, "one row for all: {log}");
        house.stop().await;
    }
}

#[tokio::test]
async fn a_change_is_told_in_per_cent() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let old = json!({"prices": [{"provider": "openai", "model": "gpt-4o-mini",
        "price": {"input_token_price": 0.18, "output_token_price": 0.3}}]});
    set(&root.client, &old).await;
    let plan = import(&root.client, "?dry_run=true", LITELLM).await.expect(200).json();
    let one = plan["differences"].as_array().unwrap().iter().find(|one| one["model"] == "gpt-4o-mini").unwrap();
    assert_eq!(
        json!([one["change"], one["old"]["input_token_price"], one["new"]["input_token_price"]]),
        json!(["changed", 0.18, 0.15])
    );
    assert_eq!(json!([one["input_change_percent"], one["output_change_percent"]]), json!([-16.7, 100.0]));
}

#[tokio::test]
async fn a_list_counts_from_any_start_and_from_a_past_one_only_when_that_is_meant() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let now = house.app.clock.now();
    let day = Duration::from_hours(24);
    let (later, past) = (now.plus(day), now.minus(day));
    let refused = import(&root.client, &format!("?dry_run=true&starts_at={past}"), LITELLM).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("confirm=true"), "{refused}");
    let plan = import(&root.client, &format!("?starts_at={later}"), LITELLM).await.expect(200).json();
    assert_eq!(plan["starts_at"], json!(later));
    let one = &plan["differences"][0];
    let path = format!("/v2/prices/{}/{}", one["provider"].as_str().unwrap(), one["model"].as_str().unwrap());
    let show = async || root.client.get(&path).await.expect(200).json();
    assert_ne!(show().await["now"]["source"], "litellm");

    let plan = import(&root.client, &format!("?starts_at={past}&confirm=true"), LITELLM).await.expect(200).json();
    assert_eq!(plan["starts_at"], json!(past));
    let both = show().await;
    assert_eq!(json!([both["now"]["source"], both["now"]["price"]]), json!(["litellm", one["new"]]));
    let starts: Vec<_> = both["history"].as_array().unwrap().iter().map(|entry| entry["starts_at"].clone()).collect();
    assert!(starts.contains(&json!(later)) && starts.contains(&json!(past)), "{both}");
    for wrong in ["2019-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "tomorrow"] {
        import(&root.client, &format!("?confirm=true&starts_at={wrong}"), LITELLM).await.expect(422);
    }
}

#[tokio::test]
async fn hostile_lists_change_nothing_and_hostile_entries_are_named() {
    let house = House::start().await;
    let root = house.admin("root").await;
    for (document, status) in [
        ("", 400),
        ("[]", 422),
        ("{}", 422),
        ("{\"a\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":NaN}}", 400),
        ("{\"a\":{\"litellm_provider\":\"x\"},\"a\":{\"litellm_provider\":\"x\"}}", 422),
        (&format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), 400),
        (&format!("{{\"a\":\"{}\"}}", "x".repeat(8 * 1024 * 1024)), 413),
    ] {
        let answer = import(&root.client, "", document).await;
        assert_eq!(answer.status, status, "{document:.60}: {}", answer.text());
    }
    let bad = ["-1e-06", "1e400", "\"NaN\"", "1e30", "null", "[]"];
    let entries: Vec<String> = bad
        .iter()
        .enumerate()
        .map(|(at, number)| {
            format!(r#""bad-{at}":{{"litellm_provider":"openai","input_cost_per_token":{number},"output_cost_per_token":1e-6}}"#)
        })
        .collect();
    let good = r#""good":{"litellm_provider":"openai","input_cost_per_token":1e-6,"output_cost_per_token":1e-6}"#;
    let key =
        format!(r#""{KEY}":{{"litellm_provider":"openai","input_cost_per_token":1e-6,"output_cost_per_token":1e-6}}"#);
    let answer = import(&root.client, "", &format!("{{{},{key},{good}}}", entries.join(","))).await.expect(200);
    assert!(!answer.text().contains(KEY), "a key in the place of a name is not repeated");
    let plan = answer.json();
    assert_eq!(json!([plan["added"], plan["refused_count"], plan["skipped_count"]]), json!([1, 6, 1]), "{plan}");
    let named: Vec<&str> = plan["refused"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(named, ["bad-0", "bad-1", "bad-2", "bad-3", "bad-5", "openai"]);
    assert_eq!(root.client.get("/v2/prices?only=imported").await.expect(200).json()["count"], 1);
}

#[tokio::test]
async fn an_estimate_is_its_arithmetic_and_what_has_no_price_is_said_so() {
    let house = House::start().await;
    let root = house.admin("root").await;
    let price = json!({"prices": [{"provider": "openai", "model": "gpt-5-mini", "price": {
        "input_token_price": 1, "output_token_price": 4, "cached_input_token_price": 0.1,
        "long_context": {"threshold_tokens": 2000, "input_token_price": 10, "output_token_price": 40},
    }}]});
    set(&root.client, &price).await;
    let ask = async |body: Value| root.client.post("/v2/prices/estimate", &body).await;
    let body = json!({"model": "openai/gpt-5-mini", "input_tokens": 1000, "cached_input_tokens": 400, "output_tokens": 250, "calls": 1000});
    let found = ask(body).await.expect(200).json();
    let lines: Vec<Value> = found["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["what"], line["tokens"], line["price_per_million"], line["cost"]]))
        .collect();
    assert_eq!(
        lines,
        [
            json!(["input", 600, 1, 0.0006]),
            json!(["cached_input", 400, 0.1, 0.00004]),
            json!(["output", 250, 4, 0.001])
        ]
    );
    assert_eq!(json!([found["cost_per_call_nanos"], found["total"]]), json!([1_640_000, 1.64]));
    let long = ask(json!({"model": "openai/gpt-5-mini", "input_tokens": 2001})).await.expect(200).json();
    assert_eq!(json!([long["is_long_context"], long["cost_per_call_nanos"]]), json!([true, 20_010_000]));
    let text = ask(json!({"model": "openai/gpt-5-mini", "input_text": "four".repeat(10)})).await.expect(200).json();
    assert_eq!(json!([text["is_estimated"], text["lines"][0]["tokens"]]), json!([true, 10]));

    let model = json!({"provider": "openai", "model_id": "house-model"});
    root.client.post("/v2/llm-models", &model).await.expect(201);
    let unpriced = ask(json!({"model": "openai/house-model", "input_tokens": 1})).await.expect(422).json();
    assert_eq!(unpriced["code"], "model_unpriced", "{unpriced}");
    ask(json!({"model": "no-such-model", "input_tokens": 1})).await.expect(404);
    ask(json!({"model": "gpt-5-mini", "input_tokens": 1, "cached_input_tokens": 2})).await.expect(422);
    ask(json!({"model": "gpt-5-mini", "input_tokens": 1, "input_text": "x"})).await.expect(422);
    let list = root.client.get("/v2/prices?only=unpriced&search=house").await.expect(200).json();
    assert_eq!(json!([list["count"], list["data"][0]["price"], list["data"][0]["source"]]), json!([1, null, null]));
}
