//! What was asked, in no wire's own words, and what is said to it: every wire reads its requests into this.

use serde_json::{Map, Value, json};

use crate::markers::{self, Asked};
use crate::schema;
use crate::script::Reply;
use crate::voice::{self, Heard};

/// A generation request.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) model: String,
    /// The text of the last user message, markers included.
    pub(crate) question: String,
    /// Images in that message.
    pub(crate) images: usize,
    /// What a tool answered, when that came last.
    pub(crate) tool_result: Option<String>,
    /// Characters of all texts, and images in all messages.
    pub(crate) characters: usize,
    pub(crate) all_images: usize,
    /// The most completion tokens a choice may have.
    pub(crate) max: Option<u64>,
    pub(crate) stops: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    pub(crate) format: Format,
    /// How many answers are wanted.
    pub(crate) choices: usize,
    pub(crate) streams: bool,
    /// Whether reasoning is to be shown.
    pub(crate) thinks: bool,
}

/// A function tool.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) parameters: Option<Value>,
}

/// Whether a tool must be called.
#[derive(Debug, Default)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Never,
    Required,
    Named(String),
}

/// What the text must be.
#[derive(Debug, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    Schema(Value),
}

/// One answer; every choice of one request is the same.
#[derive(Debug)]
pub(crate) struct Said {
    /// The reasoning before it, in pieces.
    pub(crate) thought: Vec<String>,
    /// The text, in pieces.
    pub(crate) text: Vec<String>,
    pub(crate) calls: Vec<Called>,
    pub(crate) finish: Finish,
}

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// Why the answer ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    /// This stop string came.
    StopString(String),
    Length,
    Calls,
    /// The call was forced by the tool's name.
    ForcedCall,
}

/// Four characters are a token, rounded up.
pub(crate) fn tokens(characters: usize) -> u64 {
    characters.div_ceil(4) as u64
}

impl Conversation {
    /// Tokens of all messages: their text, and 85 for an image.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        tokens(self.characters) + self.all_images as u64 * 85
    }
}

impl Called {
    /// The arguments as compact JSON text.
    pub(crate) fn arguments_text(&self) -> String {
        self.arguments.to_string()
    }
}

impl Said {
    /// Tokens of the reasoning.
    pub(crate) fn thought_tokens(&self) -> u64 {
        tokens(characters(&self.thought))
    }

    /// Tokens of all that is written, the reasoning included.
    pub(crate) fn tokens(&self) -> u64 {
        let called = |call: &Called| call.name.chars().count() + call.arguments_text().chars().count();
        self.thought_tokens() + tokens(characters(&self.text) + self.calls.iter().map(called).sum::<usize>())
    }
}

fn characters(pieces: &[String]) -> usize {
    pieces.iter().map(|piece| piece.chars().count()).sum()
}

/// Decides what to say.
pub(crate) fn say(conversation: &Conversation, asked: &Asked, reply: &Reply, huge: usize) -> Said {
    let question = markers::without(&conversation.question);
    let thought = if conversation.thinks || asked.think { words(&thought(&question)) } else { Vec::new() };
    if let Some((tools, finish)) = called_tools(conversation, asked) {
        let calls = tools.into_iter().enumerate().map(|(place, tool)| call(tool, place)).collect();
        return Said { thought, text: Vec::new(), calls, finish };
    }
    let text = structured(&conversation.format).unwrap_or_else(|| {
        let is_spoken = reply.text.is_empty() || asked.paragraphs > 0;
        if is_spoken { spoken(conversation, asked, &question) } else { reply.text.clone() }
    });
    let (text, finish) = limited(conversation, text);
    let mut pieces = if reply.chunks == 0 { words(&text) } else { evenly(&text, reply.chunks) };
    if huge > 0 {
        pieces.insert(pieces.len().min(1), "x".repeat(huge));
    }
    Said { thought, text: pieces, calls: Vec::new(), finish }
}

fn thought(question: &str) -> String {
    let characters = question.chars().count();
    format!("The question has {characters} characters. A demo needs no more thought than that.")
}

/// The tools to call and the finish reason.
fn called_tools<'a>(conversation: &'a Conversation, asked: &Asked) -> Option<(Vec<&'a Tool>, Finish)> {
    if let Choice::Named(name) = &conversation.choice {
        let tool = conversation.tools.iter().find(|tool| tool.name == *name)?;
        return Some((vec![tool], Finish::ForcedCall));
    }
    let wanted = match conversation.choice {
        Choice::Required => asked.tools.max(1),
        Choice::Never => 0,
        _ if conversation.tool_result.is_some() => 0,
        _ => asked.tools,
    };
    if wanted == 0 || conversation.tools.is_empty() {
        return None;
    }
    Some((conversation.tools.iter().cycle().take(wanted).collect(), Finish::Calls))
}

/// Calls after the first differ in their first text, so that they can be told apart.
fn call(tool: &Tool, place: usize) -> Called {
    let text = if place == 0 { "demo".to_owned() } else { format!("demo {}", place + 1) };
    let arguments = tool.parameters.as_ref().map_or_else(|| Value::Object(Map::new()), |s| schema::example(s, &text));
    Called { name: tool.name.clone(), arguments }
}

/// The JSON that a format wants.
fn structured(format: &Format) -> Option<String> {
    let value = match format {
        Format::Text => return None,
        Format::Json => json!({"answer": "This is Ownkey's built-in demo provider."}),
        Format::Schema(schema) => schema::example(schema, "demo"),
    };
    Some(value.to_string())
}

fn spoken(conversation: &Conversation, asked: &Asked, question: &str) -> String {
    voice::answer(&Heard {
        question,
        images: conversation.images,
        model: &conversation.model,
        tool_result: conversation.tool_result.as_deref(),
        paragraphs: asked.paragraphs,
    })
}

/// The text up to the first stop string and the token limit.
fn limited(conversation: &Conversation, text: String) -> (String, Finish) {
    let stops = conversation.stops.iter().filter(|stop| !stop.is_empty());
    let cut = stops.filter_map(|stop| text.split_once(stop.as_str()).map(|(before, _)| (before, stop)));
    let (text, finish) = match cut.min_by_key(|(before, _)| before.len()) {
        Some((before, stop)) => (before.to_owned(), Finish::StopString(stop.clone())),
        None => (text, Finish::Stop),
    };
    let max = conversation.max.and_then(|max| usize::try_from(max).ok());
    match text.char_indices().nth(max.map_or(usize::MAX, |max| max.saturating_mul(4))) {
        Some((end, _)) => (text.split_at(end).0.to_owned(), Finish::Length),
        None => (text, finish),
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
