//! The admin's day: an organization from its making to the log that has all of
//! it, and who is kept out.

use domain::Nanos;
use http::Method;
use provider_sim::Script;
use serde_json::Value;
use testkit::{Browser, House, Tab, View};

use super::super::{has_no_barriers, signed_in};
use super::spending::{report_is_read_and_exported, spent_until_402};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789day1";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789day2";
const NEXT_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789day3";

/// What is on the page's way to be copied.
async fn shown_once(tab: &Tab) -> String {
    let found = tab.evaluate("document.querySelector('.fresh [data-copy]').dataset.copy").await;
    found.as_str().unwrap_or_default().to_owned()
}

async fn make_organization(tab: &Tab, name: &str) {
    tab.go("/admin/organizations").await;
    tab.fill("Name", name).await;
    tab.click("button", "Make organization").await;
    tab.see("Spent this month").await;
}

async fn make_team(tab: &Tab, slug: &str, name: &str) -> String {
    tab.go(&format!("/admin/organizations/{slug}/teams")).await;
    tab.fill("Name", name).await;
    tab.click("button", "Make team").await;
    tab.until("location.pathname.startsWith('/admin/teams/') && document.readyState === 'complete'").await;
    tab.path().await
}

async fn add_key(tab: &Tab, name: &str, key: &str) {
    tab.evaluate("document.getElementById('add').open = true").await;
    tab.choose("Provider", "OpenAI").await;
    tab.fill("Credential Name", name).await;
    tab.fill("API Key", key).await;
    tab.click("button", "Save and check").await;
    tab.until(&format!(
        "[...document.querySelectorAll('#keys tr')].some((row) => row.innerText.includes({name:?}) && row.innerText.includes('Valid'))"
    ))
    .await;
}

