//! The administration: inviting, suspending, letting go, and the log that has
//! all of it.

mod budgets;
mod day;
mod keyboard;
mod names;
mod spending;

use std::time::{Duration, Instant};

use testkit::{Browser, House, Tab, View};

use super::{has_no_barriers, signed_in};

/// A house, and its admin's tab at the users.
async fn at_the_users(browser: &Browser) -> (House, Tab) {
    let house = House::start().await;
    house.admin("ann").await;
    let tab = signed_in(browser, &house, "ann").await;
    tab.go("/admin/users").await;
    (house, tab)
}

/// Leads to the page of a user in the list.
async fn manage(tab: &Tab, email: &str) {
    tab.click("link", &format!("Manage {email}")).await;
    tab.until("/^.admin.users.[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_invited_by_a_link_comes_in_and_is_seen() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_users(&browser).await;
    tab.fill("E-mail address", "bob@example.org").await;
    tab.click("button", "Make an invitation").await;
    tab.see("Pass this link on to bob@example.org").await;
    tab.see("Invited").await;
    let link = tab.evaluate("document.querySelector('.fresh [data-copy]').dataset.copy").await;
    let path = link.as_str().and_then(|link| link.strip_prefix(&house.url)).expect("the link leads here").to_owned();
    let guest = browser.open(&house.url).await;
    guest.go(&path).await;
    guest.fill("Your name", "Bob").await;
    guest.fill("Password", "a password of bobs").await;
    guest.click("button", "Save and sign in").await;
    guest.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    assert!(!guest.has("link", "Administration").await);
    tab.go("/admin/users?q=BOB").await;
    tab.see("Bob").await;
    tab.see("Active").await;
    assert!(!tab.has("link", "Manage ann@example.org").await, "others are filtered out");
    tab.go("/admin/users").await;
    tab.fill("E-mail address", "bob@example.org").await;
    tab.click("button", "Make an invitation").await;
    tab.see("Somebody has this e-mail address already").await;
    assert_eq!(tab.value_of("E-mail address").await, "bob@example.org");
    assert_eq!(guest.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_user_is_out_within_two_seconds_and_comes_back_when_let_in() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_users(&browser).await;
    let bob = house.user("bob").await;
    let program = bob.gateway_client().await;
    let guest = signed_in(&browser, &house, "bob").await;
    program.get("/v1/models").await.expect(200);
    tab.go("/admin/users").await;
    manage(&tab, "bob@example.org").await;
    tab.click("button", "Suspend").await;
    tab.see("Let in again").await;
    let since = Instant::now();
    program.get("/v1/models").await.expect(401);
    guest.go("/keys").await;
    assert_eq!(guest.path().await, "/login");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    tab.click("button", "Let in again").await;
    tab.see("Out within two seconds").await;
    program.get("/v1/models").await.expect(200);
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_a_role_and_a_link_is_signed_out_and_let_go_and_the_log_has_it_all() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_users(&browser).await;
    let bob = house.user("bob").await;
    bob.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let guest = signed_in(&browser, &house, "bob").await;
    tab.go("/admin/users").await;
    manage(&tab, "bob@example.org").await;
    tab.choose("Role", "Admin").await;
    tab.click("button", "Save role").await;
    tab.until("document.querySelector('option[value=admin]')?.defaultSelected && document.readyState === 'complete'")
        .await;
    tab.click("button", "Make a link").await;
    tab.see("It works once, within an hour").await;
    tab.click("button", "Sign out everywhere").await;
    tab.see("ended.").await;
    guest.go("/keys").await;
    assert_eq!(guest.path().await, "/login");
    tab.see("1 provider key, destroyed").await;
    tab.click("checkbox", "Yes, delete").await;
    tab.click("button", "Delete this user").await;
    tab.until("location.pathname === '/admin/users' && document.readyState === 'complete'").await;
    tab.miss("bob@example.org").await;

    tab.go("/admin/audit").await;
    for words in ["deleted a user", "made a password link for", "made a deleted user admin", "ended a session"] {
        tab.see(words).await;
    }
    tab.choose("What", "User deleted").await;
    tab.click("button", "Show").await;
    tab.until("location.search.includes('action=user.deleted') && document.readyState === 'complete'").await;
    tab.see("Changes 1").await;
    tab.go("/admin/audit?who=ann%40example.org").await;
    let lines = "fetch(document.querySelector('a[download]').href).then((answer) => answer.text())\
                 .then((text) => text.trim().split('\\n').map((line) => JSON.parse(line).action))";
    let lines = tab.evaluate(lines).await;
    assert_eq!(lines[0], "user.deleted", "{lines}");
    tab.go("/admin/audit").await;
    tab.click("button", "Verify the chain").await;
    tab.see("The chain holds").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    // Chromium itself notes a refusal in its console, so this comes last.
    tab.go("/admin/audit").await;
    tab.fill("Who", "nobody@example.org").await;
    tab.click("button", "Show").await;
    tab.see("Nobody here has that e-mail address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_tells_how_the_server_does_and_members_are_kept_out() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_users(&browser).await;
    let bob = house.user("bob").await;
    tab.go("/admin").await;
    tab.see("everything is sealed under it").await;
    tab.evaluate("window.stays = true").await;
    let ann = house.admin("second").await;
    ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let seen = ann.client.get("/v2/server").await.expect(200).json();
    assert_eq!((&seen["users"]["all"], &seen["users"]["admins"]), (&3.into(), &2.into()));
    assert_eq!(seen["keyring"]["secrets_under_others"], 0);
    bob.client.get("/v2/server").await.expect(403);
    tab.click("link", "System keys").await;
    tab.until("location.pathname === '/admin/system-keys' && document.readyState === 'complete'").await;
    tab.see("No key yet").await;
    let member = signed_in(&browser, &house, "bob").await;
    for path in ["/admin", "/admin/users", "/admin/audit", "/admin/system-keys"] {
        member.go(path).await;
        member.see("Only an admin of this server can do this").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administration_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = at_the_users(&browser).await;
    house.user("bob").await;
    house.user(&"a-rather-long-name-".repeat(3)).await;
    let users = tab.evaluate("fetch('/v2/users?q=bob').then((answer) => answer.json())").await;
    let page = format!("/admin/users/{}", users["data"][0]["id"].as_str().unwrap_or_default());
    let paths =
        ["/admin", "/admin/users", "/admin/users?q=nobody-at-all", &page, "/admin/audit", "/admin/audit?to=soon"];
    has_no_barriers(&tab, &paths[..5]).await;
    tab.set_view(View::PHONE).await;
    for path in paths {
        tab.go(path).await;
        tab.evaluate("for (const event of document.querySelectorAll('details.event')) event.open = true").await;
        assert!(tab.fits().await, "{path}");
    }
}
