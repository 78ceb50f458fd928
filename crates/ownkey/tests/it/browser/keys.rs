//! The keys: pasted, judged, told in every tab, and what is done with one.

mod many;

use provider_sim::KeyState;
use testkit::{Browser, House, PASSWORD, Tab, View};

use super::{has_no_barriers, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";
const CLAUDE: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key3";

const BOX: &str = "Paste a key from any provider";

/// A house, and Ann's tab at her keys, of which there are none.
async fn at_the_keys(browser: &Browser) -> (House, Tab) {
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(browser, &house, "ann").await;
    tab.go("/keys").await;
    (house, tab)
}

async fn paste(tab: &Tab, text: &str) {
    tab.fill(BOX, text).await;
    tab.click("button", "Save and check").await;
}

fn assert_quiet(tab: &Tab) {
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_key_is_judged_in_every_tab_without_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = at_the_keys(&browser).await;
    tab.see("No key yet").await;
    tab.focused(BOX).await;
    let second = browser.open_beside(&tab).await;
    second.go("/keys").await;
    for tab in [&tab, &second] {
        tab.evaluate("window.stays = true").await;
    }
    tab.front().await;
    tab.fill(BOX, &format!("export OPENAI_API_KEY=\"{KEY}\"")).await;
    tab.see("Looks like a key for OpenAI").await;
    tab.click("button", "Save and check").await;
    for tab in [&tab, &second] {
        tab.see("Valid").await;
        tab.see("models unlocked").await;
        assert_eq!(tab.evaluate("window.stays").await, true, "no reload");
        assert!(!tab.text().await.contains("FAKEaBc"));
    }
    assert_eq!(tab.value_of(BOX).await, "");
    assert_quiet(&tab);
    assert_quiet(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_says_why_and_offers_to_replace_it() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_keys(&browser).await;
    house.sim.key(KEY, KeyState::Invalid401);
    paste(&tab, KEY).await;
    tab.see("Invalid").await;
    tab.go("/chat").await;
    tab.see("opens no model now").await;
    tab.click("link", "See the keys").await;
    tab.until("location.pathname === '/keys' && document.readyState === 'complete'").await;
    tab.click("link", "Replace the key").await;
    tab.see("Edit “OpenAI”").await;
    tab.fill("New key", OTHER_KEY).await;
    tab.click("button", "Save").await;
    tab.see("Valid").await;
    tab.miss("Invalid").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_at_once_are_two_and_the_same_one_twice_is_told() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = at_the_keys(&browser).await;
    tab.evaluate(&format!(
        "document.getElementById('paste-text').value = '{KEY}\\n{CLAUDE}\\nwhatever-0123456789abcdef'"
    ))
    .await;
    tab.click("button", "Save and check").await;
    tab.see("2 of 3 keys saved").await;
    tab.see("does not say whose key").await;
    assert_eq!(tab.value_of(BOX).await, "whatever-0123456789abcdef", "what was not saved stays");
    tab.find("tab", "OpenAI").await;
    tab.find("tab", "Anthropic").await;
    paste(&tab, KEY).await;
    tab.see("already saved").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_switched_off_and_deleted_in_dialogs() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys").await;
    tab.see("models unlocked").await;

    tab.click("button", "More about").await;
    tab.click("link", "Rotate").await;
    tab.fill("New key", OTHER_KEY).await;
    tab.click("button", "Check and rotate").await;
    tab.see("former key").await;
    tab.see("••••••••key2").await;

    tab.click("button", "More about OpenAI").await;
    tab.click("button", "Deactivate").await;
    tab.see("Inactive").await;

    tab.click("button", "More about OpenAI").await;
    tab.click("link", "Delete").await;
    tab.see("It served 1 call in the last 24 hours").await;
    tab.click("button", "Delete anyway").await;
    tab.see("No key yet").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_copied_for_the_password_once() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys").await;
    // What a person would paste elsewhere.
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text } } })")
        .await;
    tab.click("button", "More about").await;
    tab.click("button", "Copy").await;
    tab.see("Copy “OpenAI”").await;
    tab.fill("Password", PASSWORD).await;
    tab.press("Enter").await;
    tab.see("API key copied to clipboard").await;
    assert_eq!(tab.evaluate("window.copied").await, KEY);
    tab.evaluate("window.copied = ''").await;
    tab.click("button", "More about").await;
    tab.click("button", "Copy").await;
    tab.until(&format!("window.copied === '{KEY}'")).await;
    assert!(!tab.text().await.contains("FAKEaBc"));
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_copies_nothing_and_can_be_typed_again() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await.save_key("openai", KEY).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys").await;
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text } } })")
        .await;
    tab.click("button", "More about").await;
    tab.click("button", "Copy").await;
    tab.fill("Password", "not the password").await;
    tab.press("Enter").await;
    tab.see("The password is not right").await;
    assert_eq!(tab.evaluate("window.copied === undefined").await, true);
    tab.fill("Password", PASSWORD).await;
    tab.press("Enter").await;
    tab.until(&format!("window.copied === '{KEY}'")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_form_waits_until_it_is_complete() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = at_the_keys(&browser).await;
    tab.choose("Or choose the provider", "Anthropic").await;
    tab.until("location.search === '?provider=anthropic' && document.readyState === 'complete'").await;
    tab.see("Get your Anthropic key here").await;
    let is_off = "[...document.querySelectorAll('form[data-complete] button')].every((button) => button.disabled)";
    tab.until(is_off).await;
    tab.fill("Key", CLAUDE).await;
    tab.until(&format!("!({is_off})")).await;
    tab.click("button", "Add an Anthropic key").await;
    tab.see("Valid").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_only_a_keyboard_is_not_carried_off_while_they_choose() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = at_the_keys(&browser).await;
    tab.focused(BOX).await;
    tab.press_with("Tab", 8).await;
    tab.focused("Show its form").await;
    tab.press_with("Tab", 8).await;
    tab.until("document.activeElement.id === 'choose-provider'").await;
    tab.press("ArrowDown").await;
    tab.until("document.activeElement.value !== ''").await;
    assert_eq!(tab.path().await, "/keys", "going through the list chooses nothing yet");
    tab.press("Tab").await;
    tab.focused("Show its form").await;
    tab.press("Enter").await;
    tab.until("location.search === '?provider=openai' && document.readyState === 'complete'").await;
    tab.evaluate("document.querySelector('[role=tab][aria-selected=true]').focus()").await;
    tab.press("ArrowRight").await;
    tab.focused("Anthropic").await;
    tab.press("Enter").await;
    tab.until("location.search === '?provider=anthropic' && document.readyState === 'complete'").await;
    tab.click("button", "More providers").await;
    tab.click("link", "Mistral").await;
    tab.until("location.search === '?provider=mistral' && document.readyState === 'complete'").await;
    tab.see("No Mistral key yet").await;
    tab.find("tab", "Mistral").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_turns_bad_says_so_without_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys").await;
    tab.see("Valid").await;
    tab.evaluate("window.stays = true").await;
    house.sim.key(KEY, KeyState::Invalid401);
    tab.click("button", "Check API key").await;
    tab.see("Invalid").await;
    tab.see("OpenAI refused this key").await;
    tab.find("link", "Replace the key").await;
    tab.find("link", "Get a new one").await;
    house.sim.key(KEY, KeyState::Valid);
    tab.click("button", "Check API key").await;
    tab.see("Valid").await;
    tab.miss("OpenAI refused this key").await;
    assert_eq!(tab.evaluate("window.stays").await, true, "no reload");
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_chat_is_deleted_after_a_second_warning_only() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let chosen = serde_json::json!({"preferences": {"chat_credential_id": key["id"]}});
    ann.client.patch("/v2/users/me", &chosen).await.expect(200);
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys").await;
    tab.click("button", "More about").await;
    tab.click("link", "Delete").await;
    tab.see("This is the key you chat with").await;
    tab.click("button", "Delete").await;
    tab.until("document.getElementById('sheet').open && document.querySelector('[name=sure]:invalid') !== null").await;
    ann.client.get(&format!("/v2/credentials/{}", key["id"].as_str().unwrap())).await.expect(200);
    tab.click("checkbox", "I will choose another key").await;
    tab.click("button", "Delete").await;
    tab.see("No key yet").await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/keys", "/keys?provider=azure", "/keys?scope=system"]).await;
    let key = ann.save_key("openai", KEY).await;
    ann.save_key("openai", OTHER_KEY).await;
    house.sim.key(CLAUDE, KeyState::Invalid401);
    ann.save_key("anthropic", CLAUDE).await;
    let door = format!("/keys/{}", key["id"].as_str().unwrap());
    let paths = ["", "/edit", "/rotate", "/delete"].map(|end| format!("{door}{end}"));
    let mut all: Vec<&str> = paths.iter().map(String::as_str).collect();
    all.extend(["/keys", "/keys?provider=openai", "/keys?q=nothing"]);
    has_no_barriers(&tab, &all).await;
    tab.set_view(View::PHONE).await;
    tab.go("/keys").await;
    assert!(tab.fits().await, "it fits a phone");
    assert_quiet(&tab);
}
