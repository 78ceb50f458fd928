//! A chat completion as one JSON body, field by field as OpenAI orders them.

use bytes::Bytes;

use super::answer::{Said, What};
use super::{Ids, quoted};

/// The body; `usage` is the object as it is told, none to leave it out.
pub(crate) fn render(ids: &Ids, said: &Said, choices: usize, usage: Option<&str>) -> Bytes {
    let message = match &said.what {
        What::Text(pieces) => {
            let content = quoted(&pieces.concat());
            format!(r#"{{"role":"assistant","content":{content},"refusal":null,"annotations":[]}}"#)
        }
        What::Call { name, arguments } => {
            let (call, name, arguments) = (ids.call(), quoted(name), quoted(arguments));
            format!(
                r#"{{"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[{{"id":"{call}","type":"function","function":{{"name":{name},"arguments":{arguments}}}}}]}}"#
            )
        }
    };
    let choice = |index: usize| {
        let finish = said.finish;
        format!(r#"{{"index":{index},"message":{message},"logprobs":null,"finish_reason":"{finish}"}}"#)
    };
    let choices: Vec<String> = (0..choices).map(choice).collect();
    let usage = usage.map(|usage| format!(r#","usage":{usage}"#)).unwrap_or_default();
    Bytes::from(format!(
        r#"{{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":[{}]{usage},"service_tier":"default","system_fingerprint":"{}"}}"#,
        ids.answer(),
        Ids::CREATED,
        quoted(&ids.model),
        choices.join(","),
        Ids::FINGERPRINT,
    ))
}
