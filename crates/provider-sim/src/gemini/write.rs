//! An answer as Google writes it: whole, as events, or as one array in pieces. Counts are told with every piece.

use bytes::Bytes;

use crate::conversation::{Finish, Said, tokens};
use crate::faults::{Event, EventKind};
use crate::generation::{Scene, Told, quoted};

use super::{is_third, signature};

/// The whole answer.
pub(crate) fn whole(scene: &Scene, model: &str) -> Bytes {
    let mut parts = Vec::new();
    if !scene.said.thought.is_empty() {
        parts.push(thought(&scene.said.thought.concat()));
    }
    if !scene.said.text.is_empty() {
        let signed = !scene.said.thought.is_empty() && is_third(model);
        let signature =
            if signed { format!(r#","thoughtSignature":"{}""#, signature::of_text()) } else { String::new() };
        parts.push(format!(r#"{{"text":{}{signature}}}"#, quoted(&scene.said.text.concat())));
    }
    parts.extend(calls(scene, model));
    Bytes::from(piece(scene, &parts.join(","), Some(finish(&scene.said.finish)), scene.told.completion))
}

/// The pieces of a stream.
pub(crate) fn events(scene: &Scene, model: &str, as_events: bool) -> Vec<Event> {
    let mut pen = Pen { scene, as_events, events: Vec::new(), written: 0 };
    pen.thought(&scene.said.thought);
    let thought = scene.said.thought_tokens();
    if scene.said.calls.is_empty() {
        pen.text(&scene.said.text, thought);
    } else {
        pen.written = scene.said.tokens();
        let calls = calls(scene, model).join(",");
        pen.piece(EventKind::Text, &calls, None);
    }
    pen.written = scene.said.tokens() * scene.choices as u64;
    let signed = !scene.said.thought.is_empty() && scene.said.calls.is_empty() && is_third(model);
    let last = if signed {
        format!(r#"{{"text":"","thoughtSignature":"{}"}}"#, signature::of_text())
    } else {
        r#"{"text":""}"#.to_owned()
    };
    pen.piece(EventKind::Finish, &last, Some(finish(&scene.said.finish)));
    if !as_events {
        pen.events.push(Event { kind: EventKind::End, bytes: Bytes::from_static(b"\r\n]"), written: pen.written });
    }
    pen.events
}

struct Pen<'a> {
    scene: &'a Scene,
    as_events: bool,
    events: Vec<Event>,
    written: u64,
}

impl Pen<'_> {
    fn thought(&mut self, pieces: &[String]) {
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = tokens(characters);
            self.piece(EventKind::Text, &thought(piece), None);
        }
    }

    fn text(&mut self, pieces: &[String], before: u64) {
        let mut characters = 0;
        for piece in pieces {
            characters += piece.chars().count();
            self.written = before + tokens(characters);
            self.piece(EventKind::Text, &format!(r#"{{"text":{}}}"#, quoted(piece)), None);
        }
    }

    fn piece(&mut self, kind: EventKind, parts: &str, finish: Option<&str>) {
        let piece = piece(self.scene, parts, finish, self.written);
        let framed = match (self.as_events, self.events.is_empty()) {
            (true, _) => format!("data: {piece}\r\n\r\n"),
            (false, true) => format!("[{piece}"),
            (false, false) => format!(",\r\n{piece}"),
        };
        self.events.push(Event { kind, bytes: Bytes::from(framed), written: self.written });
    }
}

fn thought(text: &str) -> String {
    format!(r#"{{"text":{},"thought":true}}"#, quoted(text))
}

/// The calls; only the first of them is signed.
fn calls(scene: &Scene, model: &str) -> Vec<String> {
    let third = is_third(model);
    let call = |(place, call): (usize, &crate::conversation::Called)| {
        let (id, signature) = if third {
            let id = format!(r#""id":"fc-sim{}-{place}","#, scene.at);
            let signed = format!(r#","thoughtSignature":"{}""#, signature::of_call(&call.name, &call.arguments));
            (id, if place == 0 { signed } else { String::new() })
        } else {
            (String::new(), String::new())
        };
        format!(r#"{{"functionCall":{{{id}"name":{},"args":{}}}{signature}}}"#, quoted(&call.name), call.arguments)
    };
    scene.said.calls.iter().enumerate().map(call).collect()
}

/// One response object; `written` so many tokens so far, all candidates together.
fn piece(scene: &Scene, parts: &str, finish: Option<&str>, written: u64) -> String {
    let finish = finish.map(|word| format!(r#","finishReason":"{word}""#)).unwrap_or_default();
    let candidate =
        |index: usize| format!(r#"{{"content":{{"parts":[{parts}],"role":"model"}}{finish},"index":{index}}}"#);
    let candidates: Vec<String> = (0..scene.choices).map(candidate).collect();
    let usage = usage(&scene.told, &scene.said, written);
    format!(
        r#"{{"candidates":[{}]{usage},"modelVersion":{},"responseId":"Sim{:021}"}}"#,
        candidates.join(","),
        quoted(&scene.model),
        scene.at,
    )
}

/// Zero counts are left out; thoughts are not part of the candidates' count.
fn usage(told: &Told, said: &Said, written: u64) -> String {
    if told.is_absent() {
        return String::new();
    }
    let thoughts = if said.thought.is_empty() { 0 } else { told.reasoning.min(written) };
    let counted = |name: &str, count: u64| {
        if count == 0 && told.wrong.is_none() { String::new() } else { format!(r#","{name}":{}"#, told.number(count)) }
    };
    let prompt = told.number(told.prompt);
    let candidates = counted("candidatesTokenCount", written - thoughts);
    let total = told.number(told.prompt + written);
    let cached = counted("cachedContentTokenCount", told.cached);
    let thoughts = counted("thoughtsTokenCount", thoughts);
    format!(
        r#","usageMetadata":{{"promptTokenCount":{prompt}{candidates},"totalTokenCount":{total}{cached},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":{prompt}}}]{thoughts}}}"#
    )
}

fn finish(finish: &Finish) -> &'static str {
    if *finish == Finish::Length { "MAX_TOKENS" } else { "STOP" }
}