async fn invite(tab: &Tab, slug: &str, email: &str, role: &str) -> String {
    tab.go(&format!("/admin/organizations/{slug}/members")).await;
    tab.fill("E-mail address", email).await;
    let invite = "document.querySelector('#email').form.elements.role.value";
    tab.evaluate(&format!("{invite} = {role:?}")).await;
    tab.click("button", "Make an invitation").await;
    tab.see("Pass this link on to").await;
    shown_once(tab).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_made_staffed_keyed_and_called_and_the_log_has_all_of_it() {
    let Some(browser) = Browser::start().await else { return };
    // Answers long enough that some of them are worth five dollars.
    let house = House::start_scripted(Script::says(&"word ".repeat(12_000))).await;
    let ann = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    make_organization(&tab, "Acme").await;

    let link = invite(&tab, "acme", "bob@example.org", "member").await;
    let guest = browser.open(&house.url).await;
    guest.go(link.strip_prefix(&house.url).unwrap_or_default()).await;
    guest.see("Join Acme").await;
    guest.fill("Your name", "Bob").await;
    guest.fill("Password", "a password of bobs").await;
    guest.click("button", "Make an account and join").await;
    guest.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    tab.go("/admin/organizations/acme/members").await;
    tab.see("bob@example.org").await;
    tab.miss("Open invitations").await;

    tab.go("/admin/provider-credentials?organization=acme").await;
    tab.see("No key yet").await;
    add_key(&tab, "First", KEY).await;
    add_key(&tab, "Second", OTHER_KEY).await;
    tab.click("button", "More about Second").await;
    tab.click("button", "Deactivate").await;
    tab.until("document.querySelectorAll('#keys .badge.grey').length === 1").await;
    tab.click("button", "More about First").await;
    tab.click("link", "Rotate").await;
    tab.fill("New key", NEXT_KEY).await;
    tab.click("button", "Check and rotate").await;
    tab.see("former key").await;
    tab.see("••••••••day3").await;
    let listed = ann.client.get("/api/provider-credentials?active_only=true").await.expect(200).json();
    assert!(!listed.to_string().contains("\"Second\""), "{listed}");

    let team = make_team(&tab, "acme", "Search").await;
    tab.go("/admin/aliases?organization=acme").await;
    tab.fill("Name", "fast").await;
    tab.fill("Model 1", "gpt-6-astra").await;
    tab.click("radio", "Only these teams:").await;
    tab.click("checkbox", "Search").await;
    tab.click("button", "Make alias").await;
    tab.see("1 team").await;

    tab.go(&team).await;
    tab.fill("Mark-up in per cent", "20").await;
    tab.evaluate("document.querySelector('#markup').form.requestSubmit(document.querySelector('button[value=edit]'))")
        .await;
    tab.until("document.querySelector('#markup')?.defaultValue === '20' && document.readyState === 'complete'").await;
    tab.click("link", "Set a budget").await;
    tab.fill("Dollars", "5").await;
    tab.click("button", "Set budget").await;
    tab.see("$5.00 a month").await;
    tab.see("$5.00 left").await;

    tab.fill("Name", "search backend").await;
    tab.click("button", "Make token").await;
    tab.see("Waiting for the first request").await;
    let token = shown_once(&tab).await;
    let answered = spent_until_402(&house, &token).await;
    house.ledger_is_written().await;
    tab.see("It works").await;
    tab.go("/admin/provider-credentials?organization=acme").await;
    tab.until("[...document.querySelectorAll('#keys tr')].some((row) => row.innerText.includes('1 team'))").await;
    tab.go(&team).await;
    tab.see("More than 80 % spent").await;
    let bill = report_is_read_and_exported(&tab, answered).await;
    assert!(bill <= Nanos(5_000_000_000), "no more was spent than was let: {bill}");

    tab.go("/admin/audit").await;
    for words in [
        "made the organization Acme",
        "made an invitation into Acme as member",
        "bob@example.org came into Acme by an invitation",
        "switched the key “Second”",
        "rotated the key “First”",
        "made the team Search of Acme",
        "saved the OpenAI key “First”",
        "made the alias fast for openai/gpt-6-astra",
        "changed the markup basis points of the team Search",
        "set a budget of $5 a month for the team Search",
        "made the token “search backend”",
    ] {
        tab.see(words).await;
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
    assert_eq!(guest.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizations_admin_finds_their_own_and_nobody_elses() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.admin("ann").await;
    house.user("bob").await;
    let tab = signed_in(&browser, &house, "ann").await;
    make_organization(&tab, "Acme").await;
    make_organization(&tab, "Globex").await;
    let link = invite(&tab, "acme", "bob@example.org", "admin").await;
    let bob = signed_in(&browser, &house, "bob").await;
    assert!(!bob.has("link", "Organization").await);
    bob.go(link.strip_prefix(&house.url).unwrap_or_default()).await;
    bob.click("button", "Join Acme").await;
    bob.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    bob.go("/admin").await;
    bob.see("Acme").await;
    bob.miss("Globex").await;
    bob.click("button", "Account of").await;
    bob.find("link", "Organization").await;
    assert!(!bob.has("link", "Administration").await);
    bob.go("/admin/organizations/acme/members").await;
    bob.see("ann@example.org").await;
    bob.go("/admin/provider-credentials").await;
    bob.see("No key yet").await;
    bob.click("link", "Audit log").await;
    bob.see("made the organization Acme").await;
    bob.see("bob@example.org came into Acme by an invitation").await;
    bob.miss("Globex").await;
    bob.miss("signed in").await;
    assert!(!bob.has("button", "Verify the chain").await);
    let lines = bob.evaluate("fetch(document.querySelector('a[download]').href).then((answer) => answer.text())").await;
    assert!(
        lines.as_str().is_some_and(|lines| lines.contains("invitation.used") && !lines.contains("user.")),
        "{lines}"
    );
    bob.choose("What", "Organization made").await;
    bob.click("button", "Show").await;
    bob.see("Changes 1").await;
    has_no_barriers(&bob, &["/admin/audit"]).await;
    assert_eq!(bob.complaints(), Vec::<String>::new());
    // Chromium itself notes refusals in its console, so these come last.
    for path in [
        "/admin/organizations/globex",
        "/admin/organizations/globex/members",
        "/admin/aliases?organization=globex",
        "/admin/audit?organization=globex",
    ] {
        bob.go(path).await;
        bob.see("There is no such organization").await;
    }
    bob.go("/admin/system-keys").await;
    bob.see("Only an admin of this server").await;
}

/// The ids of what a house has, by the API.
async fn first(tab: &Tab, path: &str) -> String {
    let found: Value = tab.evaluate(&format!("fetch({path:?}).then((answer) => answer.json())")).await;
    found["data"][0]["id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_organizations_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/admin/organizations", "/admin/provider-credentials", "/admin/aliases"]).await;
    make_organization(&tab, "Acme").await;
    let team = make_team(&tab, "acme", "Search").await;
    invite(&tab, "acme", "carol@example.org", "member").await;
    tab.go("/admin/provider-credentials?organization=acme").await;
    add_key(&tab, "First", KEY).await;
    let body = serde_json::json!({"alias": "fast", "scope": "system", "targets": [{"provider": "openai", "model": "gpt-5-mini"}]});
    ann.client
        .send(Method::POST, "/v2/model-aliases", &[("content-type", "application/json")], body.to_string().into_bytes())
        .await
        .expect(201);
    let alias = format!("/admin/aliases/{}", first(&tab, "/v2/model-aliases").await);
    let paths = [
        "/admin/organizations",
        "/admin/organizations/acme",
        "/admin/organizations/acme/members",
        "/admin/organizations/acme/teams",
        "/admin/organizations/acme/settings",
        team.as_str(),
        "/admin/provider-credentials",
        "/admin/system-keys",
        "/admin/aliases",
        alias.as_str(),
        "/keys?scope=organization",
        "/profile",
    ];
    has_no_barriers(&tab, &paths).await;
    tab.set_view(View::PHONE).await;
    for path in paths {
        tab.go(path).await;
        tab.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true").await;
        assert!(tab.fits().await, "{path}");
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
