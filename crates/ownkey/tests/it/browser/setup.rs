//! The first five minutes, and the way in afterwards.

use testkit::{Browser, House, PASSWORD, View};

use super::{axe, has_no_barriers};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// The path of a fresh set-up link.
#[expect(clippy::expect_used, reason = "a house without set-up is a mistake of the test")]
async fn link(house: &House) -> String {
    let link = app::setup::create_link(&house.app).await.expect("a link");
    let (_, code) = link.split_once("/setup").expect("a link to set-up");
    format!("/setup{code}")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_comes_from_set_up_to_a_first_answer_by_the_keyboard_alone() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let tab = browser.open(&house.url).await;
    tab.go(&link(&house).await).await;
    tab.focused("input Your name").await;
    tab.write("Ann").await;
    for text in ["ann@example.org", PASSWORD] {
        tab.press("Tab").await;
        tab.write(text).await;
    }
    tab.press("Tab").await;
    tab.press("Enter").await;
    tab.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    tab.focused("Paste a key").await;
    tab.write(&format!("export OPENAI_API_KEY=\"{KEY}\"")).await;
    tab.see("Looks like a key for OpenAI").await;
    tab.press("Enter").await;
    tab.see("What would you like to know?").await;
    tab.see("models unlocked").await;
    tab.until("document.activeElement.id === 'message'").await;
    tab.write("Good morning").await;
    tab.press("Enter").await;
    tab.see("Hello from the scripted provider.").await;
    tab.see("to first token").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_too_often_is_told_until_when() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = browser.open(&house.url).await;
    tab.go("/login").await;
    for round in 0..6 {
        tab.until("document.activeElement.tagName === 'INPUT'").await;
        if round == 1 {
            tab.see("Incorrect email or password. Try again").await;
            assert_eq!(tab.value_of("E-mail address").await, "ann@example.org", "what was right stays");
        }
        tab.fill("E-mail address", "ann@example.org").await;
        tab.fill("Password", "not the password").await;
        tab.evaluate("window.wasHere = true").await;
        tab.press("Enter").await;
        tab.until("document.readyState === 'complete' && !window.wasHere").await;
    }
    tab.see("Try again after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_without_the_link_is_told_where_it_is() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let tab = browser.open(&house.url).await;
    for path in ["/", "/setup", "/login"] {
        tab.go(path).await;
        tab.see("Nobody has an account here yet").await;
        tab.see("ownkey user setup-link").await;
        assert!(!tab.has("button", "Sign in").await, "there is nothing to sign in to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ways_in_keep_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let tab = browser.open(&house.url).await;
    let link = link(&house).await;
    has_no_barriers(&tab, &[link.as_str(), "/login", "/login?out=1"]).await;
    if axe().is_some() {
        tab.set_view(View::PHONE).await;
        tab.go(&link).await;
        assert!(tab.fits().await);
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
