//! The test of the ledger: calls of all kinds, and then the provider's own bill,
//! the ledger and all reports beside one another, to the nano-dollar.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::usage::TokenCounts;
use domain::{Nanos, Price};
use http::Method;
use provider_sim::{Charge, KeyState, Models, Script};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::client::Client;
use crate::events::next_bytes;
use crate::house::{House, Options, chat_body};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const FAILING: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// Models whose calls end well, with the provider's counts: one by one the same bill.
const EXACT: [&str; 2] = ["plain-model", "cached-model"];
/// Its answers come without counts.
const UNTOLD: &str = "untold-model";
/// Its answers are left, or break off.
const CUT: &str = "cut-model";
/// Its calls meet a limit, and wait for a second: no other model's calls wait with them.
const LIMITED: &str = "limited-model";

/// How many calls run side by side.
const SIDE_BY_SIDE: usize = 64;

/// The days over which the calls are spread; the price changes in the middle.
const DAYS: usize = 4;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// What came out.
#[derive(Debug)]
pub struct Outcome {
    /// Requests made.
    pub requests: usize,
    /// Attempts in the ledger, by state and who counted the tokens.
    pub attempts: BTreeMap<String, usize>,
    /// Attempts of each kind that must be among them.
    pub kinds: BTreeMap<&'static str, usize>,
    /// Sums that were compared.
    pub comparisons: usize,
    /// What the provider bills for calls that ended well with its counts, in nano-dollars.
    pub provider_nanos: i64,
    /// What the ledger has for the same.
    pub ledger_nanos: i64,
    /// All that the ledger has.
    pub total_nanos: i64,
    /// Everything that was not as it must be.
    pub differences: Vec<String>,
}

/// The house for it.
pub async fn house(database_url: Option<String>) -> House {
    let script = Script { models: Models::Any, keep_calls: 0, ..Script::says("One, two, three, four, five, six.") };
    let ago = Duration::from_secs(86_400 * 10);
    House::start_with(Options { script, database_url, ago, ..Options::default() }).await
}

/// Makes so many requests of all kinds and compares.
pub async fn run(house: &House, requests: usize) -> Outcome {
    let ann = house.user("ann").await;
    let bob = house.user("bob").await;
    let root = house.admin("root").await;
    ann.save_key("openai", KEY).await;
    bob.save_key("openai", KEY).await;
    let failing = bob.save_key("openai", FAILING).await;
    let path = format!("/v2/credentials/{}/make-primary", failing["id"].as_str().unwrap_or_default());
    bob.client.post(&path, &json!({})).await.expect(200);
    house.sim.key(FAILING, KeyState::Failing(503));
    let scopes = json!({"name": "all", "scopes": ["models", "read:usage", "manage:credentials"]});
    let (ann, bob) = (ann.gateway_client_with(&scopes).await, bob.gateway_client_with(&scopes).await);
    let root = root.gateway_client_with(&scopes).await;
    let mut dear = Vec::new();
    for client in [&ann, &bob] {
        for model in [EXACT[0], EXACT[1], UNTOLD, CUT, LIMITED] {
            let body = json!({
                "provider": "openai", "model_id": model,
                "input_token_price": 1.1, "output_token_price": 4.4, "cached_input_token_price": 0.275,
            });
            let made = client.post("/v2/llm-models", &body).await.expect(201).json();
            if model == EXACT[0] {
                dear.push((client.clone(), format!("/v2/llm-models/{}", made["id"].as_str().unwrap_or_default())));
            }
        }
    }
    let mut billed = Billed::default();
    let permits = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    for day in 0..DAYS {
        if day == DAYS / 2 {
            billed.add(&house.sim.statement(), &prices(false));
            for (client, path) in &dear {
                client.patch(path, &json!({"input_token_price": 2.7, "output_token_price": 9.9})).await.expect(200);
            }
        }
        let mut calls = Vec::new();
        for number in (0..requests).filter(|number| number * DAYS / requests == day) {
            let permit = Arc::clone(&permits).acquire_owned().await.expect("a permit");
            let client = if number % 10 == 9 { bob.clone() } else { ann.clone() };
            calls.push(tokio::spawn(async move {
                one(&client, number).await;
                drop(permit);
            }));
        }
        for call in calls {
            call.await.expect("a call ends");
        }
        house.ledger_is_written().await;
        house.pass(Duration::from_secs(86_400));
    }
    crate::eventually("no call under way", Duration::from_secs(20), async || {
        house.ledger_is_written().await;
        let unfinished = "SELECT COUNT(*) FROM attempts WHERE state = 'dispatched'";
        (house.raw_database().await.number(unfinished).await == 0).then_some(())
    })
    .await;
    billed.add(&house.sim.statement(), &prices(true));
    compare(house, requests, &billed, [&ann, &bob, &root]).await
}

