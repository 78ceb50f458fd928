//! The conversations at the left: named, searched, exported, ended.

use testkit::Browser;

use super::{ann, begin, last_call, rests, say};

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_renamed_searched_exported_and_deleted() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    begin(&tab, "About apples").await;
    rests(&tab).await;
    tab.go("/chat").await;
    begin(&tab, "About pears").await;
    rests(&tab).await;
    tab.click("link", "Parameters, rename, export, delete").await;
    tab.fill("Name", "Fruit that is green").await;
    tab.click("button", "Rename").await;
    tab.see("Renamed").await;
    tab.find("heading", "Fruit that is green").await;
    tab.find("link", "Fruit that is green").await;

    tab.fill("Search your conversations", "APPLES").await;
    tab.until("document.querySelectorAll('#conversations li').length === 1").await;
    tab.fill("Search your conversations", "nothing of the kind").await;
    tab.see("Nothing has “nothing of the kind” in it.").await;
    tab.evaluate("const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input', { bubbles: true }))").await;
    tab.until("document.querySelectorAll('#conversations li').length === 2").await;

    let export = "fetch(`/v2/conversations/${document.getElementById('chat').dataset.chat}/export?format=markdown`).then((a) => a.text())";
    assert!(tab.evaluate(export).await.as_str().unwrap().contains("About pears"));

    tab.click("link", "Parameters, rename, export, delete").await;
    tab.see("Export as Markdown").await;
    tab.evaluate("document.querySelector('#sheet details.sure summary').click()").await;
    tab.click("button", "Delete this chat").await;
    tab.until("location.pathname === '/chat' && document.querySelectorAll('#conversations li').length === 1").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_go_along_and_a_temporary_chat_stands_in_no_list() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    tab.click("checkbox", "Temporary").await;
    begin(&tab, "For a moment").await;
    rests(&tab).await;
    tab.see("Your conversations will be listed here.").await;
    tab.click("link", "Parameters, rename, export, delete").await;
    tab.fill("System prompt", "Answer like a pirate").await;
    tab.fill("Longest answer", "77").await;
    tab.click("button", "Save").await;
    tab.see("Kept for the next messages").await;
    say(&tab, "Who are you?").await;
    tab.until("document.querySelectorAll('article.answer').length === 2").await;
    rests(&tab).await;
    let (_, body) = last_call(&house);
    assert!(body.contains("Answer like a pirate") && body.contains(":77"), "{body}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
