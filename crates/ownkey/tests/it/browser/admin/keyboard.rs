//! An organization's first day without a mouse.

use std::time::Duration;

use testkit::{Browser, House, Tab, eventually};

use super::super::{signed_in, tab_to};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789kbd1";

async fn at(tab: &Tab, place: &str) {
    tab.until(&format!("/^{place}$/.test(location.pathname) && document.readyState === 'complete'")).await;
}

/// Goes on by a link or a button that Tab reaches.
async fn press(tab: &Tab, what: &str) {
    tab_to(tab, what).await;
    tab.press("Enter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_gets_a_key_a_team_and_a_budget_by_the_keyboard_alone() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/admin").await;
    press(&tab, "a Organizations").await;
    at(&tab, ".admin.organizations").await;
    tab_to(&tab, "input Name").await;
    tab.write("Acme").await;
    tab.press("Enter").await;
    at(&tab, ".admin.organizations.acme").await;

    press(&tab, "a Add the first").await;
    at(&tab, ".admin.provider-credentials").await;
    press(&tab, "summary Add Provider Credential").await;
    tab_to(&tab, "select Provider").await;
    // Two letters are a word where the second comes within a second of the first.
    let is_chosen = "document.activeElement.selectedOptions[0].label === 'OpenAI'";
    eventually("OpenAI is chosen by its letters", Duration::from_secs(30), async || {
        tab.press("o").await;
        tab.press("p").await;
        let chosen = tab.evaluate(is_chosen).await == true;
        if !chosen {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        chosen.then_some(())
    })
    .await;
    tab_to(&tab, "input Credential Name").await;
    tab.write("First").await;
    tab_to(&tab, "input API Key").await;
    tab.write(KEY).await;
    press(&tab, "button Save and check").await;
    tab.see("••••••••kbd1").await;

    tab.go("/admin/organizations/acme").await;
    press(&tab, "a Teams").await;
    at(&tab, ".admin.organizations.acme.teams").await;
    tab_to(&tab, "input Name").await;
    tab.write("Search").await;
    tab.press("Enter").await;
    at(&tab, ".admin.teams.[0-9a-f-]+").await;

    press(&tab, "a Set a budget").await;
    at(&tab, ".budgets.new").await;
    tab.focused("Dollars").await;
    tab.write("5").await;
    tab.press("Enter").await;
    at(&tab, ".admin.teams.[0-9a-f-]+").await;
    tab.see("$5.00 a month").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