/// One request of the kind that its number has.
async fn one(client: &Client, number: usize) {
    let words = "word ".repeat(number % 37 + 1);
    let (model, marker, streams) = match number % 20 {
        0..=4 => (EXACT[0], String::new(), false),
        5..=7 => (EXACT[0], String::new(), true),
        8 | 9 => (EXACT[0], "[[sim:think]]".to_owned(), number.is_multiple_of(3)),
        10..=12 => (EXACT[1], format!("[[sim:cached:{}]]", number % 11), number.is_multiple_of(2)),
        13 => (EXACT[1], "[[sim:think]] [[sim:cached:3]]".to_owned(), true),
        14 => (EXACT[1], "[[sim:noise]]".to_owned(), true),
        15 => (EXACT[1], "[[sim:500]]".to_owned(), false),
        16 => (LIMITED, "[[sim:429:1]]".to_owned(), true),
        17 => (UNTOLD, "[[sim:no-usage]]".to_owned(), number.is_multiple_of(3)),
        18 => (CUT, "[[sim:truncate:2]]".to_owned(), true),
        _ => (CUT, "[[sim:slow:20]]".to_owned(), true),
    };
    let body = chat_body(model, &format!("{words}{marker}"), streams);
    if number % 20 == 19 {
        let mut response =
            client.open(Method::POST, "/v1/chat/completions", &JSON, body.to_string().into_bytes()).await;
        // Gone after the first words.
        let _first = next_bytes(&mut response).await;
        return;
    }
    let _answer = client.post("/v1/chat/completions", &body).await;
}

/// The price list that both sides have.
fn prices(is_dear: bool) -> BTreeMap<&'static str, Price> {
    let price = |input: i64, output: i64| {
        let mut price = Price::FREE;
        price.rates.input_nanos = input;
        price.rates.output_nanos = output;
        price.rates.cached_input_nanos = Some(275_000_000);
        price
    };
    let usual = price(1_100_000_000, 4_400_000_000);
    let first = if is_dear { price(2_700_000_000, 9_900_000_000) } else { usual };
    BTreeMap::from([(EXACT[0], first), (EXACT[1], usual), (UNTOLD, usual), (CUT, usual), (LIMITED, usual)])
}

/// The provider's bill, each call at the price of its time.
#[derive(Default)]
struct Billed {
    seen: BTreeMap<Charge, u64>,
    /// By model, of calls whose counts were told: how many, and what they cost.
    told: BTreeMap<String, (u64, i64)>,
    /// By model, of the others: how many.
    untold: BTreeMap<String, u64>,
}

impl Billed {
    /// Prices what is new in the statement.
    fn add(&mut self, statement: &[(Charge, u64)], prices: &BTreeMap<&'static str, Price>) {
        for (charge, calls) in statement {
            let new = calls - self.seen.insert(charge.clone(), *calls).unwrap_or(0);
            if !charge.told {
                *self.untold.entry(charge.model.clone()).or_default() += new;
                continue;
            }
            let Charge { prompt, cached, completion, .. } = *charge;
            let tokens = TokenCounts { prompt, cached, completion, ..TokenCounts::default() };
            let cost = prices.get(&*charge.model).map_or(0, |price| price.cost(&tokens).0);
            let line = self.told.entry(charge.model.clone()).or_default();
            line.0 += new;
            line.1 += cost * i64::try_from(new).expect("a count");
        }
    }
}

