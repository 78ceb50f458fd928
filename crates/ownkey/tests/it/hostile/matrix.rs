//! Every fault, every wire it may come on, every client it may meet, whole and
//! streamed.

use std::collections::BTreeMap;
use std::time::Duration;

use llm::client::Clocks;
use testkit::{Client, House, Options};

use super::faults::{FAULTS, script};
use super::{CLIENTS, MODELS, Speaks, ann_with_all_keys};

/// Calls under way at once.
const AT_ONCE: usize = 64;

fn options() -> Options {
    let clocks = Clocks {
        first_header: Duration::from_millis(400),
        first_header_streaming: Duration::from_millis(400),
        idle: Duration::from_millis(400),
        total: Duration::from_millis(1200),
        ..Clocks::default()
    };
    Options { clocks, raw: Some(script()), ..Options::default() }
}

/// One call of the matrix.
#[derive(Clone, Debug)]
struct Cell {
    fault: &'static str,
    model: &'static str,
    speaks: Speaks,
    stream: bool,
}

impl Cell {
    fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for (fault, _) in FAULTS {
            for model in MODELS {
                for speaks in CLIENTS {
                    cells.extend([false, true].map(|stream| Self { fault, model, speaks, stream }));
                }
            }
        }
        cells
    }

    fn id(&self) -> String {
        let model = self.model.split('/').next().unwrap_or_default();
        format!("{}.{model}.{:?}.{}", self.fault, self.speaks, self.stream)
    }

    async fn ask(self, client: Client) -> (Self, String) {
        let prompt = format!("fault={}.", self.fault);
        let answer = self.speaks.ask(&client, (self.model, self.stream), &prompt, &self.id()).await;
        let told = self.speaks.told(&answer);
        (self, told)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_in_the_clients_words_and_kept_in_the_ledger() {
    let house = House::start_with(options()).await;
    let ann = ann_with_all_keys(&house).await;
    let mut told: BTreeMap<String, (Cell, String)> = BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    for cell in Cell::all() {
        if running.len() >= AT_ONCE {
            if let Ok((cell, said)) = running.join_next().await.unwrap() {
                let (cell, said): (Cell, String) = (cell, said);
                told.insert(cell.id(), (cell, said));
            }
        }
        running.spawn(cell.ask(ann.client.clone()));
    }
    while let Some(done) = running.join_next().await {
        let Ok((cell, said)) = done else { continue };
        told.insert(cell.id(), (cell, said));
    }
    house.ledger_is_written().await;
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sql = "SELECT client_request_id, state, COALESCE(error_class, '-'), COALESCE(usage_source, '-'), \
               COALESCE(CAST(prompt_tokens AS TEXT), '?'), COALESCE(CAST(completion_tokens AS TEXT), '?') \
               FROM attempts ORDER BY number";
    for row in house.raw_database().await.rows(sql).await {
        rows.entry(row[0].clone()).or_default().push(row[1..].join(" "));
    }
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, (cell, said)) in &told {
        let row = rows.get(id).map_or("no row".to_owned(), |rows| rows.join(" + "));
        let place = FAULTS.iter().position(|(name, _)| *name == cell.fault).unwrap();
        let kind = if cell.stream { "stream" } else { "whole" };
        let model = cell.model.split('/').next().unwrap_or_default();
        seen.entry(format!("{place:02} {} {kind}: {said} | {row}", cell.fault)).or_default().push(format!("{model}-{:?}", cell.speaks));
    }
    for (line, cells) in &seen {
        println!("{line}   [{}] {}", cells.len(), cells.join(" "));
    }
    panic!("shown");
}
