//! `/language-models`: finding a model, seeing whose key serves it, and
//! registering one.

use serde_json::json;
use testkit::{Browser, House, View};

use super::{has_no_barriers, signed_in};

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: &str = "sk-ant-api03-FAKE-key-for-tests-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123-AA";

#[tokio::test(flavor = "multi_thread")]
async fn locked_models_lead_to_a_key_and_a_saved_key_opens_them_without_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models").await;
    tab.see("No key opens a model yet").await;
    tab.find("link", "Add a key for").await;
    tab.evaluate("window.isStillHere = true").await;
    ann.save_key("openai", OPENAI).await;
    tab.until("document.querySelector('.models a[href^=\"/playground?model=\"]') !== null").await;
    tab.see("your key").await;
    assert_eq!(tab.evaluate("window.isStillHere").await, json!(true), "the page was not loaded again");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_finds_a_model_by_typing_and_the_address_says_what_was_asked() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    ann.save_key("anthropic", ANTHROPIC).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models").await;
    tab.press("/").await;
    tab.focused("Search models").await;
    tab.write("gpt-5-mini").await;
    tab.until("location.search.includes('q=gpt-5-mini')").await;
    tab.until("document.querySelectorAll('.models tbody tr').length > 0").await;
    tab.until(
        "[...document.querySelectorAll('.models tbody tr')].every((row) => row.textContent.includes('gpt-5-mini'))",
    )
    .await;
    tab.reload().await;
    assert_eq!(tab.value_of("Search models").await, "gpt-5-mini");
    tab.go("/language-models?provider=anthropic&has=vision").await;
    tab.until(
        "[...document.querySelectorAll('.models tbody tr')].every((row) => row.textContent.includes('Anthropic'))",
    )
    .await;
    tab.go("/language-models?q=no+such+model").await;
    tab.see("No model is like that").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_page_says_who_pays_and_gives_code() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models?q=gpt-5-mini").await;
    tab.evaluate("document.querySelector('.models .name a').click()").await;
    tab.until("/^.language-models.[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'").await;
    tab.see("Who pays").await;
    tab.see("Pays").await;
    tab.see("/v1/chat/completions").await;
    assert!(!tab.text().await.contains(OPENAI), "the key is on no page");
    tab.click("link", "Try now").await;
    tab.until("location.pathname === '/playground' && document.readyState === 'complete'").await;
    assert_eq!(tab.value_of("Model 1").await, "gpt-5-mini");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_registered_by_hand_and_taken_out_again() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models").await;
    tab.click("link", "Register a model").await;
    tab.until("document.getElementById('register').open").await;
    tab.evaluate("document.getElementById('register-provider').value = 'azure'").await;
    tab.fill("Model id", "my-gpt").await;
    tab.fill("Context, in tokens", "many").await;
    tab.click("button", "Register").await;
    tab.see("is no whole number of tokens").await;
    tab.fill("Context, in tokens", "128,000").await;
    tab.click("button", "Register").await;
    tab.until("/^.language-models.[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'").await;
    tab.see("registered by you").await;
    tab.see("128k").await;
    tab.click("button", "Take out of the registry").await;
    tab.until("location.pathname === '/language-models' && document.readyState === 'complete'").await;
    // The browser notes by itself what is refused (422), and a page that is asked for again when it is gone (404).
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|said| said.contains("422") || said.contains("404")), "{complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/language-models"]).await;
    ann.save_key("openai", OPENAI).await;
    let model = ann.client.get("/v2/llm-models/gpt-5-mini").await.expect(200).json();
    let about = format!("/language-models/{}", model["id"].as_str().unwrap());
    has_no_barriers(
        &tab,
        &["/language-models", "/language-models?show=all", "/language-models?q=nothing+at+all", &about],
    )
    .await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_its_window() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", OPENAI).await;
    let tab = signed_in(&browser, &house, "ann").await;
    let model = ann.client.get("/v2/llm-models/gpt-5-mini").await.expect(200).json();
    let about = format!("/language-models/{}", model["id"].as_str().unwrap());
    let playground = "/playground?m1=gpt-5-mini&m2=gpt-5-mini&m3=gpt-5-mini&m4=gpt-5-mini";
    for view in [View::PHONE, View::DESKTOP] {
        tab.set_view(view).await;
        for path in
            ["/language-models", "/language-models?show=locked", "/usage", "/status", playground, about.as_str()]
        {
            tab.go(path).await;
            assert!(tab.fits().await, "{path} {}", view.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_models_are_on_a_screen_and_their_columns_sort_them() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/language-models?show=locked").await;
    let heights = "[...document.querySelectorAll('.models tbody tr')].map((row) => row.offsetHeight)";
    let least = tab.evaluate(&format!("{heights}.length >= 12 && {heights}.every((height) => height <= 48)")).await;
    assert_eq!(least, json!(true), "{}", tab.evaluate(heights).await);
    tab.click("link", "Input /1M").await;
    tab.until("location.search.includes('sort=input') && document.readyState === 'complete'").await;
    let sorted = "document.querySelector('.models th[aria-sort]').textContent";
    assert_eq!(tab.evaluate(sorted).await, json!("Input /1M"));
    tab.click("checkbox", "Vision").await;
    tab.until("location.search.includes('has=vision')").await;
    tab.until(
        "[...document.querySelectorAll('.models tbody tr')].every((row) => row.querySelector('li[title=Vision]'))",
    )
    .await;
    assert!(tab.path().await.contains("sort=input"), "{}", tab.path().await);
    tab.click("link", "Clear").await;
    tab.until("location.search === '' && document.readyState === 'complete'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
