//! The first form of a call's row on SQLite: a line in a file beside the
//! database, written by whoever makes the call. A line is one `write` into the
//! page cache, which survives the process as a commit without a sync does, and
//! wakes nobody; the rows follow in groups. There are two files: while the lines
//! of one become rows the other takes new ones, and is emptied when the disk has
//! them all. What a killed server left here becomes rows at the next start.
//!
//! The system puts each `write` at the end of its file, so that no lock is held
//! meanwhile; a file is not emptied while a line that was announced is no row.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AttemptStart;
use crate::open::connect::own_file_to_append;

mod record;

/// How long a file may become before the other one is taken.
const FULL: u64 = 1024 * 1024;

/// Which of the two files.
pub(super) type Side = usize;

/// Both files and what is in them.
pub(super) struct Journal {
    files: Arc<[File; 2]>,
    current: Side,
    sides: [Content; 2],
    /// A line could not be written.
    is_broken: bool,
    full: u64,
}

/// What is in a file.
#[derive(Clone, Copy, Default)]
struct Content {
    bytes: u64,
    /// Lines that are not rows yet.
    open: usize,
    /// Somebody has it in hand to empty it: nobody else may.
    leaves: bool,
}

impl Journal {
    /// Opens both files, or makes them; and the calls that a killed server left
    /// in them.
    pub(super) fn open(database: &Path) -> std::io::Result<(Self, Vec<AttemptStart>)> {
        let [(first, mut left), (second, more)] = [read(&path(database, 0))?, read(&path(database, 1))?];
        left.extend(more);
        let bytes = [first.metadata()?.len(), second.metadata()?.len()];
        let sides = bytes.map(|bytes| Content { bytes, ..Content::default() });
        let journal = Self { files: Arc::new([first, second]), current: 0, sides, is_broken: false, full: FULL };
        Ok((journal, left))
    }

    #[cfg(test)]
    pub(super) fn full_at(mut self, full: u64) -> Self {
        self.full = full;
        self
    }

    /// The line of a call.
    pub(super) fn line(start: &AttemptStart) -> Option<Vec<u8>> {
        record::encode(start)
    }

    /// Announces a line of so many bytes: where it is to be written. `None`: no
    /// line can be.
    pub(super) fn announce(&mut self, bytes: usize) -> Option<Page> {
        if self.is_broken {
            return None;
        }
        let other = 1 - self.current;
        if self.sides[self.current].bytes >= self.full && self.sides[other].bytes == 0 {
            self.current = other;
        }
        let side = &mut self.sides[self.current];
        side.bytes += bytes as u64;
        side.open += 1;
        Some(Page { files: Arc::clone(&self.files), side: self.current })
    }

    /// A line could not be written: no further one is.
    pub(super) const fn breaks(&mut self) {
        self.is_broken = true;
    }

    /// How many lines are not rows yet.
    pub(super) fn open_lines(&self) -> usize {
        self.sides[0].open + self.sides[1].open
    }

    /// So many lines of each file are rows now.
    pub(super) fn entered(&mut self, lines: [usize; 2]) {
        for (side, lines) in self.sides.iter_mut().zip(lines) {
            side.open = side.open.saturating_sub(lines);
        }
    }

    /// The file of which every line is a row, and to which none is added; once,
    /// until it is [emptied](Self::emptied) or [kept](Self::kept).
    pub(super) fn spent(&mut self) -> Option<Page> {
        let other = 1 - self.current;
        let side = &mut self.sides[other];
        if side.bytes == 0 || side.open > 0 || side.leaves {
            return None;
        }
        side.leaves = true;
        Some(Page { files: Arc::clone(&self.files), side: other })
    }

    /// This file was emptied.
    pub(super) fn emptied(&mut self, side: Side) {
        self.sides[side] = Content::default();
    }

    /// This file was not emptied.
    pub(super) fn kept(&mut self, side: Side) {
        self.sides[side].leaves = false;
    }

    /// Empties what holds rows only. Nothing is added meanwhile.
    pub(super) fn empty(&mut self) -> std::io::Result<()> {
        for (file, side) in self.files.iter().zip(&mut self.sides) {
            if side.open == 0 && side.bytes > 0 && !side.leaves {
                file.set_len(0)?;
                side.bytes = 0;
            }
        }
        Ok(())
    }
}

/// One of the files, in somebody's hand.
pub(super) struct Page {
    files: Arc<[File; 2]>,
    /// Which.
    pub(super) side: Side,
}

impl Page {
    /// Writes an announced line.
    pub(super) fn write(&self, line: &[u8]) -> std::io::Result<()> {
        (&self.files[self.side]).write_all(line)
    }

    /// Empties a file of which every line is a row on the disk.
    pub(super) fn empty(&self) -> std::io::Result<()> {
        self.files[self.side].set_len(0)
    }
}

/// The name of a file beside the database. SQLite's own ends in `-journal`.
fn path(database: &Path, side: Side) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(format!(".calls-{side}"));
    PathBuf::from(path)
}

fn read(path: &Path) -> std::io::Result<(File, Vec<AttemptStart>)> {
    let mut file = own_file_to_append(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (mut starts, mut unread) = (Vec::new(), 0_usize);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match record::decode(line) {
            Some(start) => starts.push(start),
            None => unread += 1,
        }
    }
    if unread > 0 {
        // A kill in the middle of a write leaves one: that call was never sent.
        tracing::warn!(path = %path.display(), lines = unread, "lines of the ledger's journal are not whole");
    }
    Ok((file, starts))
}

#[cfg(test)]
mod tests;
