//! The response object, field by field as OpenAI orders them.

use crate::conversation::{Called, Finish};
use crate::generation::{Scene, quoted};

use super::encrypted;
use super::request::Echo;

const CREATED: u64 = 1_795_165_200;

/// The ids of one answer.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) at: u64,
    pub(super) reasoned: bool,
}

impl Ids {
    pub(super) fn of(scene: &Scene) -> Self {
        Self { at: scene.at, reasoned: !scene.said.thought.is_empty() }
    }

    pub(super) fn message(&self) -> String {
        format!("msg_Sim{:045}", self.at)
    }

    pub(super) fn reasoning(&self) -> String {
        format!("rs_Sim{:045}", self.at)
    }

    pub(super) fn item(&self, place: usize) -> String {
        let word = if self.reasoned { "Reasoned" } else { "Sim" };
        format!("fc_{word}{:036}{place:02}", self.at)
    }

    pub(super) fn call(&self, place: usize) -> String {
        format!("call_Sim{:019}{place:02}", self.at)
    }
}

/// The answer's id.
pub(super) fn id(scene: &Scene) -> String {
    format!("resp_Sim{:045}", scene.at)
}

/// The object when all is said.
pub(super) fn finished(scene: &Scene, echo: &Echo) -> String {
    let status = if scene.said.finish == Finish::Length { "incomplete" } else { "completed" };
    object(scene, echo, status)
}

/// The object in this state; only at the end it has output and counts.
pub(super) fn object(scene: &Scene, echo: &Echo, status: &str) -> String {
    let ended = status != "in_progress";
    let output = if ended { output(scene, echo, status).join(",") } else { String::new() };
    let details = if status == "incomplete" { r#"{"reason":"max_output_tokens"}"# } else { "null" };
    let usage = if !ended || scene.told.is_absent() { "null".to_owned() } else { usage(scene) };
    let completed = if status == "completed" { format!(r#","completed_at":{}"#, CREATED + 2) } else { String::new() };
    let tier = if ended { "default" } else { "auto" };
    format!(
        r#"{{"id":"{}","object":"response","created_at":{CREATED},"status":"{status}","background":false,"error":null,"incomplete_details":{details},"instructions":{},"max_output_tokens":{},"max_tool_calls":null,"model":{},"output":[{output}],"parallel_tool_calls":{},"previous_response_id":{},"prompt_cache_key":null,"reasoning":{},"safety_identifier":null,"service_tier":"{tier}","store":{},"temperature":{},"text":{},"tool_choice":{},"tools":{},"top_logprobs":0,"top_p":{},"truncation":"disabled","usage":{usage},"metadata":{{}}{completed}}}"#,
        id(scene),
        echo.instructions,
        echo.max_output_tokens,
        quoted(&scene.model),
        echo.parallel_tool_calls,
        echo.previous,
        echo.reasoning,
        echo.store,
        echo.temperature,
        echo.text,
        echo.tool_choice,
        echo.tools,
        echo.top_p,
    )
}

fn output(scene: &Scene, echo: &Echo, status: &str) -> Vec<String> {
    let ids = Ids::of(scene);
    let mut output = Vec::new();
    if !scene.said.thought.is_empty() {
        output.push(reasoning(&ids, &scene.said.thought.concat(), echo));
    }
    if !scene.said.text.is_empty() {
        output.push(message(&ids, &scene.said.text.concat(), status));
    }
    output.extend(scene.said.calls.iter().enumerate().map(|(place, called)| call(&ids, place, called)));
    output
}

/// A finished reasoning item.
pub(super) fn reasoning(ids: &Ids, thought: &str, echo: &Echo) -> String {
    let id = ids.reasoning();
    let summary = if echo.summary {
        format!(r#"[{{"type":"summary_text","text":{}}}]"#, quoted(thought))
    } else {
        "[]".to_owned()
    };
    let encrypted =
        if echo.encrypted { format!(r#","encrypted_content":"{}""#, encrypted(&id)) } else { String::new() };
    format!(r#"{{"id":"{id}","type":"reasoning","summary":{summary}{encrypted}}}"#)
}

/// A message item with all its text.
pub(super) fn message(ids: &Ids, text: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{}","type":"message","status":"{status}","role":"assistant","content":[{{"type":"output_text","text":{},"annotations":[],"logprobs":[]}}]}}"#,
        ids.message(),
        quoted(text),
    )
}

/// A finished call.
pub(super) fn call(ids: &Ids, place: usize, called: &Called) -> String {
    format!(
        r#"{{"id":"{}","type":"function_call","status":"completed","call_id":"{}","name":{},"arguments":{}}}"#,
        ids.item(place),
        ids.call(place),
        quoted(&called.name),
        quoted(&called.arguments_text()),
    )
}

fn usage(scene: &Scene) -> String {
    let told = &scene.told;
    let numbers = [told.prompt, told.cached, told.completion, told.reasoning, told.prompt + told.completion];
    let [input, cached, output, reasoning, total] = numbers.map(|count| told.number(count));
    format!(
        r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":0}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":{reasoning}}},"total_tokens":{total}}}"#
    )
}
