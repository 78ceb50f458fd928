//! `/playground`: the same prompt to several models.

use http::Method;
use provider_sim::Behaviour;
use serde_json::json;
use testkit::{Browser, House};

use super::{has_no_barriers, signed_in};

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: &str = "sk-ant-api03-FAKE-key-for-tests-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123-AA";

async fn ann_with_two_keys(house: &House) -> testkit::Person {
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    ann.save_key("anthropic", ANTHROPIC).await;
    ann
}

/// Whether the answers of so many columns are there, with their figures.
fn are_answered(columns: usize) -> String {
    format!(
        "[...document.querySelectorAll('.column:not([hidden])')].filter((column) => \
         column.querySelector('[data-said]').textContent && !column.querySelector('[data-figures]').hidden).length === {columns}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn two_models_answer_side_by_side_and_the_ledger_says_playground() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = ann_with_two_keys(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/playground?model=gpt-5-mini").await;
    tab.click("button", "Add a model").await;
    tab.fill("Model 2", "claude-haiku-4-5").await;
    tab.fill("Prompt", "Say hello").await;
    tab.click("button", "Run").await;
    tab.until(&are_answered(2)).await;
    tab.see("first token").await;
    assert!(tab.path().await.contains("m2=claude-haiku-4-5"), "{}", tab.path().await);
    tab.reload().await;
    assert_eq!(tab.value_of("Model 2").await, "claude-haiku-4-5");
    assert_eq!(tab.value_of("Prompt").await, "Say hello");
    house.ledger_is_written().await;
    let usage = ann.usage().await;
    assert_eq!(usage.len(), 2);
    assert!(usage.iter().all(|event| event["source"] == "playground"), "{usage:?}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_stopped_and_asked_for_again_without_a_trace_of_the_first() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    ann_with_two_keys(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/playground?m1=gpt-5-mini&prompt=Hi").await;
    let busy = "document.querySelector('#column-1[aria-busy=true] [data-said]:not(:empty)') !== null";
    let failed = "!document.querySelector('#column-1 [data-failed]').hidden";
    let idle = "document.querySelector('#column-1[aria-busy]') === null";
    house.sim.next(Behaviour::HangMidStream { after_chunks: 2 });
    tab.click("button", "Run").await;
    tab.until(busy).await;
    tab.press("Escape").await;
    tab.until(idle).await;
    tab.see("Stopped. What was written until then is paid for").await;

    // Asked for again while it hangs: the first says nothing more.
    house.sim.next(Behaviour::HangMidStream { after_chunks: 2 });
    tab.click("button", "Run").await;
    tab.until(busy).await;
    tab.click("button", "Run").await;
    tab.until(&are_answered(1)).await;
    assert_eq!(tab.evaluate(failed).await, json!(false));
    assert_eq!(tab.evaluate(idle).await, json!(true));
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_made_with_the_models_and_the_parameters_that_are_on() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    ann_with_two_keys(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/playground?m1=gpt-5-mini&prompt=What%27s+new%3F&temperature1=0.3&temperature1_on=on").await;
    tab.click("button", "Get code").await;
    tab.until("document.getElementById('code-dialog').open").await;
    let code = tab.evaluate("document.querySelector('#code-place pre').textContent").await;
    let code = code.as_str().unwrap();
    assert!(
        code.contains("\"temperature\": 0.3") && code.contains("gpt-5-mini") && !code.contains("max_tokens"),
        "{code}"
    );
    assert!(code.contains("$OWNKEY_TOKEN") && !code.contains(OPENAI), "{code}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_stands_in_no_address_and_is_there_after_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    ann_with_two_keys(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/playground?m1=gpt-5-mini").await;
    tab.fill("Prompt", "What is private?").await;
    tab.click("button", "Run").await;
    tab.until(&are_answered(1)).await;
    let path = tab.path().await;
    assert!(path.contains("m1=gpt-5-mini") && !path.contains("private"), "{path}");
    tab.reload().await;
    assert_eq!(tab.value_of("Prompt").await, "What is private?");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_a_column_comes_and_goes_and_the_prompt_stays() {
    let house = House::start().await;
    ann_with_two_keys(&house).await;
    let cookie = house.web_session("ann").await;
    let headers = [
        ("cookie", cookie.as_str()),
        ("origin", house.url.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let client = house.nobody();
    let shown =
        async |form: &str| client.send(Method::POST, "/playground", &headers, form.into()).await.expect(200).text();
    let columns = |page: &str| page.matches("data-number=").count() - page.matches("hidden disabled").count();
    let two = shown("prompt=Stays&m1=gpt-5-mini&add=1").await;
    let one = shown("prompt=Stays&m1=gpt-5-mini&m2=gpt-5&remove=2").await;
    assert!(two.contains(">Stays</textarea>") && one.contains(">Stays</textarea>"), "{two}");
    assert_eq!((columns(&two), columns(&one)), (2, 1), "{two}");
    assert!(house.sim.log().iter().all(|request| !request.path.contains("chat/completions")), "nothing was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_called_says_why_and_the_others_answer() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    ann_with_two_keys(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/playground?m1=gpt-5-mini&m2=groq%2Fllama-3.3-70b-versatile&prompt=Hi").await;
    tab.click("button", "Run").await;
    tab.until(&are_answered(1)).await;
    tab.until("!document.querySelector('#column-2 [data-failed]').hidden").await;
    assert!(tab.has("link", "Look for the model").await || tab.has("link", "See the keys").await);
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|complaint| complaint.contains("40")), "only the refusal: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_the_answers_come_with_the_page() {
    let house = House::start().await;
    let ann = ann_with_two_keys(&house).await;
    let cookie = house.web_session("ann").await;
    let headers = [
        ("cookie", cookie.as_str()),
        ("origin", house.url.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = "prompt=Hi&system=Be+brief&m1=gpt-5-mini&temperature1=1&temperature1_on=on&m2=claude-haiku-4-5";
    let client = house.nobody();
    let page = client.send(Method::POST, "/playground", &headers, body.into()).await.expect(200).text();
    assert_eq!(page.matches(" in, ").count(), 2, "{page}");
    house.ledger_is_written().await;
    assert_eq!(ann.usage().await.iter().map(|event| event["source"].clone()).collect::<Vec<_>>(), ["playground"; 2]);
    let page =
        client.send(Method::POST, "/playground", &headers, "m1=gpt-5-mini&prompt=".into()).await.expect(422).text();
    assert!(page.contains("There is nothing to ask"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_playground_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("bob").await;
    ann_with_two_keys(&house).await;
    let empty = signed_in(&browser, &house, "bob").await;
    has_no_barriers(&empty, &["/playground"]).await;
    let tab = signed_in(&browser, &house, "ann").await;
    let four = "/playground?m1=gpt-5-mini&m2=gpt-5-mini&m3=claude-haiku-4-5&m4=claude-haiku-4-5&temperature1_on=on";
    has_no_barriers(&tab, &["/playground", four, "/playground/code?m1=gpt-5-mini&of=1"]).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
