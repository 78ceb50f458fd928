//! What commands print: JSON, or tables with aligned columns.

use std::io::Write;

use serde_json::Value;

/// A line. Whoever reads us may leave early, as `head` does: then it is unsaid.
pub(super) fn line(text: &str) {
    let _unread = writeln!(std::io::stdout(), "{text}");
}

/// JSON, indented.
pub(super) fn json(value: &Value) {
    line(&format!("{value:#}"));
}

/// A table. The columns are as wide as their widest cell.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heads.get(column).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let print = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        line(padded.join("  ").trim_end());
    };
    print(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
    for row in rows {
        print(row);
    }
}

/// A member as text: `-` where there is none.
pub(super) fn text(value: &Value, member: &str) -> String {
    match value.get(member) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The rows of a list answer.
pub(super) fn rows<'a>(answer: &'a Value, row: impl Fn(&'a Value) -> Vec<String>) -> Vec<Vec<String>> {
    answer.get("data").and_then(Value::as_array).map(|data| data.iter().map(row).collect()).unwrap_or_default()
}
