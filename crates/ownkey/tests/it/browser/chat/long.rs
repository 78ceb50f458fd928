//! A conversation of two hundred messages and a hundred thousand tokens: at hand
//! at once, and no stutter while the next answer comes.

use std::time::{Duration, Instant};

use provider_sim::{Behaviour, Reply};
use serde_json::json;
use testkit::{Browser, House};

use super::{ann, begin, rests, say};

/// A page of Markdown, about two thousand tokens with a question.
fn essay(number: usize) -> String {
    let paragraph = "Gateways are at their best when nobody notices them: the words arrive as fast as the provider \
                     sends them, the right key pays, and the count at the end is the count on the invoice. ";
    let code = "```rust\nfn total(calls: &[Call]) -> u64 {\n    calls.iter().map(|call| call.tokens).sum()\n}\n```";
    let table = "| key | calls | cost |\n|---|---:|---:|\n| work | 1,204 | $2.31 |\n| home | 87 | $0.12 |";
    let part = format!("{}\n\n- **one** thing\n- `another` one\n\n{code}\n\n{table}\n\n", paragraph.repeat(4));
    format!("## Part {number}\n\n{}", part.repeat(4))
}

/// Puts two hundred messages where the one exchange of this chat is, without asking anybody.
async fn fill(house: &House, chat: &str) {
    let mut tables = house.raw_database().await;
    let first =
        tables.rows(&format!("SELECT id, author FROM messages WHERE conversation_id = '{chat}' ORDER BY id")).await;
    let mut parent = first[1][0].clone();
    let columns = "reasoning, reasoning_ms, node_id, stop_asked, model, provider, credential_id, scope, request_id, \
                   prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_nanos, \
                   first_token_ms, latency_ms, finish, dropped, error_code, error_sentence, error_class, state, created_at";
    tables.execute("BEGIN").await;
    for number in 1..=198_usize {
        let (like, text) = if number % 2 == 1 {
            (&first[0], format!("Question {number}: {}", "what about this? ".repeat(10)))
        } else {
            (&first[1], essay(number))
        };
        let parts = json!([{"type": "text", "text": text}]).to_string().replace('\'', "''");
        // Ids tell the order of time.
        let id = format!("{}{number:012x}", parent.chars().take(24).collect::<String>());
        tables
            .execute(&format!(
                "INSERT INTO messages (id, conversation_id, parent_id, author, parts, search, {columns}) \
                 SELECT '{id}', conversation_id, '{parent}', author, '{parts}', '', {columns} FROM messages \
                 WHERE id = '{}'",
                like[0]
            ))
            .await;
        parent = id;
    }
    tables.execute(&format!("UPDATE conversations SET leaf_id = '{parent}' WHERE id = '{chat}'")).await;
    tables.execute("COMMIT").await;
}

/// Watches from now on: changes of what stands above, and what keeps the page from answering.
const WATCH: &str = "window.changes = 0; window.long = []; \
    window.blocks = [...document.querySelectorAll('#thread .block')]; \
    const isAbove = (node) => { const part = node.closest ? node : node.parentElement; \
      return part?.closest('.md') && !part.closest('article:nth-last-of-type(-n+2)'); }; \
    new MutationObserver((all) => { window.changes += all.filter((one) => isAbove(one.target)).length; })\
    .observe(document.getElementById('thread'), { subtree: true, childList: true, characterData: true }); \
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => Math.round(one.duration))))\
    .observe({ type: 'longtask' }); window.blocks.length";

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_at_hand_at_once_and_does_not_stutter() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "The beginning").await;
    rests(&tab).await;
    let path = tab.path().await;
    fill(&house, path.rsplit('/').next().unwrap()).await;
    let since = Instant::now();
    tab.go(&path).await;
    tab.until("!document.querySelector('#composer fieldset').disabled").await;
    let loaded = since.elapsed();
    tab.until("document.querySelectorAll('#thread article').length === 200").await;
    let usable =
        tab.evaluate("Math.round(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd)").await;
    let bytes = tab.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize").await;
    tab.until("document.getElementById('latest').hidden").await;
    let blocks = tab.evaluate(WATCH).await;
    assert!(blocks.as_u64() > Some(1_500), "{blocks}");
    let reply = Reply { text: essay(200), chunk_delay: Duration::from_millis(4), chunks: 0 };
    house.sim.set_default(Behaviour::Answer(reply));
    say(&tab, "And then?").await;
    tab.until("document.querySelectorAll('#thread article').length === 202").await;
    rests(&tab).await;
    tab.until("window.blocks.every((block) => block.isConnected)").await;
    assert_eq!(tab.evaluate("window.changes").await, json!(0), "what stands above is never touched");
    let long = tab.evaluate("window.long").await;
    println!(
        "200 messages: {loaded:?} to load, usable after {usable} ms, {bytes} bytes, {blocks} blocks; long tasks {long}"
    );
    let longest = long.as_array().unwrap().iter().filter_map(serde_json::Value::as_u64).max().unwrap_or(0);
    // Quiet, none is over 100 ms; a loaded machine takes its time for everything.
    assert!(longest < 1_000, "{long}");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
