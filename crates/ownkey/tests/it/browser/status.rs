//! `/status`: how providers do, and what to do about it.

use provider_sim::KeyState;
use testkit::{Browser, House};

use super::{has_no_barriers, signed_in};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const BAD_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_watched_from_when_it_is_saved_and_trouble_leads_to_it() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.click("link", "Status").await;
    tab.until("location.pathname === '/status' && document.readyState === 'complete'").await;
    tab.see("Without a key").await;

    ann.save_key("openai", KEY).await;
    tab.see("Everything you use works").await;
    house.sim.key(BAD_KEY, KeyState::Invalid401);
    ann.save_key("openai", BAD_KEY).await;
    tab.see("OpenAI needs a look").await;
    tab.see("(…key2)").await;
    tab.click("link", "See the keys").await;
    tab.until("location.pathname === '/keys' && location.search === '?provider=openai'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    house.user("bob").await;
    ann.save_key("openai", KEY).await;
    house.sim.key(BAD_KEY, KeyState::Invalid401);
    ann.save_key("openai", BAD_KEY).await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/status"]).await;
    let empty = signed_in(&browser, &house, "bob").await;
    has_no_barriers(&empty, &["/status"]).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
