//! Thoughts between `<think>` and `</think>` at the front of the text, as small
//! servers send them. Only the very front counts: later in an answer the tags
//! are somebody's words.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Splits text into thoughts and answer, however it is cut. No text is lost.
#[derive(Debug)]
pub(in crate::wire) struct ThinkTags {
    state: State,
    /// The beginning of a tag that is not whole yet.
    held: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Front,
    Thinking,
    Answering,
}

/// Text of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire) enum Split {
    Thought(String),
    Answer(String),
}

impl ThinkTags {
    /// With `false` all text is answer.
    pub(in crate::wire) fn new(is_looking: bool) -> Self {
        Self { state: if is_looking { State::Front } else { State::Answering }, held: String::new() }
    }

    /// Whether all that comes is answer, as it is.
    pub(in crate::wire) fn is_passing(&self) -> bool {
        self.state == State::Answering && self.held.is_empty()
    }

    /// Takes more text.
    pub(in crate::wire) fn push(&mut self, text: &str, out: &mut Vec<Split>) {
        let mut text = std::mem::take(&mut self.held) + text;
        loop {
            let (tag, next) = match self.state {
                State::Front => (OPEN, State::Thinking),
                State::Thinking => (CLOSE, State::Answering),
                State::Answering => return self.give(text, out),
            };
            let trimmed = text.trim_start();
            if self.state == State::Front && !trimmed.starts_with(tag) {
                if tag.starts_with(trimmed) {
                    self.held = text;
                    return;
                }
                self.state = State::Answering;
                continue;
            }
            let Some((before, after)) = text.split_once(tag) else {
                let keep = (1..tag.len()).rev().find(|&n| tag.get(..n).is_some_and(|start| text.ends_with(start)));
                self.held = text.split_off(text.len() - keep.unwrap_or(0));
                return self.give(text, out);
            };
            if self.state == State::Thinking {
                self.give(before.to_owned(), out);
            }
            let after = after.to_owned();
            self.state = next;
            text = after;
        }
    }

    /// What was held back, when no more text comes.
    pub(in crate::wire) fn finish(&mut self, out: &mut Vec<Split>) {
        let held = std::mem::take(&mut self.held);
        self.give(held, out);
    }

    fn give(&self, text: String, out: &mut Vec<Split>) {
        if !text.is_empty() {
            out.push(if self.state == State::Thinking { Split::Thought(text) } else { Split::Answer(text) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let mut tags = ThinkTags::new(true);
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| tags.push(piece, &mut out));
        tags.finish(&mut out);
        let (mut thought, mut answer) = (String::new(), String::new());
        for part in out {
            match part {
                Split::Thought(text) => thought += &text,
                Split::Answer(text) => answer += &text,
            }
        }
        (thought, answer)
    }

    #[test]
    fn tags_are_found_however_they_are_cut() {
        let text = "\n<think>a < b</think>\nNo <think> here.";
        let expected = ("a < b".to_owned(), "\nNo <think> here.".to_owned());
        assert_eq!(split(&[text]), expected);
        for cut in 0..text.len() {
            let (front, back) = text.split_at(cut);
            assert_eq!(split(&[front, back]), expected);
        }
    }

    #[test]
    fn text_that_only_begins_like_a_tag_is_kept() {
        for text in ["<thin", "<", "", "  ", "<b>x</think>"] {
            assert_eq!(split(&[text]), (String::new(), text.to_owned()));
        }
        assert_eq!(split(&["<think>never closed </th"]), ("never closed </th".to_owned(), String::new()));
    }
}