/// Kinds of attempts that are in every bill, or it says little.
const KINDS: [&str; 8] = [
    "with cached tokens",
    "with reasoning tokens",
    "left by the client",
    "failed",
    "after another key failed",
    "without the provider's counts",
    "before the price changed",
    "after the price changed",
];

/// Which of them an attempt is, and the key that was tried before it.
fn kinds(attempt: &Value, key_before: Option<&Value>) -> Vec<&'static str> {
    let [cached, reasoning, left, failed, moved, untold, before, after] = KINDS;
    let has_some = |member: &str| attempt[member].as_u64().is_some_and(|count| count > 0);
    let input_price = attempt["price"]["input_token_price"].as_f64();
    let is_repriced = attempt["model"] == EXACT[0];
    [
        (has_some("cached_tokens"), cached),
        (has_some("reasoning_tokens"), reasoning),
        (attempt["state"] == "aborted", left),
        (attempt["state"] == "failed", failed),
        (key_before.is_some_and(|key| *key != attempt["credential_id"]), moved),
        (attempt["model"] == UNTOLD && attempt["state"] == "settled", untold),
        (is_repriced && input_price == Some(1.1), before),
        (is_repriced && input_price == Some(2.7), after),
    ]
    .into_iter()
    .filter_map(|(is_of_it, kind)| is_of_it.then_some(kind))
    .collect()
}

/// What one attempt says, as it leaves in a file.
struct Row {
    kinds: Vec<&'static str>,
    model: String,
    kind: String,
    is_told: bool,
    provider: Option<i64>,
    client: Option<i64>,
}

async fn rows(client: &Client) -> Vec<Row> {
    let file = client.get("/v2/usage/export.jsonl").await.expect(200).text();
    let events = file.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let text = |attempt: &Value, member: &str| attempt[member].as_str().unwrap_or("none").to_owned();
    events
        .flat_map(|event| {
            let attempts = event["attempts"].as_array().cloned().unwrap_or_default();
            let keys: Vec<Value> = attempts.iter().map(|attempt| attempt["credential_id"].clone()).collect();
            let before = std::iter::once(None).chain(keys.into_iter().map(Some));
            attempts.into_iter().zip(before).collect::<Vec<_>>()
        })
        .map(|(attempt, key_before)| Row {
            kinds: kinds(&attempt, key_before.as_ref()),
            model: text(&attempt, "model"),
            kind: format!("{}, counted by {}", text(&attempt, "state"), text(&attempt, "usage_source")),
            is_told: attempt["state"] == "settled" && attempt["usage_source"] == "provider",
            provider: attempt["provider_cost_nanos"].as_i64(),
            client: attempt["client_cost_nanos"].as_i64(),
        })
        .collect()
}

