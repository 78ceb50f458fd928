//! The pages in a real browser: what a person clicks, sees and reads.

mod admin;
mod chat;
mod frame;
mod keys;
mod models;
mod oidc;
mod playground;
mod prices;
mod profile;
mod setup;
mod status;
mod tokens;
mod usage;

use serde_json::json;
use testkit::{Browser, House, Tab, View};

/// axe-core's script, where `OWNKEY_TEST_AXE` says it is. `CI=true` insists.
#[expect(clippy::disallowed_methods, reason = "tests find axe-core in the environment")]
#[expect(clippy::unwrap_used, reason = "a path that does not lead to a file is a mistake to be told")]
pub(crate) fn axe() -> Option<String> {
    let path = std::env::var_os("OWNKEY_TEST_AXE");
    assert!(path.is_some() || std::env::var_os("CI").is_none(), "CI needs OWNKEY_TEST_AXE: axe-core's axe.min.js");
    path.map(|path| std::fs::read_to_string(path).unwrap())
}

/// Every password stands in a form that says whose it is; a key is no password,
/// and no browser offers to keep it.
pub(crate) const NO_LOOSE_PASSWORDS: &str = "[...document.querySelectorAll('input[type=password]')]\
     .every((field) => field.form?.querySelector('[autocomplete=username]') && !field.name.includes('key')) \
     && [...document.querySelectorAll('[name$=api_key]')].every((field) => field.autocomplete === 'off' \
     && getComputedStyle(field).webkitTextSecurity !== undefined)";

/// A tab in which `name`, who was made with `house.user(name)`, has signed in.
pub(crate) async fn signed_in(browser: &Browser, house: &House, name: &str) -> Tab {
    browser.signed_in(house, &format!("{name}@example.org")).await
}

/// Nothing on these pages keeps anybody out: light and dark, desktop and phone.
pub(crate) async fn has_no_barriers(tab: &Tab, paths: &[&str]) {
    let Some(axe) = axe() else { return };
    for view in [View::DESKTOP, View::PHONE, View::DESKTOP.dark(), View::PHONE.dark()] {
        tab.set_view(view).await;
        for path in paths {
            tab.go(path).await;
            let found = tab.barriers(&axe).await;
            assert!(found.is_empty(), "{path} {}: {found:#?}", view.name());
            assert!(tab.fits().await, "{path} {}: is wider than its window", view.name());
            let shown = tab.evaluate(HIDDEN_YET_SHOWN).await;
            assert_eq!(shown, json!([]), "{path} {}: hidden, and shown all the same", view.name());
        }
    }
    tab.set_view(View::DESKTOP).await;
}

/// What is marked as hidden and takes up room.
const HIDDEN_YET_SHOWN: &str = "[...document.querySelectorAll('[hidden]')] \
     .filter((part) => part.getClientRects().length).map((part) => part.outerHTML.slice(0, 80))";

/// Presses Tab until this has the focus.
#[expect(clippy::panic, reason = "a test fails by panicking")]
pub(crate) async fn tab_to(tab: &Tab, wanted: &str) {
    let mut passed = Vec::new();
    while passed.len() < 60 {
        let focus = tab.focus().await;
        if !focus.starts_with("body") && focus.contains(wanted) {
            return;
        }
        passed.push(focus);
        tab.press("Tab").await;
    }
    panic!("“{wanted}” is not reached by Tab: {passed:#?}");
}
