//! `/admin/prices` and the calculator: a price is found, set, seen in its history
//! and withdrawn; a list is tried, picked from and taken.

use serde_json::json;
use testkit::{Browser, House, View};

use super::{has_no_barriers, signed_in};

const LIST: &str = r#"{
  "gpt-5-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 9e-07, "output_cost_per_token": 2e-06},
  "brand-new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 3e-06},
  "broken": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1, "output_cost_per_token": 3e-06}
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_price_is_set_in_a_dialog_and_one_that_has_not_begun_is_withdrawn() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let root = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/admin/prices?q=gpt-5-mini&provider=openai").await;
    tab.see("catalogue").await;
    tab.click("link", "Edit the price of GPT-5 mini").await;
    tab.see("Price of GPT-5 mini").await;
    tab.fill("Input", "0.7").await;
    tab.fill("Note", "by the contract").await;
    tab.click("button", "Set the price").await;
    tab.until("document.querySelector('#prices .chip.set') !== null").await;
    tab.see("$0.70").await;
    assert_eq!(tab.path().await, "/admin/prices?q=gpt-5-mini&provider=openai");
    let now = root.client.get("/v2/prices/openai/gpt-5-mini").await.expect(200).json();
    assert_eq!(now["now"]["price"]["input_token_price"], json!(0.7));

    // Without the dialog it is a page of its own.
    tab.go("/admin/prices/openai/gpt-5-mini").await;
    tab.see("by the contract").await;
    tab.fill("Input", "not a price").await;
    tab.click("button", "Set the price").await;
    tab.see("holds what is no price").await;
    tab.fill("Input", "0.8").await;
    tab.evaluate("document.querySelector('#price-starts').value = '2027-01-01T00:00'").await;
    tab.click("button", "Set the price").await;
    tab.until("location.pathname === '/admin/prices' && document.readyState === 'complete'").await;
    tab.go("/admin/prices/openai/gpt-5-mini").await;
    tab.see("Upcoming").await;
    tab.click("button", "Withdraw").await;
    tab.until("location.pathname === '/admin/prices' && document.readyState === 'complete'").await;
    tab.go("/admin/prices/openai/gpt-5-mini").await;
    tab.see("In force").await;
    assert!(!tab.has("button", "Withdraw").await);

    // Everybody sees it on the model's own page.
    house.user("bob").await;
    let guest = signed_in(&browser, &house, "bob").await;
    guest.go("/language-models?q=gpt-5-mini&show=all").await;
    guest.click("link", "GPT-5 mini").await;
    guest.see("In force").await;
    guest.miss("by the contract").await;
    assert!(tab.complaints().iter().all(|said| said.contains("422")), "{:?}", tab.complaints());
    assert_eq!(guest.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_tried_picked_from_and_taken() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let root = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/admin/prices").await;
    tab.click("link", "Import a list").await;
    tab.until("location.pathname === '/admin/prices/import' && document.readyState === 'complete'").await;
    tab.fill("Or paste it", "{\"no\": \"list\"}").await;
    tab.click("button", "Show what would change").await;
    tab.see("is neither LiteLLM").await;
    tab.evaluate(&format!("document.querySelector('#list-text').value = {}", json!(LIST))).await;
    tab.click("button", "Show what would change").await;
    tab.see("openai/brand-new").await;
    tab.see("is negative").await;
    tab.see("%").await;
    tab.click("button", "Only what changes").await;
    tab.click("button", "Take what is picked").await;
    tab.see("0 new and 1 changed").await;
    tab.click("link", "See them").await;
    tab.see("LiteLLM's map since").await;
    let list = root.client.get("/v2/prices?only=imported").await.expect(200).json();
    assert_eq!(json!([list["count"], list["data"][0]["model"]]), json!([1, "gpt-5-mini"]));
    // What is no list is refused; else nothing is complained of.
    assert!(tab.complaints().iter().all(|said| said.contains("422")), "{:?}", tab.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_list_that_is_too_long_to_show_all_is_taken_from_the_day_that_was_said() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let root = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    let entry = |at: usize| {
        format!(
            r#""new-{at:04}":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-06,"output_cost_per_token":3e-06}}"#
        )
    };
    let list = format!("{{{}}}", (0..2_300).map(entry).collect::<Vec<_>>().join(","));
    let try_it = async || {
        tab.go("/admin/prices/import").await;
        tab.evaluate(&format!("document.querySelector('#list-text').value = {}", json!(list))).await;
        tab.evaluate("document.querySelector('#list-starts').value = '2026-01-02T03:04'").await;
        tab.click("button", "Show what would change").await;
    };
    try_it().await;
    tab.see("lies in the past").await;
    assert_eq!(tab.evaluate("document.querySelector('#list-starts').value").await, json!("2026-01-02T03:04"));
    tab.click("checkbox", "The start may lie in the past").await;
    tab.evaluate(&format!("document.querySelector('#list-text').value = {}", json!(list))).await;
    tab.click("button", "Show what would change").await;
    tab.see("300 more that are new").await;
    tab.see("openai/new-1999").await;
    tab.miss("openai/new-2000").await;
    tab.click("button", "Take what is picked").await;
    tab.see("2300 new and 0 changed").await;
    let shown = root.client.get("/v2/prices/openai/new-2299").await.expect(200).json();
    assert_eq!(shown["history"][0]["starts_at"], json!("2026-01-02T03:04:00.000000Z"));
    assert!(tab.complaints().iter().all(|said| said.contains("422")), "{:?}", tab.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_reckoned_side_by_side() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let root = house.admin("root").await;
    let price = |model: &str, input: i64| json!({"provider": "openai", "model": model, "price": {"input_token_price": input, "output_token_price": 0}});
    let body = json!({"prices": [price("gpt-5-mini", 1), price("gpt-5-nano", 10)]});
    root.client.patch("/v2/prices", &body).await.expect(200);
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models").await;
    tab.click("link", "Estimate a cost").await;
    tab.until("location.pathname === '/language-models/estimate' && document.readyState === 'complete'").await;
    tab.evaluate("document.querySelector('#model-0').value = 'openai/gpt-5-mini'; document.querySelector('#model-1').value = 'openai/gpt-5-nano'").await;
    tab.fill("Tokens in, a call", "1000").await;
    tab.fill("Calls a day", "10").await;
    tab.click("button", "Reckon").await;
    // A thousand tokens at a dollar for a million, ten times a day, for 30 days.
    tab.see("$0.30").await;
    tab.see("$3.00").await;
    tab.until("document.querySelectorAll('svg.bar').length === 2").await;
    tab.go("/language-models/estimate?model=no-such-model").await;
    tab.see("does not exist").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_on_these_pages_keeps_anybody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let root = house.admin("ann").await;
    let at = |input: i64, starts: Option<&str>| {
        json!({"provider": "openai", "model": "gpt-5-mini", "starts_at": starts, "note": "why",
        "price": {"input_token_price": input, "output_token_price": 2, "long_context": {"threshold_tokens": 200_000, "input_token_price": 3, "output_token_price": 4}}})
    };
    let body = json!({"prices": [at(1, None), at(2, Some("2027-01-01T00:00:00Z"))]});
    root.client.patch("/v2/prices", &body).await.expect(200);
    let tab = signed_in(&browser, &house, "ann").await;
    let estimate = "/language-models/estimate?model=openai/gpt-5-mini&model=openai/gpt-5-nano&input=300000";
    let paths = ["/admin/prices", "/admin/prices/openai/gpt-5-mini", "/admin/prices/import", estimate];
    has_no_barriers(&tab, &paths).await;
    tab.set_view(View::PHONE).await;
    for path in paths {
        tab.go(path).await;
        let is_too_wide =
            tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth").await;
        assert_eq!(is_too_wide, json!(false), "{path}");
    }
    tab.go("/admin/prices/import").await;
    tab.evaluate(&format!("document.querySelector('#list-text').value = {}", json!(LIST))).await;
    tab.click("button", "Show what would change").await;
    tab.see("openai/brand-new").await;
    if let Some(axe) = super::axe() {
        let found = tab.barriers(&axe).await;
        assert!(found.is_empty(), "{found:#?}");
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
