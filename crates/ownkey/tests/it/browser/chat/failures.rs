//! When there is no answer: what happened is said, with a way on; and what is
//! said to people who cannot see it.

use std::time::Duration;

use provider_sim::Behaviour;
use serde_json::json;
use testkit::{Browser, Tab};

use super::{ann, begin, rests, say, slowly};

/// Gathers everything that is announced from now on.
const LISTEN: &str = "window.heard = []; new MutationObserver(() => window.heard.push(document.getElementById('said')\
                      .textContent)).observe(document.getElementById('said'), { childList: true, characterData: true, \
                      subtree: true }); true";

/// Asks, and waits for the failure that says this.
async fn fails(tab: &Tab, answers: usize, words: &str) {
    say(tab, "And now?").await;
    tab.until(&format!("document.querySelectorAll('article.answer').length === {answers}")).await;
    rests(tab).await;
    tab.see(words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_said_with_a_way_on() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    // One that breaks off keeps what came.
    house.sim.set_default(Behaviour::TruncatedStream { after_chunks: 2 });
    fails(&tab, 2, "Request").await;
    tab.until("document.querySelector('article.answer:last-of-type .md').innerText.trim() !== ''").await;
    tab.until("document.querySelector('article.answer:last-of-type .failure + .under') !== null").await;
    tab.find("button", "Try again").await;
    tab.find("link", "Choose another").await;
    house.sim.set_default(Behaviour::Status5xx(503));
    fails(&tab, 3, "OpenAI").await;
    house.sim.set_default(slowly(3, Duration::ZERO));
    // A key that was told to wait is asked again after its pause.
    house.pass(Duration::from_secs(3_600));
    tab.evaluate("[...document.querySelectorAll('.failure button')].at(-1).click()").await;
    tab.see("2/2").await;
    tab.see("word3").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_is_left_by_escape_also_after_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    house.sim.set_default(Behaviour::HangBeforeHeaders);
    begin(&tab, "Anybody there?").await;
    tab.until("document.querySelector('[data-state=running]') !== null").await;
    tab.reload().await;
    tab.until("document.querySelector('[data-state=running]') !== null").await;
    tab.find("button", "Stop the answer").await;
    tab.press("Escape").await;
    rests(&tab).await;
    tab.see("stopped").await;
    house.sim.set_default(slowly(2, Duration::ZERO));
    say(&tab, "Once more").await;
    tab.see("word2").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_credit_is_named_with_what_to_do() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    house.sim.set_default(Behaviour::NoCredit);
    fails(&tab, 2, "credit").await;
    tab.until("document.getElementById('lock').innerText.includes('(…b123)')").await;
    tab.find("link", "Choose another key").await;
    assert!(!tab.evaluate("document.querySelector('#composer fieldset').disabled").await.as_bool().unwrap());
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_start_and_the_end_of_an_answer_are_announced() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "Hello").await;
    rests(&tab).await;
    house.sim.set_default(slowly(20, Duration::from_millis(40)));
    tab.evaluate(LISTEN).await;
    say(&tab, "Count").await;
    tab.see("word20").await;
    rests(&tab).await;
    tab.until("window.heard.includes('Answer finished')").await;
    assert_eq!(tab.evaluate("window.heard").await, json!(["Answer started", "Answer finished"]));
    // The stream itself is in no region that is read out.
    let read_out = "document.querySelector('.md').closest('[aria-live], [role=status], [role=log]') === null";
    tab.until(read_out).await;
    house.sim.set_default(slowly(2_000, Duration::from_millis(40)));
    say(&tab, "Count far").await;
    tab.until("document.querySelectorAll('article.answer').length === 3").await;
    tab.until("document.querySelector('article.answer:last-of-type').innerText.includes('word2')").await;
    tab.press("Escape").await;
    rests(&tab).await;
    tab.until("window.heard.at(-1) === 'Answer stopped'").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
