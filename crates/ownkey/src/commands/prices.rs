//! `ownkey prices …`

use std::path::Path;

use http::Method;
use serde_json::{Number, Value, json};

use super::{encoded, output};
use crate::Failure;
use crate::cli::{Prices, PricesEstimate, PricesSet};
use crate::transport::Transport;

/// The largest list taken, in bytes.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The most differences that are printed.
const SHOWN: usize = 100;

pub(super) async fn run(transport: &Transport, command: Prices, as_json: bool) -> Result<(), Failure> {
    let (answer, show): (Value, fn(&Value)) = match command {
        Prices::List { provider, search, only } => {
            (list(transport, &[("provider", provider), ("search", search), ("only", only)]).await?, show_list)
        }
        Prices::Show { model } => (transport.call(Method::GET, &path(&model), None).await?, show_one),
        Prices::Set(set) => (transport.call(Method::PATCH, "/v2/prices", Some(&body_of(&set)?)).await?, show_set),
        Prices::Import { file, dry_run, starts, confirm } => {
            let query = format!("dry_run={dry_run}&confirm={confirm}");
            (import(transport, &file, query, starts.as_deref()).await?, show_import)
        }
        Prices::Estimate(asked) => (estimate(transport, &asked).await?, show_estimate),
    };
    if as_json {
        output::json(&answer);
    } else {
        show(&answer);
    }
    Ok(())
}

/// All pages of the list as one.
async fn list(transport: &Transport, filters: &[(&str, Option<String>)]) -> Result<Value, Failure> {
    let mut path = "/v2/prices?limit=500".to_owned();
    for (name, value) in filters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        path.push_str(&format!("&{name}={}", encoded(value)));
    }
    let mut prices = Vec::new();
    loop {
        let page = transport.call(Method::GET, &format!("{path}&skip={}", prices.len()), None).await?;
        let rows = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        prices.extend_from_slice(rows);
        if rows.is_empty() || prices.len() as u64 >= page["count"].as_u64().unwrap_or_default() {
            return Ok(json!({"count": prices.len(), "data": prices}));
        }
    }
}

/// Where a model's price is; its slashes stay.
fn path(model: &str) -> String {
    let segments: Vec<String> = model.split('/').map(|segment| encoded(segment).replace('+', "%20")).collect();
    format!("/v2/prices/{}", segments.join("/"))
}

fn body_of(set: &PricesSet) -> Result<Value, Failure> {
    let (provider, model) = set
        .model
        .split_once('/')
        .ok_or_else(|| Failure::new("Name the model with its provider before it: openai/gpt-5-mini."))?;
    let mut price = json!({});
    let rates = [
        ("input_token_price", &set.input),
        ("output_token_price", &set.output),
        ("cached_input_token_price", &set.cached),
        ("cache_write_token_price", &set.cache_write),
        ("cache_write_1h_token_price", &set.cache_write_1h),
    ];
    for (name, typed) in rates {
        if let Some(typed) = typed {
            let number: Number = serde_json::from_str(typed)
                .map_err(|_| Failure::new(format!("“{typed}” is no price. Write dollars per million tokens: 1.25.")))?;
            price[name] = Value::Number(number);
        }
    }
    let mut new =
        json!({"provider": provider, "model": model, "price": if set.catalogue { Value::Null } else { price }});
    for (name, value) in [("starts_at", &set.starts), ("note", &set.note)] {
        if let Some(value) = value {
            new[name] = json!(value);
        }
    }
    Ok(json!({"prices": [new], "confirm": set.confirm}))
}

async fn import(transport: &Transport, file: &Path, query: String, starts: Option<&str>) -> Result<Value, Failure> {
    let text = super::file::read(file, FILE_BYTES, "is larger than 8 MB, which no list of prices is.")?;
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("The file is no JSON (line {}, column {}).", error.line(), error.column()))
    })?;
    let mut path = format!("/v2/prices/import?{query}");
    if let Some(starts) = starts {
        path.push_str(&format!("&starts_at={}", encoded(starts)));
    }
    transport.call(Method::POST, &path, Some(&document)).await
}

