//! The gateway tokens: made with code that works, watched until the first call,
//! edited, rotated, revoked.

use std::process::Command;

use testkit::{Browser, House, Person, Tab, View};

use super::{has_no_barriers, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// A house, Ann with a key, and her tab at her tokens.
async fn at_the_tokens(browser: &Browser) -> (House, Person, Tab) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let tab = signed_in(browser, &house, "ann").await;
    tab.go("/tokens").await;
    (house, ann, tab)
}

async fn make(tab: &Tab, name: &str) {
    tab.fill("Name", name).await;
    tab.click("button", "Make token").await;
    tab.see("Copy it now").await;
}

/// The code of a client, as it is copied.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
async fn code(tab: &Tab, client: &str) -> String {
    let find = format!(
        "[...document.querySelectorAll('.snippets details')].find((part) => \
         part.querySelector('summary').textContent === {client:?}).querySelector('[data-copy]').dataset.copy"
    );
    tab.evaluate(&find).await.as_str().expect("the page has code for this client").to_owned()
}

/// What a program says that is run as a person would.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
async fn run(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("OWNKEY_TOKEN").env_remove("OPENAI_API_KEY");
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it is run").expect("it is there");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

#[expect(clippy::disallowed_methods, reason = "tests find Python in the environment")]
fn python() -> Option<String> {
    std::env::var("OWNKEY_TEST_PYTHON").ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_fresh_token_works_as_pasted_and_the_first_call_is_seen() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, _ann, tab) = at_the_tokens(&browser).await;
    tab.see("No token yet").await;
    make(&tab, "laptop").await;
    tab.see("Waiting for the first request").await;
    tab.evaluate("window.stays = true").await;
    let answer = run("sh", &["-c", &format!("{} --silent --show-error", code(&tab, "curl").await)]).await;
    assert!(answer.contains("\"chat.completion\""), "{answer}");
    tab.see("It works").await;
    tab.miss("Waiting for the first request").await;
    tab.see("Copy it now").await;
    assert_eq!(tab.evaluate("window.stays").await, true, "no reload");
    if let Some(python) = python() {
        let answer = run(&python, &["-c", &code(&tab, "Python, openai").await]).await;
        assert!(answer.trim().len() > 2, "{answer}");
    }
    // Looking again makes no other one, and shows the text no more.
    tab.reload().await;
    tab.see("It works").await;
    let text = tab.text().await;
    assert!(!text.contains("owk_user_") && text.matches("laptop").count() >= 2, "{text}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_limited_edited_rotated_and_revoked() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, ann, tab) = at_the_tokens(&browser).await;
    tab.evaluate("document.querySelector('details.more').open = true").await;
    tab.fill("Only these models", "gpt-5-mini").await;
    tab.choose("Works until", "30 days from now").await;
    tab.click("checkbox", "Read usage").await;
    tab.fill("Budget in dollars", "5").await;
    tab.fill("Calls a minute", "60").await;
    make(&tab, "desk").await;
    tab.see("$0.00 of $5.00 spent, monthly").await;
    tab.see("60 calls a minute").await;
    tab.see("Call gpt-5-mini").await;
    let token = &ann.client.get("/v2/tokens").await.expect(200).json()["data"][0];
    assert_eq!(token["scopes"], serde_json::json!(["models", "read:usage"]));
    assert!(token["expires_at"].is_string(), "{token}");

    tab.click("link", "Edit desk").await;
    tab.see("The token gets another text").await;
    assert_eq!(tab.value_of("Budget in dollars").await, "5");
    tab.fill("Budget in dollars", "7.5").await;
    tab.fill("Name", "<b>study</b>").await;
    tab.choose("Whose key pays", "Strict: once there is a key of mine, nobody else's pays").await;
    tab.click("button", "Save").await;
    tab.see("Strict keys").await;
    tab.see("$0.00 of $7.50 spent, monthly").await;
    tab.see("<b>study</b>").await;
    let token = &ann.client.get("/v2/tokens").await.expect(200).json()["data"][0];
    assert_eq!(token["policy"], "strict");

    tab.click("link", "Edit <b>study</b>").await;
    tab.see("The token gets another text").await;
    tab.click("button", "Rotate").await;
    tab.see("Copy it now").await;
    tab.see("Its former text works until").await;

    tab.click("link", "Revoke <b>study</b>").await;
    tab.see("This cannot be undone").await;
    tab.click("button", "Revoke").await;
    tab.see("No token yet").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_do_nothing_is_told_and_what_was_typed_stays() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, _ann, tab) = at_the_tokens(&browser).await;
    tab.evaluate("document.querySelector('details.more').open = true").await;
    tab.click("checkbox", "Call models").await;
    tab.fill("Name", "idle").await;
    tab.click("button", "Make token").await;
    tab.see("tick at least one thing").await;
    assert_eq!(tab.value_of("Name").await, "idle");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/tokens"]).await;
    ann.save_key("openai", KEY).await;
    let long = "a-name-that-goes-on-".repeat(5);
    let body = serde_json::json!({"name": long, "scopes": ["models", "manage:credentials", "manage:tokens", "read:usage"],
        "models": ["gpt-5-mini"], "policy": "strict", "params": "lenient", "expires_at": "2099-01-01",
        "budget": {"limit": 5, "period": "week"}, "rate_limit": 60, "tokens_per_minute": 90_000});
    let token = ann.client.post("/v2/tokens", &body).await.expect(201).json();
    let page = format!("/tokens/{}", token["id"].as_str().unwrap_or_default());
    has_no_barriers(&tab, &["/tokens", &page]).await;
    tab.go("/tokens").await;
    make(&tab, "fresh").await;
    if let Some(axe) = super::axe() {
        assert_eq!(tab.barriers(&axe).await, Vec::<String>::new());
    }
    tab.set_view(View::PHONE).await;
    assert!(tab.fits().await, "fresh fits a phone");
    for path in ["/tokens", &page] {
        tab.go(path).await;
        assert!(tab.fits().await, "{path}");
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
