//! Marks of how far a prompt may be kept: at most four, and those for longer
//! before those for shorter.

use serde_json::{Map, Value, json};

use crate::neutral::CacheBreak;
use crate::wire::Fitting;

/// The most marks of a request.
const MAX_MARKS: usize = 4;

const NAME: &str = "cache_control";

/// A mark.
pub(super) fn mark(until: &CacheBreak) -> Value {
    match until.ttl.as_deref() {
        Some(ttl @ ("5m" | "1h")) => json!({"type": "ephemeral", "ttl": ttl}),
        _ => json!({"type": "ephemeral"}),
    }
}

/// Takes out what is too many, the earliest first: a later mark keeps what is
/// before it, too. A longer time after a shorter one becomes the shorter one.
pub(super) fn keep_within_limits(body: &mut Map<String, Value>, fitting: &mut Fitting<'_>) {
    let mut count = 0_usize;
    each(body, &mut |_| count += 1);
    let mut too_many = count.saturating_sub(MAX_MARKS);
    if too_many > 0 {
        fitting.drop(NAME);
    }
    let mut is_short = false;
    each(body, &mut |block| {
        if too_many > 0 {
            too_many -= 1;
            block.remove(NAME);
            return;
        }
        let Some(mark) = block.get_mut(NAME).and_then(Value::as_object_mut) else { return };
        if mark.get("ttl").and_then(Value::as_str) != Some("1h") {
            is_short = true;
        } else if is_short {
            mark.insert("ttl".into(), "5m".into());
        }
    });
}

/// Everything that is marked, in the order in which it is read.
fn each(body: &mut Map<String, Value>, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    for field in ["tools", "system"] {
        for block in body.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            marked(block, visit);
        }
    }
    for message in body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        for block in message.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            marked(block, visit);
        }
    }
}

fn marked(block: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    if let Some(block) = block.as_object_mut().filter(|block| block.contains_key(NAME)) {
        visit(block);
    }
}
