//! Markdown of models, which nobody vouches for, as HTML of ours. HTML in it is
//! shown as text, links lead to the web and to mail only, and nothing is loaded
//! from elsewhere: a picture is a link.
//!
//! An answer that is still coming is rendered in blocks. What stands before the
//! last block does not change any more, whatever comes, so that it is sent once;
//! only the last block is sent again. That holds because links by reference are
//! not resolved: a definition may stand anywhere.

mod blocks;
mod colour;
mod html;

use blocks::Piece;

/// What may still change is read anew with each piece, up to this size in bytes;
/// of more, when it has grown by an eighth: all of it would be read for each word.
const LARGE: usize = 64 * 1024;

/// A piece of an answer, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its place, from 0.
    pub(crate) index: usize,
    /// What it shows. Safe to put into a page.
    pub(crate) html: String,
    /// Whether it stays as it is.
    pub(crate) is_final: bool,
}

/// An answer being rendered while it comes.
#[derive(Debug, Default)]
pub(crate) struct Rendering {
    /// Whole lines of the blocks that may change.
    pending: String,
    /// The line that is being written.
    tail: String,
    /// The place of the next block.
    next: usize,
    /// The number of the next item, where the pending text goes on with a list.
    number: Option<u64>,
    /// What the open block was sent as.
    shown: Option<String>,
    /// How much was open when it was last read.
    read: usize,
}

impl Rendering {
    /// Takes more text. Returns the blocks that changed: those that are final now,
    /// then the open one.
    pub(crate) fn push(&mut self, text: &str) -> Vec<Block> {
        self.tail.push_str(text);
        let open = self.pending.len() + self.tail.len();
        if open > LARGE && open < self.read + self.read / 8 {
            return Vec::new();
        }
        let mut blocks = Vec::new();
        if let Some(end) = self.tail.rfind('\n') {
            let rest = self.tail.split_off(end + 1);
            self.pending.push_str(&std::mem::replace(&mut self.tail, rest));
            blocks = self.freeze(false);
        }
        self.read = self.pending.len() + self.tail.len();
        let open = blocks::tamed(format!("{}{}", self.pending, self.tail));
        let html = html::rendered(&open, self.number, false);
        if self.shown.as_ref() != Some(&html) && !(html.is_empty() && self.shown.is_none()) {
            blocks.push(Block { index: self.next, html: html.clone(), is_final: false });
            self.shown = Some(html);
        }
        blocks
    }

    /// There is no more text: what was open is final.
    pub(crate) fn finish(mut self) -> Vec<Block> {
        let tail = std::mem::take(&mut self.tail);
        self.pending.push_str(&tail);
        self.freeze(true)
    }

    /// Takes what does not change any more out of the pending text.
    fn freeze(&mut self, is_end: bool) -> Vec<Block> {
        self.pending = blocks::tamed(std::mem::take(&mut self.pending));
        let pieces = blocks::pieces(&self.pending, is_end);
        let mut final_blocks = Vec::new();
        let mut taken = 0;
        for Piece { end, items } in pieces {
            let text = self.pending.get(taken..end).unwrap_or_default();
            let html = html::rendered(text, self.number, true);
            self.number = items.map(|(first, count)| self.number.unwrap_or(first) + count);
            taken = end;
            if html.is_empty() {
                // What was shown of it came to nothing.
                if self.shown.take().is_some_and(|shown| !shown.is_empty()) {
                    final_blocks.push(Block { index: self.next, html, is_final: false });
                }
                continue;
            }
            final_blocks.push(Block { index: self.next, html, is_final: true });
            self.next += 1;
            self.shown = None;
        }
        self.pending.drain(..taken);
        final_blocks
    }
}

/// A whole text, rendered: what the final blocks of [`Rendering`] come to.
#[cfg_attr(not(test), expect(dead_code, reason = "for the page that shows a chat as it is kept"))]
pub(crate) fn whole(text: &str) -> String {
    let mut rendering = Rendering::default();
    rendering.pending.push_str(text);
    rendering.finish().into_iter().map(|block| block.html).collect()
}

#[cfg(test)]
mod tests;
