//! The operator's address: what it is told, how that is signed, and what becomes
//! of it where the receiver is slow, broken or somebody else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod nodes;
mod secrets;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::CredentialId;
use hmac::{Hmac, KeyInit, Mac};
use llm::client::Clocks;
use serde_json::{Value, json};
use sha2::Sha256;
use store::webhooks::{self, Standing};
use testkit::{House, Options, RawProvider, RawRequest, RawStep, chat_body, eventually};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const SOON: Duration = Duration::from_secs(30);
const PATH: &str = "/hook/T0-hidden?channel=a%20b";

fn answer(status: &str) -> Vec<RawStep> {
    vec![RawStep::send(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))]
}

/// A receiver that answers like this, by the number of the request, from 0.
async fn receiver(script: impl Fn(usize, &RawRequest) -> Vec<RawStep> + Send + Sync + 'static) -> RawProvider {
    let number = AtomicUsize::new(0);
    let script = Arc::new(move |request: &RawRequest| Some(script(number.fetch_add(1, Ordering::SeqCst), request)));
    RawProvider::start(script, "127.0.0.1:1".parse().unwrap()).await
}

fn url(receiver: &RawProvider) -> String {
    format!("http://{}{PATH}", receiver.address())
}

fn options(receiver: &RawProvider) -> Options {
    Options { webhook_url: Some(url(receiver)), ..Options::default() }
}

/// A house that tells the receiver what happens from now on.
async fn house(options: Options) -> House {
    let house = House::start_with(options).await;
    eventually("it tells", SOON, async || standing(&house).await.read).await;
    house
}

async fn standing(house: &House) -> Standing {
    webhooks::standing(&house.app.store).await.unwrap()
}

fn header<'a>(request: &'a RawRequest, name: &str) -> &'a str {
    let line = request.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim()).unwrap_or_default()
}

/// The message, if it is from this house; panics otherwise.
fn checked(house: &House, request: &RawRequest) -> Value {
    assert_eq!(header(request, "webhook-signature"), signed(house, 1, request));
    assert_eq!((request.method(), request.path()), ("POST", PATH));
    assert_eq!(header(request, "content-type"), "application/json");
    serde_json::from_str(&request.text()).unwrap()
}

