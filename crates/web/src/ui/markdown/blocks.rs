//! Where a text of markdown can be cut so that what stands before the cut is
//! rendered the same whatever follows it: between blocks, and between the items of
//! a long list.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A list as long as this, in bytes, is cut before its next item.
const LONG_LIST: usize = 4 * 1024;

/// What is read beside CommonMark.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// A piece that does not change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it ends, in bytes.
    pub(super) end: usize,
    /// Of a numbered list that goes on behind it: the number it says it begins
    /// with, and how many items are in it.
    pub(super) items: Option<(u64, u64)>,
}

/// A block of the text.
struct Found {
    start: usize,
    list: Option<List>,
}

struct List {
    first: Option<u64>,
    /// Where each item starts.
    items: Vec<usize>,
}

/// The pieces of whole lines of text that do not change any more: all but the
/// last block, and of a long list that is last all but its end. At the end of
/// the text, all of it.
pub(super) fn pieces(text: &str, is_end: bool) -> Vec<Piece> {
    let found = found(text);
    let mut pieces = Vec::new();
    for (place, block) in found.iter().enumerate() {
        let next = found.get(place + 1).map(|next| next.start);
        // What stands before the first block goes with it.
        let start = if place == 0 { 0 } else { block.start };
        if let Some(list) = &block.list {
            cut_list(start, list, &mut pieces);
        }
        match next {
            Some(end) => pieces.push(Piece { end, items: None }),
            None if is_end => pieces.push(Piece { end: text.len(), items: None }),
            None => {}
        }
    }
    pieces
}

/// Cuts a list before an item wherever it has grown long.
fn cut_list(start: usize, list: &List, pieces: &mut Vec<Piece>) {
    let (mut from, mut count) = (start, 0);
    for (place, item) in list.items.iter().enumerate() {
        if place > 0 && item - from >= LONG_LIST {
            pieces.push(Piece { end: *item, items: list.first.map(|first| (first, count)) });
            (from, count) = (*item, 0);
        }
        count += 1;
    }
}

/// The blocks of the text, each from the start of its line.
fn found(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let start = line_start(text, range.start);
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    let list = match &tag {
                        Tag::List(first) => Some(List { first: *first, items: Vec::new() }),
                        _ => None,
                    };
                    found.push(Found { start, list });
                } else if depth == 1
                    && matches!(tag, Tag::Item)
                    && let Some(list) = found.last_mut().and_then(|block| block.list.as_mut())
                {
                    list.items.push(start);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ if depth == 0 => found.push(Found { start, list: None }),
            _ => {}
        }
    }
    found
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// The text without definitions of links: what looks like one is shown as it was
/// typed, instead of vanishing and changing what stands elsewhere. Code stays as
/// it is.
pub(super) fn tamed(text: String) -> String {
    if !text.contains("]:") {
        return text;
    }
    let code = code_in(&text);
    let mut tamed = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        // They stand in the order of the text, none within another.
        let is_code = || {
            let next = code.partition_point(|range| range.end <= at);
            code.get(next).is_some_and(|range| range.contains(&at))
        };
        match definition_in(line).filter(|_| !is_code()) {
            Some(bracket) => {
                tamed.push_str(line.get(..bracket).unwrap_or_default());
                tamed.push('\\');
                tamed.push_str(line.get(bracket..).unwrap_or_default());
            }
            None => tamed.push_str(line),
        }
        at += line.len();
    }
    tamed
}

/// Where the code of a text is, from the start of its first line.
fn code_in(text: &str) -> Vec<std::ops::Range<usize>> {
    let parser = Parser::new_ext(text, options()).into_offset_iter();
    let is_code = |event: &Event<'_>| matches!(event, Event::End(TagEnd::CodeBlock));
    parser.filter(|(event, _)| is_code(event)).map(|(_, range)| line_start(text, range.start)..range.end).collect()
}

/// Where a line's bracket is, if the line looks like `[name]: address`, at
/// whatever depth of quotes and lists.
fn definition_in(line: &str) -> Option<usize> {
    let is_mark = |c: char| matches!(c, ' ' | '\t' | '>' | '*' | '+' | '-' | '.' | ')') || c.is_ascii_digit();
    let bracket = line.find(|c: char| !is_mark(c))?;
    let (label, rest) = line.get(bracket..)?.strip_prefix('[')?.split_once(']')?;
    (rest.starts_with(':') && !label.trim().is_empty()).then_some(bracket)
}
