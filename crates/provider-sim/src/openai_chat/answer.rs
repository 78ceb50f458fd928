//! What is said to a request: a text in pieces, or a tool call. Every choice of one request says the same.

use serde_json::{Value, json};

use crate::markers::{self, Asked};
use crate::schema;
use crate::script::Reply;
use crate::voice::{self, Heard};

use super::request::{ChatRequest, Tool};
use super::usage;

/// One choice.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) what: What,
    pub(crate) finish: &'static str,
}

#[derive(Debug)]
pub(crate) enum What {
    Text(Vec<String>),
    Call { name: String, arguments: String },
}

impl Said {
    /// Its tokens.
    pub(crate) fn tokens(&self) -> u64 {
        usage::tokens(match &self.what {
            What::Text(pieces) => pieces.iter().map(|piece| piece.chars().count()).sum(),
            What::Call { name, arguments } => name.chars().count() + arguments.chars().count(),
        })
    }
}

/// Decides what to say.
pub(crate) fn say(request: &ChatRequest, asked: &Asked, reply: &Reply, huge: usize) -> Said {
    let question = markers::without(&request.question());
    if let Some((tool, finish)) = called_tool(request, asked) {
        let arguments = tool.parameters.map_or_else(|| json!({}), |schema| schema::example(schema, "demo"));
        let what = What::Call { name: tool.name.to_owned(), arguments: arguments.to_string() };
        return Said { what, finish };
    }
    let text = structured(request)
        .unwrap_or_else(|| if reply.text.is_empty() { spoken(request, asked, &question) } else { reply.text.clone() });
    let (text, finish) = limited(request, text);
    let mut pieces = if reply.chunks == 0 { words(&text) } else { evenly(&text, reply.chunks) };
    if huge > 0 {
        pieces.insert(pieces.len().min(1), "x".repeat(huge));
    }
    Said { what: What::Text(pieces), finish }
}

/// The tool to call and the finish reason: `stop` when it was forced by name, as at OpenAI.
fn called_tool<'a>(request: &'a ChatRequest, asked: &Asked) -> Option<(Tool<'a>, &'static str)> {
    let named = request.tool_choice.as_ref().and_then(|choice| choice.pointer("/function/name")?.as_str());
    if let Some(name) = named {
        return Some((request.tool(Some(name))?, "stop"));
    }
    let after_user = request.messages().last().is_some_and(|message| message.role == "user");
    let wanted = match request.tool_choice.as_ref().and_then(Value::as_str) {
        Some("required") => true,
        Some("none") => false,
        _ => asked.tool && after_user,
    };
    if wanted { Some((request.tool(None)?, "tool_calls")) } else { None }
}

/// The JSON that a response format wants.
fn structured(request: &ChatRequest) -> Option<String> {
    let format = request.response_format.as_ref()?;
    let value = match format.get("type")?.as_str()? {
        "json_schema" => schema::example(format.pointer("/json_schema/schema").unwrap_or(&Value::Null), "demo"),
        "json_object" => json!({"answer": "This is Ownkey's built-in demo provider."}),
        _ => return None,
    };
    Some(value.to_string())
}

fn spoken(request: &ChatRequest, asked: &Asked, question: &str) -> String {
    let last = request.messages().last();
    let result = last.filter(|message| message.role == "tool").map(super::request::Message::text);
    let user = request.messages().iter().rev().find(|message| message.role == "user");
    voice::answer(&Heard {
        question,
        images: user.map_or(0, super::request::Message::images),
        model: request.model.as_deref().unwrap_or_default(),
        tool_result: result.as_deref(),
        paragraphs: asked.paragraphs,
    })
}

/// The text up to the first stop string and the token limit.
fn limited(request: &ChatRequest, text: String) -> (String, &'static str) {
    let stops = request.stops().iter().filter(|stop| !stop.is_empty());
    let text =
        match stops.filter_map(|stop| text.split_once(stop.as_str())).map(|(before, _)| before).min_by_key(|b| b.len())
        {
            Some(before) => before.to_owned(),
            None => text,
        };
    let most = request.max().and_then(|max| usize::try_from(max).ok()).map_or(usize::MAX, |max| max.saturating_mul(4));
    match text.char_indices().nth(most) {
        Some((end, _)) => (text.split_at(end).0.to_owned(), "length"),
        None => (text, "stop"),
    }
}

/// Word by word, each with the blank before it.
fn words(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = true;
    for character in text.chars() {
        let blank = character.is_whitespace();
        match pieces.last_mut() {
            Some(piece) if !(blank && in_word) => piece.push(character),
            _ => pieces.push(character.to_string()),
        }
        in_word = !blank;
    }
    pieces
}

/// So many pieces of about the same length, fewer for a very short text.
fn evenly(text: &str, count: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let size = characters.len().div_ceil(count.max(1)).max(1);
    characters.chunks(size).map(|piece| piece.iter().collect()).collect()
}
