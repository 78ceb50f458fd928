//! Several keys: their order, and any number of them with any names.

use testkit::{Browser, House, View};

use super::{KEY, assert_quiet};
use crate::browser::signed_in;

#[tokio::test(flavor = "multi_thread")]
async fn the_order_is_changed_by_the_menu_and_by_drag() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    for name in ["first", "second", "third"] {
        let body = serde_json::json!({"provider": "openai", "name": name, "api_key": format!("{KEY}{name}")});
        ann.client.post("/v2/credentials?check=sync", &body).await.expect(201);
    }
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/keys?provider=openai").await;
    let order = |names: &str| {
        format!(
            "[...document.querySelectorAll('.keylist a.name')].map((link) => link.textContent).join() === '{names}'"
        )
    };
    tab.until(&order("first,second,third")).await;
    tab.see("Primary").await;
    tab.click("button", "More about third").await;
    tab.click("button", "Move up").await;
    tab.until(&order("first,third,second")).await;
    tab.evaluate(
        "(() => {
            const [third, second] = document.querySelectorAll('tr[data-group]');
            for (const [kind, row] of [['dragstart', third], ['dragover', second], ['drop', second], ['dragend', third]]) {
                row.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true }));
            }
        })()",
    )
    .await;
    tab.until(&order("first,second,third")).await;
    tab.click("button", "More about third").await;
    tab.click("button", "Make primary").await;
    tab.until(&order("third,first,second")).await;
    assert_quiet(&tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_keys_with_any_names_fit_every_window() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let long = "x".repeat(100);
    let names = ["<script>window.broken = 1</script>", "\"><img src=x>", "מפתח של דנה", "مفتاح", long.as_str()];
    for number in 0..60 {
        let name = names.get(number).map_or_else(|| format!("key number {number}"), ToString::to_string);
        let body = serde_json::json!({"provider": "groq", "name": name, "note": name, "api_key": format!("gsk_FAKEaBcDeFgHiJkLmNoPq{:02}", number + 10)});
        ann.client.post("/v2/credentials", &body).await.expect(201);
    }
    let tab = signed_in(&browser, &house, "ann").await;
    for view in [View::DESKTOP, View::PHONE] {
        tab.set_view(view).await;
        for path in ["/keys", "/keys?provider=groq", "/profile"] {
            tab.go(path).await;
            let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth \
                        && [...document.querySelectorAll('.chips, .tabs, .card')].every((box) => box.scrollWidth <= box.clientWidth + 1)";
            assert_eq!(tab.evaluate(fits).await, true, "{path} {}", view.name());
        }
    }
    tab.set_view(View::DESKTOP).await;
    tab.go("/keys").await;
    tab.see("<script>window.broken = 1</script>").await;
    assert_eq!(tab.evaluate("window.broken === undefined").await, true);
    assert_eq!(tab.evaluate("document.querySelectorAll('tr[data-key]').length").await, 50);
    tab.click("link", "Next page").await;
    tab.until("document.querySelectorAll('tr[data-key]').length === 10").await;
    tab.fill("Search keys", "number 42").await;
    tab.press("Enter").await;
    tab.until("document.querySelectorAll('tr[data-key]').length === 1").await;
    assert!(tab.path().await.contains("q=number+42"));
    assert_eq!(tab.evaluate(crate::browser::NO_LOOSE_PASSWORDS).await, true);
    assert_quiet(&tab);
}
