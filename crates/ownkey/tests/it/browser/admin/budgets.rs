//! Budgets in the pages: set, changed and lifted where their owner is looked
//! after, seen by those whom they bound.

use serde_json::json;
use testkit::{Browser, House, Person, Tab, View};

use super::super::{has_no_barriers, signed_in};

/// An organization that Ann looks after and Bob belongs to; each has a tab.
struct Acme {
    house: House,
    ann: Person,
    /// Bob's id.
    bobs: String,
    tab: Tab,
    guest: Tab,
}

async fn acme(browser: &Browser) -> Acme {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let bob = house.user("bob").await;
    let bobs = bob.client.get("/v2/users/me").await.expect(200).json()["id"].as_str().unwrap_or_default().to_owned();
    let body = json!({"name": "Acme", "slug": "acme"});
    ann.client.post("/v2/organizations", &body).await.expect(201);
    let invitation = json!({"email": "bob@example.org"});
    let made = ann.client.post("/v2/organizations/acme/invitations", &invitation).await.expect(201).json();
    let tab = signed_in(browser, &house, "ann").await;
    let guest = signed_in(browser, &house, "bob").await;
    let link = made["link"].as_str().unwrap_or_default();
    guest.go(link.strip_prefix(&house.url).unwrap_or_default()).await;
    guest.click("button", "Join Acme").await;
    guest.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    Acme { house, ann, bobs, tab, guest }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_set_changed_and_lifted_and_members_see_it() {
    let Some(browser) = Browser::start().await else { return };
    let Acme { house: _house, ann, bobs, tab, guest } = acme(&browser).await;
    tab.go("/admin/organizations/acme/settings").await;
    tab.see("what is spent in it has no limit").await;
    tab.click("link", "Set a budget").await;
    tab.see("For all calls in the organization Acme").await;
    tab.fill("Dollars", "five").await;
    tab.choose("How long what was spent counts", "a week").await;
    tab.fill("Told at, in per cent", "60, 90").await;
    tab.click("button", "Set budget").await;
    tab.see("This is no amount; write dollars").await;
    assert_eq!(
        tab.evaluate("document.activeElement.id + document.activeElement.getAttribute('aria-invalid')").await,
        "limittrue"
    );
    assert_eq!(tab.value_of("Told at").await, "60, 90", "what was typed stays");
    tab.fill("Dollars", "$12.50").await;
    tab.click("button", "Set budget").await;
    tab.until("location.pathname.endsWith('/settings') && document.readyState === 'complete'").await;
    for words in ["$12.50 a week", "$12.50 left", "Told at 60 %, 90 %", "begins anew"] {
        tab.see(words).await;
    }

    // One of a period; another one is told beside the field.
    tab.click("link", "Set a budget").await;
    tab.fill("Dollars", "9").await;
    tab.choose("How long what was spent counts", "a week").await;
    tab.click("button", "Set budget").await;
    tab.see("There is a weekly budget already").await;

    // Whom it bounds sees it and changes nothing.
    guest.go("/profile").await;
    guest.see("Budgets of where you belong").await;
    guest.see("$12.50 a week").await;
    assert!(!guest.has("link", "Change the budget of $12.50 a week").await);
    let budgets = ann.client.get("/v2/budgets").await.expect(200).json();
    let budget = format!("/budgets/{}", budgets["data"][0]["id"].as_str().unwrap_or_default());
    guest.go(&budget).await;
    guest.see("$12.50 left").await;
    assert!(!guest.has("button", "Save").await && !guest.has("button", "Delete this budget").await);

    tab.go("/admin/organizations/acme/settings").await;
    tab.click("link", "Change the budget of $12.50 a week").await;
    tab.fill("Dollars", "7").await;
    tab.click("checkbox", "own keys count as well").await;
    tab.click("button", "Save").await;
    tab.see("$7.00 a week").await;
    tab.see("members' own keys count.").await;
    has_no_barriers(&tab, &[&budget, "/admin/organizations/acme/settings"]).await;

    // An admin's word on a person: they see it, and set one of their own beside it.
    tab.go(&format!("/admin/users/{bobs}")).await;
    tab.click("link", "Set a budget").await;
    tab.fill("Dollars", "3").await;
    tab.click("button", "Set budget").await;
    tab.until("location.pathname.startsWith('/admin/users/') && document.readyState === 'complete'").await;
    tab.see("$3.00 a month").await;
    guest.go("/profile").await;
    guest.see("set by an admin of this server").await;
    assert!(!guest.has("link", "Change the budget of $3.00 a month").await);
    guest.click("link", "Set a budget").await;
    guest.fill("Dollars", "2").await;
    guest.click("button", "Set budget").await;
    guest.until("location.pathname === '/profile' && document.readyState === 'complete'").await;
    guest.find("link", "Change the budget of $2.00 a month").await;
    has_no_barriers(&guest, &["/profile", "/budgets/new"]).await;
    guest.set_view(View::PHONE).await;
    guest.go("/profile").await;
    assert!(guest.fits().await);

    tab.go(&budget).await;
    tab.click("button", "Delete this budget").await;
    tab.until("location.pathname.endsWith('/settings') && document.readyState === 'complete'").await;
    tab.see("what is spent in it has no limit").await;
    let refused = |said: &String| said.contains("422") || said.contains("409") || said.contains("404");
    assert!(tab.complaints().iter().chain(&guest.complaints()).all(refused), "{:?}", tab.complaints());
}