async fn compare(house: &House, requests: usize, billed: &Billed, readers: [&Client; 3]) -> Outcome {
    let [ann, bob, root] = readers;
    let mut outcome = Outcome {
        requests,
        attempts: BTreeMap::new(),
        kinds: KINDS.map(|kind| (kind, 0)).into(),
        comparisons: 0,
        provider_nanos: 0,
        ledger_nanos: 0,
        total_nanos: 0,
        differences: Vec::new(),
    };
    let own = [rows(ann).await, rows(bob).await];
    for row in own.iter().flatten() {
        *outcome.attempts.entry(row.kind.clone()).or_default() += 1;
        for kind in &row.kinds {
            *outcome.kinds.entry(kind).or_default() += 1;
        }
        if row.kind.contains("unknown") && row.provider.is_some() {
            outcome.differences.push("an unknown call has a cost".to_owned());
        }
        if row.provider != row.client {
            outcome.differences.push(format!("{:?} became {:?} without a mark-up", row.provider, row.client));
        }
    }
    let missing: Vec<&str> = outcome.kinds.iter().filter(|(_, count)| **count == 0).map(|(kind, _)| *kind).collect();
    outcome.differences.extend(missing.into_iter().map(|kind| format!("no attempt is one {kind}")));
    for model in EXACT {
        let told: Vec<&Row> = own.iter().flatten().filter(|row| row.model == model && row.is_told).collect();
        let ledger = (told.len() as u64, told.iter().filter_map(|row| row.provider).sum::<i64>());
        let bill = billed.told.get(model).copied().unwrap_or_default();
        outcome.provider_nanos += bill.1;
        outcome.ledger_nanos += ledger.1;
        outcome.check(&format!("{model}: calls"), bill.0 as i64, ledger.0 as i64);
        outcome.check(&format!("{model}: nano-dollars"), bill.1, ledger.1);
        let untold = billed.untold.get(model).copied().unwrap_or_default();
        outcome.check(&format!("{model}: charged and not told"), untold as i64, 0);
    }
    // Answers without counts are all there, and none of them claims to be counted by the provider.
    let untold = own.iter().flatten().filter(|row| row.model == UNTOLD && row.kind.starts_with("settled"));
    let (estimated, claimed): (Vec<&Row>, Vec<&Row>) = untold.partition(|row| !row.is_told);
    outcome.check(
        "answers without counts",
        billed.untold.get(UNTOLD).copied().unwrap_or_default() as i64,
        estimated.len() as i64,
    );
    outcome.check("of these, counted by nobody", 0, claimed.len() as i64);
    let unended = own.iter().flatten().filter(|row| row.kind.starts_with("dispatched")).count();
    outcome.check("calls without an end", 0, unended as i64);
    let attempts: Vec<&Row> = own.iter().flatten().collect();
    outcome.total_nanos = attempts.iter().filter_map(|row| row.provider).sum();
    for is_rolled in [false, true] {
        if is_rolled {
            house.pass(Duration::from_secs(86_400 * 4));
            while store::ledger::roll_up(&house.app.store, house.app.clock.now(), 100).await.expect("rolled up") > 0 {}
        }
        for (client, scope, rows) in
            [(ann, "own", &own[0].iter().collect()), (bob, "own", &own[1].iter().collect()), (root, "all", &attempts)]
        {
            reports(&mut outcome, client, scope, rows).await;
        }
    }
    outcome
}

/// Every report of one reader says what the rows say.
async fn reports(outcome: &mut Outcome, client: &Client, scope: &str, rows: &Vec<&Row>) {
    let cost = |cost: fn(&Row) -> Option<i64>| rows.iter().filter_map(|row| cost(row)).sum::<i64>();
    let expected = [
        ("attempts", rows.len() as i64),
        ("provider_cost_nanos", cost(|row| row.provider)),
        ("client_cost_nanos", cost(|row| row.client)),
        ("unknown", rows.iter().filter(|row| row.provider.is_none()).count() as i64),
        ("estimated", rows.iter().filter(|row| row.kind.ends_with("estimated")).count() as i64),
    ];
    for by in ["day", "model", "provider", "credential", "token", "user", "team", "organization", "source", "scope"] {
        for each_day in [false, true] {
            let path = format!("/v2/usage?scope={scope}&group_by={by}&each_day={each_day}");
            let report = client.get(&path).await.expect(200).json();
            let lines = report["data"].as_array().cloned().unwrap_or_default();
            for (member, expected) in expected {
                let sum = lines.iter().map(|line| line[member].as_i64().unwrap_or(i64::MIN / 1_000)).sum();
                outcome.check(&format!("{path}: {member}"), expected, sum);
            }
        }
    }
}

impl Outcome {
    fn check(&mut self, what: &str, expected: i64, found: i64) {
        self.comparisons += 1;
        if expected != found {
            self.differences.push(format!("{what}: {expected} became {found}, {} apart", found - expected));
        }
    }

    /// Dollars, for people.
    #[must_use]
    pub fn dollars(&self) -> [String; 3] {
        [self.provider_nanos, self.ledger_nanos, self.total_nanos].map(|nanos| Nanos(nanos).to_string())
    }
}
