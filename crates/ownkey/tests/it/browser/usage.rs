//! `/usage`: what one called and what it cost, looked at, narrowed and opened.

use std::time::Duration;

use provider_sim::{KeyState, Models, Script};
use serde_json::json;
use testkit::{Browser, House, Person, chat_body};

use super::{has_no_barriers, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const LIMITED: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// Ann with two calls, the second of which needed two keys.
async fn busy_ann(house: &House) -> Person {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("One").await.expect(200);
    house.sim.key(LIMITED, KeyState::RateLimited { reset: Duration::from_secs(60) });
    let limited = ann.save_key("openai", LIMITED).await;
    let path = format!("/v2/credentials/{}/make-primary", limited["id"].as_str().unwrap_or_default());
    ann.client.post(&path, &json!({})).await.expect(200);
    ann.chat("Two").await.expect(200);
    house.ledger_is_written().await;
    ann
}

#[tokio::test(flavor = "multi_thread")]
async fn one_looks_narrows_and_opens_a_call() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    busy_ann(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.click("link", "Usage").await;
    tab.until("location.pathname === '/usage' && document.readyState === 'complete'").await;
    tab.see("Spend by day").await;
    tab.see("gpt-5-mini").await;

    // A click on a part of the tables leads to its calls.
    tab.click("link", "gpt-5-mini").await;
    tab.until("location.search.includes('model=gpt-5-mini') && document.readyState === 'complete'").await;
    tab.see("2 calls").await;

    // A call opens to what was tried and to its sum.
    tab.evaluate("[...document.querySelectorAll('.usage-call')].find((call) => call.innerText.includes('2 tries')).querySelector('summary').click()").await;
    tab.see("The key was at its rate limit").await;
    tab.see("(…key2)").await;
    tab.see("/1M").await;

    tab.choose("Source", "API").await;
    tab.click("button", "Show").await;
    tab.until("location.search.includes('source=api') && document.readyState === 'complete'").await;
    assert!(!tab.path().await.contains("token="), "what is not asked for stays out: {}", tab.path().await);
    tab.click("link", "Clear").await;
    tab.until("!location.search.includes('source=') && document.readyState === 'complete'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_call_appears_by_itself_and_takes_nothing_away_that_is_read() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = busy_ann(&house).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/usage").await;
    tab.see("2 calls").await;
    ann.chat("Three").await.expect(200);
    tab.see("3 calls").await;
    tab.evaluate("document.querySelector('.usage-call summary').click()").await;
    ann.chat("Four").await.expect(200);
    tab.see("There are newer calls").await;
    tab.until("document.querySelector('.usage-call[open]') !== null").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_is_unknown_and_a_day_of_the_chart_leads_to_its_calls() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start_scripted(Script { models: Models::Any, ..Script::default() }).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let body = json!({"provider": "openai", "model_id": "own-model"});
    ann.client.post("/v2/llm-models", &body).await.expect(201);
    ann.client.post("/v1/chat/completions", &chat_body("own-model", "Hi", false)).await.expect(200);
    house.ledger_is_written().await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/usage").await;
    tab.see("1 call of unknown cost").await;
    tab.see("These calls cost nothing that is known").await;
    assert!(!tab.text().await.contains("$0"), "{}", tab.text().await);
    tab.click("link", "Requests").await;
    tab.until("location.search.includes('measure=requests') && document.readyState === 'complete'").await;
    let day = "[...document.querySelectorAll('.usage-bars a')].filter((day) => day.querySelector('.s1'))";
    assert_eq!(tab.evaluate(&format!("{day}.length")).await, json!(1));
    tab.evaluate(&format!("location.href = {day}[0].href.baseVal")).await;
    tab.until("location.search.includes('range=custom') && document.readyState === 'complete'").await;
    tab.see("1 call").await;
    tab.find("link", "CSV").await;
    tab.find("link", "JSON lines").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_days_are_a_sentence_and_not_an_empty_page() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/usage?range=custom&from=2026-11-20&to=2026-11-02").await;
    tab.see("is before the first day").await;
    tab.see("No calls in these days").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_page_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    busy_ann(&house).await;
    house.user("bob").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/usage", "/usage?measure=tokens&by=key", "/usage?model=nothing"]).await;
    let empty = signed_in(&browser, &house, "bob").await;
    has_no_barriers(&empty, &["/usage", "/usage?range=custom&from=never"]).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

/// What providers bill beside what clients are billed; a bar leads to its calls, a
/// call to its arithmetic, and an export has the filter of the page.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_reads_everybodys_usage_and_a_member_their_own_bill() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.admin("root").await;
    busy_ann(&house).await;
    let tab = signed_in(&browser, &house, "root").await;
    tab.go("/admin/usage").await;
    for text in ["Client cost", "Provider cost", "Profit", "Spend by day", "gpt-5-mini", "2 calls"] {
        tab.see(text).await;
    }
    tab.click("link", "User").await;
    tab.until("location.search.includes('by=user') && document.readyState === 'complete'").await;
    tab.see("ann@example.org").await;
    tab.click("link", "ann@example.org").await;
    tab.until("location.search.includes('user=') && document.readyState === 'complete'").await;
    tab.see("2 calls").await;
    let export = tab
        .evaluate("[...document.querySelectorAll('a[download]')].map((a) => a.getAttribute('href')).join(' ')")
        .await;
    let export = export.as_str().unwrap_or_default().to_owned();
    assert!(export.contains("export.csv?scope=all") && export.contains("user_id="), "{export}");
    tab.evaluate("document.querySelector('.usage-call summary').click()").await;
    tab.see("/1M").await;
    tab.go("/admin/usage?status=failed").await;
    tab.see("1 call").await;

    tab.go("/admin/usage").await;
    tab.click("link", "Compare with a provider's bill").await;
    tab.until("location.pathname === '/admin/usage/reconcile' && document.readyState === 'complete'").await;
    tab.fill("CSV", "day,model,cost\n2026-11-20,gpt-6,1.5\n").await;
    tab.click("button", "Compare").await;
    tab.see("1 difference").await;
    tab.see("−$1.5").await;

    let member = signed_in(&browser, &house, "ann").await;
    member.go("/language-models/billing").await;
    member.see("Billing").await;
    member.see("Client cost").await;
    member.see("2 calls").await;
    member.go("/language-models/billing?whose=all").await;
    member.see("Everybody's usage is for admins of this server").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_billing_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.admin("root").await;
    busy_ann(&house).await;
    let tab = signed_in(&browser, &house, "root").await;
    has_no_barriers(
        &tab,
        &["/admin/usage", "/admin/usage?by=user", "/admin/usage/reconcile", "/language-models/billing"],
    )
    .await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
