//! `bench screens`: pictures of the main pages, as somebody sees them who has
//! used Ownkey for two weeks. Made for `docs/screens`.

use std::path::Path;
use std::time::Duration;

use provider_sim::Script;
use serde_json::json;
use testkit::{Tab, View};

use crate::Failure;
use crate::visit::{KEYS, Visit};

/// Days with calls before the pictures are taken.
const DAYS: u32 = 14;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The pages and what their pictures are called.
const PAGES: [(&str, &str); 7] = [
    ("chat", ""),
    ("keys", "/keys"),
    ("models", "/language-models"),
    ("playground", "/playground"),
    ("usage", "/usage"),
    ("tokens", "/tokens"),
    ("status", "/status"),
];

/// What was asked of which model, again and again.
const CALLS: [(&str, &str, usize); 6] = [
    ("gpt-6.1-terra", "Summarise the incident report", 90),
    ("claude-sonnet-5-5", "Review this function", 140),
    ("gpt-4.1-mini", "Classify the ticket", 30),
    ("gemini-3.8-flash", "Describe the picture", 60),
    ("claude-haiku-4-5", "Translate the notice", 40),
    ("gpt-6.1-terra", "Write the release notes", 70),
];

/// Conversations, the last one in the picture.
const ASKED: [&str; 4] = [
    "Which index serves a query by day and model?",
    "Translate the notice for the notice board.",
    "Write a shell script that finds the ten largest files below a directory.",
    "Compare SQLite and PostgreSQL for a small web service, as a table.",
];

/// Writes `<page>-<light|dark>-<width>.png` for each page and view.
pub(crate) async fn run(directory: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)?;
    let script = Script::demo();
    let visit = Visit::begin(script, DAY * DAYS).await?;
    live(&visit).await?;
    let tab = visit.signed_in().await;
    for words in ASKED {
        ask(&tab, words).await;
    }
    let chat = tab.path().await;
    for view in [View::DESKTOP, View::DESKTOP.dark(), View::PHONE] {
        tab.set_view(view).await;
        for (name, path) in PAGES {
            tab.go(if path.is_empty() { &chat } else { path }).await;
            tab.until("document.querySelector('[aria-busy=true]') === null").await;
            let file = directory.join(format!("{name}-{}.png", view.name()));
            tab.window(&file).await;
            println!("{}", file.display());
        }
    }
    let complaints = tab.complaints();
    if complaints.is_empty() { Ok(()) } else { Err(format!("the browser complains: {complaints:?}").into()) }
}

/// Two weeks: keys, a token, and calls that differ from day to day.
async fn live(visit: &Visit) -> Result<(), Failure> {
    for key in KEYS {
        visit.save_key(key).await;
    }
    let client = visit.ann.gateway_client_with(&json!({"name": "laptop"})).await;
    for day in 0..=DAYS {
        for (place, (model, prompt, words)) in CALLS.iter().enumerate() {
            let is_busy = |number: usize| (day as usize + place * 3 + number * 5) % 7 < 4;
            for number in (0..6).filter(|number| is_busy(*number)) {
                let content = format!("{prompt}. {}", "and so on ".repeat(words * (number + 1)));
                let body =
                    json!({"model": model, "max_tokens": 800, "messages": [{"role": "user", "content": content}]});
                let answer = client.post("/v1/chat/completions", &body).await;
                if answer.status != 200 {
                    return Err(format!("{model}: {}", answer.text()).into());
                }
            }
        }
        if day < DAYS {
            visit.house.pass(DAY);
        }
    }
    visit.house.ledger_is_written().await;
    Ok(())
}

/// Begins a conversation and waits for its answer.
async fn ask(tab: &Tab, words: &str) {
    tab.go("/chat").await;
    tab.fill("Message", words).await;
    tab.press("Enter").await;
    tab.until("document.querySelector('#thread article') && !document.querySelector('[data-state=running]') && /^.chat.[0-9a-f-]{36}$/.test(location.pathname)")
        .await;
}
