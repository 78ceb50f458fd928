//! The first five minutes without a mouse: from set-up to the first answer.

use testkit::{Browser, House, PASSWORD};

use super::KEY;
use crate::browser::tab_to;

#[tokio::test(flavor = "multi_thread")]
async fn one_comes_from_set_up_to_the_first_answer_by_the_keyboard_alone() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let link = app::setup::create_link(&house.app).await.unwrap();
    let tab = browser.open(&house.url).await;
    tab.go(&format!("/setup{}", link.split_once("/setup").unwrap().1)).await;
    for (field, text) in [("Your name", "Ann"), ("E-mail", "ann@example.org"), ("Password", PASSWORD)] {
        tab_to(&tab, field).await;
        tab.write(text).await;
    }
    tab.press("Enter").await;
    tab.until("!location.pathname.startsWith('/setup') && document.readyState === 'complete'").await;
    if !tab.path().await.starts_with("/chat") {
        tab.evaluate("document.body.focus(); document.activeElement.blur(); true").await;
        tab_to(&tab, "a Chat").await;
        tab.press("Enter").await;
    }
    tab.until("location.pathname === '/chat' && document.readyState === 'complete'").await;
    tab.see("Paste a key, and chat").await;
    assert!(tab.focus().await.contains("Paste a key"), "{}", tab.focus().await);
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
