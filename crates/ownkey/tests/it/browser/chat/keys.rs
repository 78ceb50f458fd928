//! A key that is missing, or turns bad: the page says which, and wakes up.

use provider_sim::KeyState;
use testkit::{Browser, House};

use super::{KEY, ann_in, begin, last_call, rests, say};
use crate::browser::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_key_pastes_one_and_chats() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.see("Paste a key, and chat").await;
    assert!(tab.evaluate("document.querySelector('#composer fieldset').disabled").await.as_bool().unwrap());
    tab.focused("textarea Paste a key from any provider").await;
    tab.write(&format!("export OPENAI_API_KEY=\"{KEY}\"")).await;
    tab.press("Enter").await;
    tab.see("What would you like to know?").await;
    tab.see("models unlocked").await;
    tab.until("!document.querySelector('#composer fieldset').disabled").await;
    begin(&tab, "Hello").await;
    tab.see("Hello from the scripted provider.").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_saved_elsewhere_wakes_the_empty_chat() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.see("Paste a key, and chat").await;
    tab.focused("textarea").await;
    ann.save_key("openai", KEY).await;
    tab.see("What would you like to know?").await;
    tab.until("!document.querySelector('#composer fieldset').disabled").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_locks_the_composer_until_it_is_replaced() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let tab = ann_in(&browser, &house).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    house.sim.key(KEY, KeyState::Invalid401);
    say(&tab, "Still there?").await;
    tab.see("was refused").await;
    tab.see("(…b123)").await;
    tab.until("document.querySelector('#composer fieldset').disabled").await;
    tab.find("link", "Choose another key").await;
    tab.click("link", "Replace key").await;
    tab.fill("New key", "sk-proj-TEST0123456789abcdefghijkc456").await;
    tab.click("button", "Check and replace").await;
    tab.until("document.querySelector('#lock [data-locks]') === null").await;
    tab.until("!document.querySelector('#composer fieldset').disabled").await;
    say(&tab, "Back again").await;
    tab.until("document.querySelectorAll('article.answer').length === 3").await;
    rests(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_and_model_are_chosen_in_the_switcher() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let tab = ann_in(&browser, &house).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    tab.click("link", "Provider, key and model").await;
    tab.see("Manage keys").await;
    tab.fill("Search the models", "gpt-5-nano").await;
    tab.press("ArrowDown").await;
    tab.press("Enter").await;
    tab.until("!document.getElementById('sheet').open").await;
    say(&tab, "With the small one").await;
    tab.until("document.querySelectorAll('article.answer').length === 2").await;
    rests(&tab).await;
    assert_eq!(last_call(&house).0, "gpt-5-nano");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
