//! Files: by paste, by drag, by the button; refused before anything is sent.

use serde_json::json;
use testkit::{Browser, Tab};

use super::{ann, begin, last_call, rests};

/// A dot as a PNG.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Brings files to the page, as `how` says, from a list called `files`.
async fn bring(tab: &Tab, files: &str, how: &str) {
    let script = format!(
        "(() => {{ const bytes = Uint8Array.from(atob('{DOT}'), (c) => c.charCodeAt(0)); const box = new DataTransfer(); \
         for (const file of {files}) box.items.add(file); {how}; return true; }})()"
    );
    assert_eq!(tab.evaluate(&script).await, json!(true));
}

const PASTE: &str = "document.getElementById('message').dispatchEvent(new ClipboardEvent('paste', \
                     { clipboardData: box, bubbles: true, cancelable: true }))";
const DROP: &str = "document.getElementById('thread').dispatchEvent(new DragEvent('drop', \
                    { dataTransfer: box, bubbles: true, cancelable: true }))";
const CHOOSE: &str = "const input = document.getElementById('file'); input.files = box.files; \
                      input.dispatchEvent(new Event('change', { bubbles: true }))";

#[tokio::test(flavor = "multi_thread")]
async fn files_come_by_paste_by_drag_and_by_the_button_and_go_along() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    tab.go("/chat?model=gpt-4o").await;
    bring(&tab, "[new File([bytes], 'dot.png', { type: 'image/png' })]", PASTE).await;
    tab.find("button", "Remove dot.png").await;
    bring(&tab, "[new File(['Remember the milk'], 'notes.txt', { type: 'text/plain' })]", DROP).await;
    tab.find("button", "Remove notes.txt").await;
    bring(&tab, "[new File(['let it = 1;'], '<img src=x onerror=\"window.harmed=1\">.js')]", CHOOSE).await;
    tab.see("onerror").await;
    tab.click("button", "Remove <img").await;
    tab.miss("onerror").await;
    begin(&tab, "What is this?").await;
    rests(&tab).await;
    tab.see("notes.txt").await;
    tab.until("document.querySelector('.question img')?.naturalWidth === 1").await;
    let (model, body) = last_call(&house);
    assert!(model == "gpt-4o" && body.contains(DOT) && body.contains("Remember the milk"), "{body}");
    assert_eq!(tab.evaluate("window.harmed ?? 0").await, json!(0));
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_along_is_refused_before_anything_is_sent() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    let sent = house.sim.log().len();
    // Also after the header was fetched again.
    let blind = "(() => { const forget = () => { delete document.getElementById('who')?.dataset.takesImages; }; forget(); \
                 new MutationObserver(forget).observe(document, { subtree: true, childList: true, attributes: true }); \
                 return true; })()";
    tab.evaluate(blind).await;
    bring(&tab, "[new File([bytes], 'dot.png', { type: 'image/png' })]", PASTE).await;
    tab.see("cannot read images").await;
    bring(&tab, "[new File([new Uint8Array([0xff, 0xfe, 0x00, 0xd8])], 'song.bin')]", DROP).await;
    tab.see("is neither an image nor text").await;
    bring(&tab, "[new File([new Uint8Array(600 * 1024).fill(97)], 'long.txt')]", CHOOSE).await;
    tab.see("is larger than 512 kB").await;
    assert_eq!(tab.evaluate("document.querySelectorAll('#files li').length").await, json!(0));
    assert_eq!(house.sim.log().len(), sent);
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
