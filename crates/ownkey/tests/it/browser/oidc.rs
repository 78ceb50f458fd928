//! Signing in through a real OpenID provider, by its own pages.

use serde_json::json;
use testkit::{Browser, House, Options, PASSWORD, Tab};

use super::has_no_barriers;
use crate::oidc::RealProvider;

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

async fn house_of(provider: &mut RealProvider) -> House {
    let mut oidc = provider.settings();
    oidc.admission.admin_groups = vec!["ops".to_owned()];
    let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
    provider.knows(&house).await;
    house.admin("root").await;
    house
}

/// What our own pages complained of; the provider's are theirs.
fn complaints(tab: &Tab, house: &House) -> Vec<String> {
    tab.complaints().into_iter().filter(|complaint| complaint.contains(&house.url)).collect()
}

/// Through the provider's own pages, as this person.
async fn through(tab: &Tab, house: &House, login: &str) {
    tab.until("document.querySelector('input[name=login]') !== null && document.readyState === 'complete'").await;
    tab.evaluate(&format!(
        "document.querySelector('input[name=login]').value = '{login}'; \
         document.querySelector('input[name=password]').value = 'anything'; document.querySelector('form').submit()"
    ))
    .await;
    let back = format!("location.origin === '{}'", house.url);
    let asks = "document.querySelector('input[name=prompt][value=consent]') !== null";
    tab.until(&format!("document.readyState === 'complete' && ({back} || {asks})")).await;
    if tab.evaluate(asks).await == true {
        tab.evaluate("document.querySelector('form').submit()").await;
    }
    tab.until(&format!("document.readyState === 'complete' && {back}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_the_providers_own_pages_also_after_its_keys_changed() {
    let (Some(browser), Some(mut provider)) = (Browser::start().await, RealProvider::start().await) else { return };
    let house = house_of(&mut provider).await;
    let ann = json!({"sub": "ann", "email": "ann@example.org", "email_verified": true, "name": "Ann Example"});
    provider.person(ann.clone()).await;
    let tab = browser.open(&house.url).await;
    tab.go("/login").await;
    tab.click("link", "Sign in with Example Login").await;
    through(&tab, &house, "ann").await;
    tab.go("/profile").await;
    tab.see("Example Login, as ann@example.org").await;
    tab.see("You have none: you sign in elsewhere").await;
    assert!(!tab.has("link", "Administration").await);
    assert_eq!(complaints(&tab, &house), Vec::<String>::new());

    // Another browser, another key, another role.
    provider.rotates().await;
    let mut promoted = ann;
    promoted["groups"] = json!(["ops"]);
    provider.person(promoted).await;
    let other = browser.open(&house.url).await;
    other.go("/login").await;
    other.click("link", "Sign in with Example Login").await;
    through(&other, &house, "ann").await;
    other.go("/admin").await;
    other.see("with Example Login, or a password").await;
    assert_eq!(complaints(&other, &house), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_copied_after_signing_in_there_once_more() {
    let (Some(browser), Some(mut provider)) = (Browser::start().await, RealProvider::start().await) else { return };
    let house = house_of(&mut provider).await;
    provider.person(json!({"sub": "ann", "email": "ann@example.org", "email_verified": true})).await;
    let tab = browser.open(&house.url).await;
    tab.go("/login").await;
    tab.click("link", "Sign in with Example Login").await;
    through(&tab, &house, "ann").await;
    tab.go("/keys").await;
    tab.fill("Paste a key from any provider", KEY).await;
    tab.click("button", "Save and check").await;
    tab.see("Valid").await;
    tab.click("button", "More about").await;
    tab.click("button", "Copy").await;
    tab.see("Sign in with Example Login once more").await;
    tab.click("link", "Confirm with Example Login").await;
    through(&tab, &house, "ann").await;
    tab.until("location.pathname === '/keys' && document.readyState === 'complete'").await;
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text } } })")
        .await;
    tab.click("button", "More about").await;
    tab.click("button", "Copy").await;
    tab.until(&format!("window.copied === '{KEY}'")).await;
    assert_eq!(complaints(&tab, &house), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_out_there_as_well_and_is_unlinked_with_their_password() {
    let (Some(browser), Some(mut provider)) = (Browser::start().await, RealProvider::start().await) else { return };
    let house = house_of(&mut provider).await;
    house.user("ann").await;
    provider.person(json!({"sub": "ann", "email": "ann@example.org", "email_verified": true})).await;
    let tab = browser.open(&house.url).await;
    let begin = async || {
        tab.go("/login").await;
        tab.click("link", "Sign in with Example Login").await;
    };
    begin().await;
    through(&tab, &house, "ann").await;
    tab.go("/profile").await;
    tab.see("Example Login, as ann@example.org").await;
    tab.evaluate("document.querySelector('form[action=\"/logout\"]').submit()").await;
    tab.see("You are signed out.").await;
    has_no_barriers(&tab, &["/login?out=there"]).await;
    tab.click("link", "Sign out at Example Login").await;
    tab.until("document.querySelector('button[name=logout]') !== null && document.readyState === 'complete'").await;
    tab.evaluate("document.querySelector('button[name=logout]').click()").await;
    tab.until(&format!("location.href.startsWith('{}/login') && document.readyState === 'complete'", house.url)).await;

    // There, nobody is signed in any more: it asks again.
    begin().await;
    through(&tab, &house, "ann").await;
    has_no_barriers(&tab, &["/profile"]).await;
    tab.fill("Your password", "not the password").await;
    tab.click("button", "Unlink Example Login").await;
    tab.see("The password is not right").await;
    tab.fill("Your password", PASSWORD).await;
    tab.click("button", "Unlink Example Login").await;
    tab.see("Your account is linked to none at Example Login.").await;
    tab.miss("as ann@example.org").await;
    let unexpected = complaints(&tab, &house).into_iter().filter(|said| !said.contains("400"));
    assert_eq!(unexpected.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_reads_why_and_can_begin_again() {
    let (Some(browser), Some(mut provider)) = (Browser::start().await, RealProvider::start().await) else { return };
    let house = house_of(&mut provider).await;
    provider.person(json!({"sub": "eve", "email": "ann@example.org", "email_verified": false})).await;
    let tab = browser.open(&house.url).await;
    tab.go("/login").await;
    tab.click("link", "Sign in with Example Login").await;
    through(&tab, &house, "eve").await;
    tab.see("You are not signed in").await;
    tab.see("Example Login has not verified your e-mail address").await;
    tab.find("link", "Begin again").await;
    tab.click("link", "Back to sign-in").await;
    tab.see("Sign in with the password").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ways_in_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    for passwords in [true, false] {
        let mut oidc = crate::oidc::settings("http://127.0.0.1:1");
        oidc.passwords = passwords;
        let house = House::start_with(Options { oidc: Some(oidc), ..Options::default() }).await;
        house.admin("root").await;
        let tab = browser.open(&house.url).await;
        has_no_barriers(&tab, &["/login", "/login/oidc", "/login/oidc/callback?state=x&code=y"]).await;
    }
}
