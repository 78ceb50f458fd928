//! One's account, and the keys as provider cards.

use testkit::{Browser, House, PASSWORD};

use super::{has_no_barriers, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const CLAUDE: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key3";

#[tokio::test(flavor = "multi_thread")]
async fn the_cards_save_every_key_that_is_filled_in() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/profile").await;
    tab.see("API Configuration").await;
    tab.evaluate("for (const card of document.querySelectorAll('details.provider')) card.open = true").await;
    tab.fill("OpenAI key", KEY).await;
    tab.fill("Anthropic key", CLAUDE).await;
    tab.click("button", "Save API Keys").await;
    tab.see("API keys saved").await;
    tab.see("Valid").await;
    let list = ann.client.get("/v2/credentials").await.expect(200).json();
    assert_eq!(list["count"], 2, "{list}");
    assert_eq!(tab.value_of("OpenAI key").await, "");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ends_other_sessions_and_changes_name_and_password() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let other = signed_in(&browser, &house, "ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/profile").await;
    tab.see("this one").await;
    tab.click("button", "End all others").await;
    tab.see("The other sessions ended").await;
    other.go("/keys").await;
    assert_eq!(other.path().await, "/login");
    tab.fill("Name", "Ann Other").await;
    tab.press("Enter").await;
    tab.until("document.readyState === 'complete' && document.getElementById('name').defaultValue === 'Ann Other'")
        .await;
    tab.fill("Current password", PASSWORD).await;
    tab.fill("New password", "another good one").await;
    tab.press("Enter").await;
    tab.see("Password changed").await;
    let form = format!("username={}&password=another+good+one", ann.email);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    house.nobody().send(http::Method::POST, "/v2/login/access-token", &kind, form.into_bytes()).await.expect(200);
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preference_is_kept_and_a_wrong_password_is_told_beside_it() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/profile").await;
    tab.click("radio", "Strict").await;
    tab.click("button", "Save preferences").await;
    tab.see("Saved").await;
    let me = ann.client.get("/v2/users/me").await.expect(200).json();
    assert_eq!(me["preferences"]["fallback"], "strict", "{me}");
    tab.until("document.querySelector('[name=fallback][value=strict]').checked").await;
    tab.fill("Current password", "not the password").await;
    tab.fill("New password", "another good one").await;
    tab.press("Enter").await;
    tab.until("document.querySelector('form[action=\"/profile/password\"] [data-complaint]').innerText.length > 10")
        .await;
    assert_eq!(tab.evaluate(super::NO_LOOSE_PASSWORDS).await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/profile"]).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
