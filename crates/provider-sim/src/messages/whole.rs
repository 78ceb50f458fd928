//! A message as one JSON body, field by field as Anthropic orders them.

use bytes::Bytes;

use crate::conversation::Finish;
use crate::generation::{Scene, quoted};

use super::{thinking, usage};

/// The body; `shows_thought`: the text of thinking blocks is not left blank.
pub(crate) fn render(scene: &Scene, shows_thought: bool) -> Bytes {
    let (reason, sequence) = stop(&scene.said.finish);
    let usage = if scene.told.is_absent() {
        String::new()
    } else {
        format!(r#","usage":{}"#, usage::object(&scene.told, scene.told.completion, true))
    };
    Bytes::from(format!(
        r#"{{"id":"{}","type":"message","role":"assistant","model":{},"content":[{}],"stop_reason":"{reason}","stop_sequence":{sequence}{usage}}}"#,
        id(scene.at),
        quoted(&scene.model),
        blocks(scene, shows_thought).join(","),
    ))
}

fn blocks(scene: &Scene, shows_thought: bool) -> Vec<String> {
    let mut blocks = Vec::new();
    if !scene.said.thought.is_empty() {
        let thought = if shows_thought { scene.said.thought.concat() } else { String::new() };
        let signature = thinking::signature(&thought);
        blocks.push(format!(r#"{{"type":"thinking","thinking":{},"signature":"{signature}"}}"#, quoted(&thought)));
    }
    if !scene.said.text.is_empty() {
        blocks.push(format!(r#"{{"type":"text","text":{}}}"#, quoted(&scene.said.text.concat())));
    }
    for (place, call) in scene.said.calls.iter().enumerate() {
        let (id, name) = (call_id(scene.at, place), quoted(&call.name));
        blocks.push(format!(r#"{{"type":"tool_use","id":"{id}","name":{name},"input":{}}}"#, call.arguments));
    }
    blocks
}

pub(super) fn id(at: u64) -> String {
    format!("msg_01Sim{at:019}")
}

pub(super) fn call_id(at: u64, place: usize) -> String {
    format!("toolu_01Sim{at:017}{place:02}")
}

/// The stop reason, and the stop sequence as JSON.
pub(super) fn stop(finish: &Finish) -> (&'static str, String) {
    match finish {
        Finish::Stop => ("end_turn", "null".to_owned()),
        Finish::StopString(stop) => ("stop_sequence", quoted(stop)),
        Finish::Length => ("max_tokens", "null".to_owned()),
        Finish::Calls | Finish::ForcedCall => ("tool_use", "null".to_owned()),
    }
}
