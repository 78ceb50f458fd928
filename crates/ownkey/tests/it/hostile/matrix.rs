//! Every fault, every wire it may come on, every client it may meet, whole and
//! streamed.

use std::collections::BTreeMap;
use std::time::Duration;

use llm::client::Clocks;
use testkit::{Client, House, Options};
use tokio::task::JoinSet;

use super::faults::{FAULTS, script};
use super::{CLIENTS, MODELS, Speaks, ann_with_all_keys};

/// Calls under way at once.
const AT_ONCE: usize = 64;

/// Clocks that the faults of [`is_slow`] run against.
const SHORT: Clocks = Clocks {
    connect: Duration::from_secs(10),
    first_header: Duration::from_secs(1),
    first_header_streaming: Duration::from_secs(1),
    idle: Duration::from_secs(1),
    keep_alive: Duration::from_secs(15),
    total: Duration::from_secs(2),
};

/// Whether a fault is about time: the others are met under clocks that never end
/// them, however busy the machine is.
fn is_slow(fault: &str) -> bool {
    EXPECTED.iter().any(|(name, whole, _)| *name == fault && whole.contains(&SILENT))
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
    fn all(wanted: fn(&str) -> bool) -> Vec<Self> {
        let mut cells = Vec::new();
        for (fault, _) in FAULTS.iter().filter(|(fault, _)| wanted(fault)) {
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

/// An answer with everything in it, and its counts.
const ANSWERED: &str = "answered, settled - provider";
/// An answer whose counts cannot be believed.
const UNCOUNTED: &str = "answered, settled - unknown";
/// An answer whose counts were lost.
const ESTIMATED: &str = "answered, settled - estimated";
/// No answer in time, and nobody knows what it cost.
const SILENT: &str = "504, failed timeout unknown";
/// Silence after the first words.
const FELL_SILENT: &str = "broke off, failed timeout estimated";
/// The end of the connection after the first words.
const BROKE_OFF: &str = "broke off, failed stream_truncated estimated";
/// The end of the connection before them.
const CUT: &str = "502, failed stream_truncated unknown";
/// The same after an event without a word.
const CUT_LATER: &str = "broke off, failed stream_truncated unknown";
/// No answer in HTTP.
const GONE: &str = "502, failed unreachable unknown";
/// Bytes that are no answer: it may have been one.
const UNREADABLE: &str = "502, failed server_error unknown";
/// The provider's own word that it failed.
const FAILED: &str = "502, failed server_error provider";
/// The same after the first words.
const FAILED_LATER: &str = "broke off, failed server_error estimated";
/// The same for a status that may be tried once more.
const FAILED_TWICE: &str = "502, failed server_error provider, failed server_error provider";

/// What each fault comes to, asked for as a whole and as a stream. Several: wires
/// differ in what they leave readable.
const EXPECTED: &[(&str, &[&str], &[&str])] = &[
    ("none", &[ANSWERED], &[ANSWERED]),
    ("hang-before-headers", &[SILENT], &[SILENT]),
    ("hang-in-headers", &[SILENT], &[SILENT]),
    ("hang-after-headers", &[SILENT], &[SILENT]),
    ("hang-mid", &[SILENT], &[FELL_SILENT]),
    ("drip-headers", &[SILENT], &[SILENT]),
    ("drip-in-event", &[SILENT], &[FELL_SILENT]),
    ("endless", &[SILENT], &[FELL_SILENT]),
    ("close", &[GONE], &[GONE]),
    ("cut", &[CUT], &[BROKE_OFF]),
    ("cut-in-chunk", &[CUT], &[BROKE_OFF]),
    ("short-of-its-length", &[CUT], &[CUT]),
    ("bad-chunk-size", &[CUT], &[BROKE_OFF]),
    ("no-end-mark", &[UNREADABLE], &[BROKE_OFF]),
    ("empty", &[UNREADABLE], &[CUT]),
    ("gzip", &[UNREADABLE], &[UNREADABLE]),
    ("html", &[UNREADABLE], &[UNREADABLE]),
    ("json-for-a-stream", &[ANSWERED], &[ANSWERED]),
    ("stream-for-json", &[UNREADABLE], &[ANSWERED]),
    ("no-content-type", &[ANSWERED], &[UNREADABLE]),
    // Ollama's lines are JSON, each of them.
    ("null", &[UNREADABLE], &[CUT, FAILED]),
    ("wrong-shapes", &[UNREADABLE], &[CUT, CUT_LATER]),
    ("error-in-200", &[FAILED], &[FAILED]),
    ("error-first", &[FAILED], &[FAILED]),
    ("error-mid", &[FAILED], &[FAILED_LATER]),
    ("invalid-utf8", &[UNREADABLE], &[ANSWERED]),
    ("lone-surrogate", &[ANSWERED], &[ANSWERED]),
    ("escaped-nul", &[ANSWERED], &[ANSWERED]),
    ("raw-nul", &[UNREADABLE], &[ANSWERED, FAILED_LATER]),
    ("negative-usage", &[UNCOUNTED], &[UNCOUNTED]),
    ("huge-usage", &[UNCOUNTED], &[UNCOUNTED]),
    ("textual-usage", &[UNCOUNTED], &[UNCOUNTED]),
    ("nested-usage", &[UNCOUNTED], &[UNCOUNTED]),
    ("two-content-types", &[ANSWERED], &[ANSWERED]),
    ("two-lengths", &[GONE], &[GONE]),
    ("length-and-chunks", &[ANSWERED], &[ANSWERED]),
    ("continue-and-hints-first", &[ANSWERED], &[ANSWERED]),
    ("only-hints", &[GONE], &[GONE]),
    ("switching-protocols", &[FAILED], &[FAILED]),
    ("204", &[UNREADABLE], &[UNREADABLE]),
    ("304", &[FAILED], &[FAILED]),
    ("302", &[FAILED], &[FAILED]),
    ("status-of-999", &[FAILED_TWICE], &[FAILED_TWICE]),
    ("status-of-42", &[GONE], &[GONE]),
    ("no-http", &[GONE], &[GONE]),
    ("headers-of-300-kib", &[GONE], &[GONE]),
    ("a-thousand-headers", &[GONE], &[GONE]),
    ("deep-nesting", &[UNREADABLE], &[ANSWERED, ESTIMATED, FAILED]),
    ("many-tools", &[ANSWERED], &[ANSWERED]),
    ("tool-of-1e9", &[ANSWERED], &[ANSWERED]),
    ("tool-of-2e64", &[ANSWERED], &[ANSWERED]),
];

/// What the client was told, without what differs between clients, each of whom
/// is told in words of its own.
fn outcome(cell: &Cell, told: &str) -> String {
    let kind = match (cell.speaks, told.contains("timeout") || told.starts_with("504")) {
        (Speaks::Chat, false) => "api_error provider_error",
        (Speaks::Chat, true) => "api_error provider_timeout",
        (Speaks::Responses, is_late) if told.starts_with("stream") => {
            if is_late {
                "provider_timeout"
            } else {
                "provider_error"
            }
        }
        (Speaks::Responses, false) => "api_error provider_error",
        (Speaks::Responses, true) => "api_error provider_timeout",
        (Speaks::Messages, _) => "api_error",
        (Speaks::Gemini, _) => "INTERNAL",
    };
    if let Some(status) = told.strip_suffix(kind) {
        return if status.starts_with("stream") { "broke off".to_owned() } else { status.trim().to_owned() };
    }
    let form = if cell.stream { "stream \"" } else { "whole \"" };
    if told.starts_with(form) && told.ends_with('"') { "answered".to_owned() } else { told.to_owned() }
}

async fn asked(cells: Vec<Cell>, client: &Client) -> Vec<(Cell, String)> {
    let (mut running, mut told) = (JoinSet::new(), Vec::new());
    for cell in cells {
        if running.len() >= AT_ONCE {
            told.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(cell.ask(client.clone()));
    }
    told.extend(running.join_all().await);
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_silence_ends_in_time_in_the_clients_words_and_in_the_ledger() {
    are_as_expected(SHORT, Cell::all(is_slow)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_in_the_clients_words_and_kept_in_the_ledger() {
    are_as_expected(Clocks::default(), Cell::all(|fault| !is_slow(fault))).await;
}

async fn are_as_expected(clocks: Clocks, cells: Vec<Cell>) {
    let house = House::start_with(Options { clocks, raw: Some(script()), ..Options::default() }).await;
    let ann = ann_with_all_keys(&house).await;
    let told = asked(cells, &ann.client).await;
    house.ledger_is_written().await;
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sql = "SELECT client_request_id, state, COALESCE(error_class, '-'), COALESCE(usage_source, '-') \
               FROM attempts ORDER BY number";
    for row in house.raw_database().await.rows(sql).await {
        rows.entry(row[0].clone()).or_default().push(row[1..].join(" "));
    }
    let mut wrong = Vec::new();
    for (cell, said) in &told {
        let row = rows.get(&cell.id()).map_or_else(String::new, |rows| rows.join(", "));
        let seen = format!("{}, {row}", outcome(cell, said));
        let (_, whole, stream) = EXPECTED.iter().find(|(fault, ..)| *fault == cell.fault).unwrap();
        let expected = if cell.stream { stream } else { whole };
        if !expected.contains(&seen.as_str()) {
            wrong.push(format!("{}: {said}: {seen}", cell.id()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), told.len(), wrong.join("\n"));
    let after = Cell { fault: "none", model: MODELS[0], speaks: Speaks::Chat, stream: false };
    assert_eq!(after.ask(ann.client.clone()).await.1, "whole \"Hello there\"");
}