async fn estimate(transport: &Transport, asked: &PricesEstimate) -> Result<Value, Failure> {
    let body = json!({
        "model": asked.model, "input_tokens": asked.input, "output_tokens": asked.output,
        "cached_input_tokens": asked.cached, "calls": asked.calls,
    });
    transport.call(Method::POST, "/v2/prices/estimate", Some(&body)).await
}

/// Input, output and cached input of a price; nothing: unpriced.
fn figures(price: &Value) -> [String; 3] {
    if price.is_null() {
        return ["unpriced".to_owned(), String::new(), String::new()];
    }
    ["input_token_price", "output_token_price", "cached_input_token_price"].map(|name| output::text(price, name))
}

fn show_list(list: &Value) {
    let rows = output::rows(list, |line| {
        let [input, output, cached] = figures(&line["price"]);
        let model = format!("{}/{}", output::text(line, "provider"), output::text(line, "model"));
        vec![model, input, output, cached, output::text(line, "source"), output::text(line, "since")]
    });
    if rows.is_empty() {
        output::line("No model is like that.");
    } else {
        output::table(&["MODEL", "$ IN / 1M", "$ OUT / 1M", "$ CACHED / 1M", "SOURCE", "SINCE"], &rows);
    }
}

fn show_one(answer: &Value) {
    show_list(&json!({"data": [answer["now"]]}));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for entry in answer["history"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let [input, output, cached] = figures(&entry["price"]);
        let (starts, standing) = (output::text(entry, "starts_at"), output::text(entry, "standing"));
        rows.push(vec![starts, standing, output::text(entry, "source"), input, output, cached]);
    }
    for entry in answer["catalogue"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let [input, output, cached] = figures(&entry["price"]);
        rows.push(vec![output::text(entry, "starts_at"), String::new(), "catalogue".to_owned(), input, output, cached]);
    }
    output::line("");
    output::table(&["STARTS", "", "SOURCE", "$ IN / 1M", "$ OUT / 1M", "$ CACHED / 1M"], &rows);
}

fn show_set(answer: &Value) {
    for entry in answer["data"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = format!("{}/{}", output::text(entry, "provider"), output::text(entry, "model"));
        let starts = output::text(entry, "starts_at");
        output::line(&format!("Set for {name} from {starts} on. Calls already made keep their price."));
    }
}

fn show_import(plan: &Value) {
    let differences = plan["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    let percent = |one: &Value, name: &str| match &one[name] {
        Value::Number(number) => format!("{number} %"),
        _ => String::new(),
    };
    let rows: Vec<Vec<String>> = differences
        .iter()
        .take(SHOWN)
        .map(|one| {
            let [input, output, _] = figures(&one["new"]);
            let model = format!("{}/{}", output::text(one, "provider"), output::text(one, "model"));
            let (more_in, more_out) = (percent(one, "input_change_percent"), percent(one, "output_change_percent"));
            vec![model, output::text(one, "change"), input, more_in, output, more_out]
        })
        .collect();
    if !rows.is_empty() {
        output::table(&["MODEL", "", "$ IN / 1M", "", "$ OUT / 1M", ""], &rows);
    }
    if differences.len() > SHOWN {
        output::line(&format!("… and {} more (--json has all).", differences.len() - SHOWN));
    }
    for one in plan["refused"].as_array().map(Vec::as_slice).unwrap_or_default() {
        output::line(&format!("Refused: {} {}", output::text(one, "name"), output::text(one, "reason")));
    }
    let number = |name: &str| output::text(plan, name);
    output::line(&format!(
        "{} from {}: {} new, {} changed, {} the same, {} left out, {} refused.",
        if plan["dry_run"] == true { "Would take" } else { "Took" },
        number("source"),
        number("added"),
        number("changed"),
        number("unchanged"),
        number("skipped_count"),
        number("refused_count"),
    ));
}

fn show_estimate(estimate: &Value) {
    let lines = estimate["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row =
        |line: &Value| ["what", "tokens", "price_per_million", "cost"].map(|name| output::text(line, name)).to_vec();
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    if !rows.is_empty() {
        output::table(&["ONE CALL", "TOKENS", "$ / 1M", "$"], &rows);
    }
    let (one, calls, total) =
        (output::text(estimate, "cost_per_call"), output::text(estimate, "calls"), output::text(estimate, "total"));
    output::line(&format!("One call ${one}; {calls} calls ${total}."));
}
