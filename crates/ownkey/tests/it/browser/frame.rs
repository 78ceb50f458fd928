//! The frame around all pages.

use testkit::{Browser, House};

use super::{has_no_barriers, signed_in};

#[tokio::test(flavor = "multi_thread")]
async fn one_signs_in_looks_around_and_signs_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.click("link", "Keys").await;
    tab.until("location.pathname === '/keys' && document.readyState === 'complete'").await;
    tab.see("Provider keys").await;
    tab.click("button", "Account of").await;
    tab.click("button", "Dark").await;
    tab.until("document.documentElement.dataset.theme === 'dark' && location.pathname === '/keys'").await;
    tab.click("button", "Account of").await;
    tab.click("button", "Sign out").await;
    tab.until("location.pathname === '/login'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frame_keeps_nobody_out() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    house.user("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    has_no_barriers(&tab, &["/keys", "/tokens", "/docs"]).await;
    let stranger = browser.open(&house.url).await;
    has_no_barriers(&stranger, &["/login"]).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