/// The signature that the message has by the secret of this number.
fn signed(house: &House, number: u32, request: &RawRequest) -> String {
    let secret = app::events::webhook::secret(&house.app.store, number);
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (header(request, "webhook-id"), header(request, "webhook-timestamp"));
    mac.update(format!("{id}.{at}.{}", request.text()).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The messages of a kind, when there are so many.
async fn told(house: &House, receiver: &RawProvider, kind: &str, number: usize) -> Vec<Value> {
    eventually(kind, SOON, async || {
        let told: Vec<Value> = receiver.seen().iter().map(|request| checked(house, request)).collect();
        let told: Vec<Value> = told.into_iter().filter(|message| message["type"] == kind).collect();
        (told.len() >= number).then_some(told)
    })
    .await
}

#[tokio::test]
async fn keys_budgets_and_unusual_use_are_told_with_a_signature_and_no_secret() {
    let receiver = receiver(|_, _| answer("204 No Content")).await;
    let house = house(options(&receiver)).await;
    let ann = house.user("ann").await;
    let saved = ann.save_key("openai", KEY).await;
    let created = told(&house, &receiver, "credential.created", 1).await;
    assert_eq!(created[0]["data"]["credential_id"], saved["id"]);
    let status = told(&house, &receiver, "credential.status_changed", 1).await;
    assert_eq!((&status[0]["data"]["status"], &status[0]["data"]["name"]), (&json!("valid"), &saved["name"]));
    let me = ann.client.get("/v2/users/me").await.expect(200).json();
    assert_eq!(status[0]["data"]["owner_id"], me["id"]);
    assert!(status[0]["timestamp"].as_str().unwrap().ends_with('Z'), "{status:?}");

    let budget = json!({"limit": 0.001, "period": "month", "soft_percents": [1]});
    let client = ann.gateway_client_with(&json!({"name": "My editor", "budget": budget})).await;
    client.post("/v1/chat/completions", &chat_body("gpt-5-mini", "Hi", false)).await.expect(200);
    let spent = told(&house, &receiver, "budget.threshold", 1).await;
    assert_eq!((&spent[0]["data"]["percent"], &spent[0]["data"]["owner_name"]), (&json!(1), &json!("My editor")));

    let key: CredentialId = saved["id"].as_str().unwrap().parse().unwrap();
    let (user, today) = (me["id"].as_str().unwrap(), house.app.clock.now().as_micros() / 86_400_000_000);
    let mut database = house.raw_database().await;
    for (back, calls) in (1..=8).map(|back| (back, 100)).chain([(0, 900)]) {
        let day = today - back;
        let row = format!(
            "INSERT INTO usage_days VALUES ('{user}', {day}, 'openai', 'm', '{key}', 'personal', 'api', '', '', '', \
             {calls}, {calls}, {calls}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
        );
        database.execute(&row).await;
    }
    store::unusual::look(&house.app.store, house.app.clock.now()).await.unwrap();
    let unusual = told(&house, &receiver, "credential.unusual_use", 1).await;
    assert_eq!(unusual[0]["data"]["credential_id"], saved["id"]);
    assert!(unusual[0]["data"]["unusual"].as_str().unwrap().contains("× its usual day"), "{unusual:?}");

    let all: String = receiver.seen().iter().map(|request| format!("{}{}", request.head, request.text())).collect();
    assert!(!all.contains(KEY) && !all.contains("owk_"), "{all}");
    assert_eq!(standing(&house).await.given_up, 0);
}

#[tokio::test]
async fn what_is_not_taken_comes_again_with_the_same_id_and_words_until_it_is() {
    let receiver = receiver(|number, _| answer(if number < 2 { "500 X" } else { "200 OK" })).await;
    let house = house(options(&receiver)).await;
    house.user("ann").await.save_key("openai", KEY).await;
    let tries = async |number: usize| {
        eventually("it was tried", SOON, async || (receiver.seen().len() >= number).then_some(())).await;
    };
    tries(2).await;
    eventually("the failures are known", SOON, async || {
        let at = standing(&house).await;
        at.problem.filter(|(text, _)| text.contains("answered 500") && !text.contains("hidden"))
    })
    .await;
    let metrics = house.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("ownkey_webhook_messages_total{outcome=\"failed\"}"), "{metrics}");
    house.pass(Duration::from_secs(5));
    eventually("all are taken", SOON, async || {
        let at = standing(&house).await;
        (at.waiting == 0 && at.delivered >= 2).then_some(())
    })
    .await;
    let seen = receiver.seen();
    let first = &seen[0];
    let again: Vec<_> =
        seen.iter().filter(|other| header(other, "webhook-id") == header(first, "webhook-id")).collect();
    assert_eq!(again.len(), 2);
    assert_eq!(again[0].text(), again[1].text());
    seen.iter().for_each(|request| drop(checked(&house, request)));
}

#[tokio::test]
async fn what_nobody_takes_for_a_day_is_given_up_and_counted() {
    let receiver = receiver(|_, _| answer("503 X")).await;
    let house = house(options(&receiver)).await;
    house.user("ann").await.save_key("openai", KEY).await;
    let waiting = eventually("all failed once", SOON, async || {
        let at = standing(&house).await;
        (at.waiting >= 2 && receiver.seen().len() as u64 >= at.waiting).then_some(at.waiting)
    })
    .await;
    house.pass(Duration::from_secs(25 * 3600));
    let at = eventually("all are given up", SOON, async || {
        let at = standing(&house).await;
        (at.waiting == 0).then_some(at)
    })
    .await;
    assert_eq!((at.given_up, at.delivered), (waiting, 0));
    let metrics = house.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains(&format!("outcome=\"given_up\"}} {waiting}")), "{metrics}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let location = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let receiver = receiver(move |_, _| vec![RawStep::send(location)]).await;
    let house = house(options(&receiver)).await;
    house.user("ann").await.save_key("openai", KEY).await;
    eventually("it is refused", SOON, async || {
        standing(&house).await.problem.filter(|(text, _)| text.contains("302, and redirects are not followed"))
    })
    .await;
    assert!(receiver.seen().iter().all(|request| request.path() == PATH));
    assert_eq!(standing(&house).await.delivered, 0);
}

#[tokio::test]
async fn a_receiver_that_says_nothing_holds_up_no_call_and_no_other_message() {
    let receiver = receiver(|number, _| if number == 0 { vec![RawStep::Hang] } else { answer("200 OK") }).await;
    let clocks = Clocks { first_header: Duration::from_secs(3), ..Clocks::default() };
    let house = house(Options { clocks, ..options(&receiver) }).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    eventually("it hangs", SOON, async || (!receiver.seen().is_empty()).then_some(())).await;
    ann.chat("Hi").await.expect(200);
    eventually("the others are taken", SOON, async || (standing(&house).await.delivered >= 1).then_some(())).await;
    let problem = standing(&house).await.problem.unwrap().0;
    assert!(problem.contains("did not answer in time"), "{problem}");
    house.pass(Duration::from_secs(5));
    eventually("it is taken", SOON, async || (standing(&house).await.waiting == 0).then_some(())).await;
    let ids: BTreeSet<String> = receiver.seen().iter().map(|one| header(one, "webhook-id").to_owned()).collect();
    assert_eq!(receiver.seen().len(), ids.len() + 1, "only the first came twice");
}
