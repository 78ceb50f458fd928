//! `/chat`: one writes, reads, stops, comes back, goes another way, and is told
//! when a key is the matter.

mod attacks;
mod branches;
mod failures;
mod files;
mod keys;
mod list;
mod long;

use std::time::Duration;

use provider_sim::{Behaviour, Call, Finished, Reply};
use testkit::{Browser, House, Tab, View};

use super::{has_no_barriers, signed_in};

/// The made-up key of these tests.
const KEY: &str = "sk-proj-TEST0123456789abcdefghijkb123";

/// A house with Ann in it, who has a key and looks at her empty chat.
async fn ann(browser: &Browser) -> (House, Tab) {
    let house = House::start().await;
    let tab = ann_in(browser, &house).await;
    (house, tab)
}

async fn ann_in(browser: &Browser, house: &House) -> Tab {
    let ann = house.user("ann").await;
    ann.save_key("openai", KEY).await;
    let tab = signed_in(browser, house, "ann").await;
    tab.until("location.pathname === '/chat'").await;
    tab
}

/// An answer of so many words, one after the other.
fn slowly(words: usize, pause: Duration) -> Behaviour {
    let text: Vec<String> = (1..=words).map(|number| format!("word{number}")).collect();
    Behaviour::Answer(Reply { text: text.join(" "), chunk_delay: pause, chunks: 0 })
}

/// Writes and sends.
async fn say(tab: &Tab, text: &str) {
    tab.fill("Message", text).await;
    tab.press("Enter").await;
}

/// Writes a first message and waits until its conversation has an address.
async fn begin(tab: &Tab, text: &str) {
    say(tab, text).await;
    tab.until("/^\\/chat\\/[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'").await;
}

/// Waits until what was said last is answered, and no answer is coming.
async fn rests(tab: &Tab) {
    tab.until(
        "document.querySelector('#thread > article:last-of-type')?.classList.contains('answer') \
         && !document.querySelector('[data-state=running]')",
    )
    .await;
}

/// The last call that asked a model: its name and its body.
fn last_call(house: &House) -> (String, String) {
    let log = house.sim.log();
    let call = log.iter().rev().find_map(|call| Some((call.model.clone()?, &call.body)));
    call.map(|(model, body)| (model, String::from_utf8_lossy(body).into_owned())).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sends_a_message_and_sees_the_answer_stream() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    house.sim.set_default(slowly(40, Duration::from_millis(40)));
    begin(&tab, "Count, please").await;
    tab.see("word3").await;
    assert!(!tab.text().await.contains("word40"), "it comes word by word");
    tab.see("word40").await;
    rests(&tab).await;
    tab.see("to first token").await;
    tab.see("your key “").await;
    tab.see(" out").await;
    assert!(tab.has("heading", "Count, please").await, "the conversation is called by its first line");
    assert!(tab.has("link", "Count, please").await, "and stands in the list");
    say(&tab, "And once more").await;
    tab.until("document.querySelectorAll('#thread article.answer').length === 2").await;
    rests(&tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_block_is_never_written_again() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    let text =
        "First paragraph, all of it.\n\nSecond one.\n\nThird one that takes its time to come to an end.".to_owned();
    let pause = Duration::from_millis(60);
    house.sim.set_default(Behaviour::Answer(Reply { text, chunk_delay: pause, chunks: 0 }));
    begin(&tab, "Three paragraphs").await;
    tab.until("document.querySelector('.md .block[data-final]') !== null").await;
    tab.evaluate("window.first = document.querySelector('.md .block[data-final]').firstElementChild; true").await;
    rests(&tab).await;
    tab.see("come to an end").await;
    tab.until("window.first.isConnected").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_stopped_by_escape_and_by_the_button() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    house.sim.set_default(slowly(2_000, Duration::from_millis(40)));
    begin(&tab, "Count far").await;
    tab.see("word3").await;
    let since = house.sim.elapsed();
    tab.press("Escape").await;
    let ended = |calls: &[Call]| {
        let call = calls.iter().rev().find(|call| call.model.is_some())?;
        call.ended.filter(|_| call.finished == Finished::ClientGone)
    };
    let calls = house.sim.wait_for(|calls| ended(calls).is_some()).await.unwrap();
    let took = ended(&calls).unwrap().saturating_sub(since);
    println!("Esc: seen by the provider after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    rests(&tab).await;
    tab.see("stopped").await;
    say(&tab, "Count again").await;
    tab.until("document.querySelectorAll('article.answer')[1]?.innerText.includes('word3')").await;
    tab.click("button", "Stop the answer").await;
    rests(&tab).await;
    assert!(!tab.text().await.contains("word1999"));
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_and_a_second_tab_go_on_with_a_running_answer() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    house.sim.set_default(slowly(60, Duration::from_millis(60)));
    begin(&tab, "Count for both of us").await;
    tab.see("word5").await;
    tab.reload().await;
    tab.see("word10").await;
    let second = browser.open_beside(&tab).await;
    second.go(&tab.path().await).await;
    // A tab that nobody looks at lets go of the stream, and catches up.
    for reader in [&second, &tab] {
        reader.front().await;
        reader.see("word60").await;
        rests(reader).await;
        reader.see("to first token").await;
    }
    assert_eq!(house.sim.log().iter().filter(|call| call.model.is_some()).count(), 1);
    second.front().await;
    say(&second, "Something else").await;
    tab.front().await;
    tab.see("Something else").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    assert_eq!(second.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_further_up_is_not_moved() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    let lines: Vec<String> = (1..=120).map(|number| format!("Line {number}")).collect();
    let pause = Duration::from_millis(15);
    house.sim.set_default(Behaviour::Answer(Reply { text: lines.join("\n\n"), chunk_delay: pause, chunks: 0 }));
    begin(&tab, "Many lines").await;
    tab.see("Line 40").await;
    tab.evaluate("document.getElementById('scroller').scrollTop = 0; true").await;
    tab.until("!document.getElementById('latest').hidden").await;
    rests(&tab).await;
    assert_eq!(tab.evaluate("document.getElementById('scroller').scrollTop").await, serde_json::json!(0));
    tab.click("button", "Jump to latest").await;
    tab.until("document.getElementById('latest').hidden").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_by_keyboard_and_on_a_phone() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    tab.evaluate("document.activeElement.blur(); true").await;
    tab.press("?").await;
    tab.see("Keyboard shortcuts").await;
    tab.press("Escape").await;
    tab.press_with("Escape", 8).await;
    tab.focused("textarea Message").await;
    tab.press_with("k", 2).await;
    tab.focused("input Search your conversations").await;
    tab.press_with("O", 2 | 8).await;
    tab.until("location.pathname === '/chat'").await;
    tab.set_view(View::PHONE).await;
    tab.reload().await;
    tab.until("document.documentElement.scrollWidth <= document.documentElement.clientWidth").await;
    tab.click("button", "Conversations").await;
    tab.click("link", "Hello").await;
    tab.until("location.pathname !== '/chat'").await;
    tab.see("Hello from the scripted provider.").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_keeps_nobody_out_and_is_light() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    let chat = tab.path().await;
    let beside = browser.open_beside(&tab).await;
    beside.go(&chat).await;
    // What the end of the answer has fetched again is the page, not its cost.
    let requests = beside.requests();
    let again = requests.iter().filter(|request| request.ends_with(&chat)).count().saturating_sub(1);
    assert!(requests.len() - again <= 12, "{requests:#?}");
    let pages = [chat.clone(), "/chat".to_owned(), format!("{chat}/about"), format!("{chat}/switch")];
    has_no_barriers(&tab, &pages.each_ref().map(String::as_str)).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
