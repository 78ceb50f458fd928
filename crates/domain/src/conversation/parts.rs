//! What a message is made of: texts, pictures, and files of text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest picture, in bytes.
pub const IMAGE_BYTES: usize = 5 * 1024 * 1024;

/// The largest text, typed or attached, in bytes.
pub const TEXT_BYTES: usize = 512 * 1024;

/// The most pictures and files of one message.
pub const MOST_ATTACHMENTS: usize = 10;

/// The most parts of one message, attached or not.
pub const MOST_PARTS: usize = 20;

/// The most characters of a file's name.
const LONGEST_NAME: usize = 200;

/// Kinds of pictures that models take, each with how its bytes begin.
pub const IMAGE_KINDS: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    // Four bytes of length stand between this and `WEBP`.
    ("image/webp", b"RIFF"),
];

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text, as it was typed.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// One of [`IMAGE_KINDS`].
        media_type: String,
        /// The file's name, where it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Its bytes in base64.
        data: String,
    },
    /// A file of text.
    File {
        /// The file's name.
        name: String,
        /// All that is in it.
        text: String,
    },
}

/// Why a message is not taken. `Display` is a sentence's end: "content …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartProblem {
    /// There is nothing in it.
    #[error("is empty: write something, or attach something")]
    Empty,
    /// More is attached than a message holds.
    #[error("has {0} attachments; at most {MOST_ATTACHMENTS} fit in one message")]
    TooMany(usize),
    /// More parts than a message has.
    #[error("has {0} parts; at most {MOST_PARTS} fit in one message")]
    TooManyParts(usize),
    /// A text is too long.
    #[error("has a text of {0} bytes; at most 512 KB fit")]
    LongText(usize),
    /// A picture is too large.
    #[error("has a picture of {0} bytes; at most 5 MB fit, so make it smaller")]
    LargeImage(usize),
    /// Not a picture that models take.
    #[error("has a picture that is neither PNG, JPEG, GIF nor WebP; convert it first")]
    UnknownImage,
    /// Not base64.
    #[error("has a picture that is not base64; encode its bytes first")]
    NotBase64,
    /// A name is empty, too long, or has control characters.
    #[error("has a file without a usable name; give it a name of up to 200 characters")]
    Name,
    /// A file that is no text.
    #[error("has a file that holds NUL, so it is no text; attach text files and pictures only")]
    Binary,
}

/// How much the parts hold, in bytes.
#[must_use]
pub fn bytes_of(parts: &[Part]) -> usize {
    let bytes = |part: &Part| match part {
        Part::Text { text } | Part::File { text, .. } => text.len(),
        Part::Image { data, .. } => data.len(),
    };
    parts.iter().map(bytes).sum()
}

/// Passes when all of it can be kept and sent to a model.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_parts(parts: &[Part]) -> Result<(), PartProblem> {
    let attached = parts.iter().filter(|part| !matches!(part, Part::Text { .. })).count();
    if attached > MOST_ATTACHMENTS {
        return Err(PartProblem::TooMany(attached));
    }
    if parts.len() > MOST_PARTS {
        return Err(PartProblem::TooManyParts(parts.len()));
    }
    if attached == 0 && text_of(parts).trim().is_empty() {
        return Err(PartProblem::Empty);
    }
    parts.iter().try_for_each(check)
}

fn check(part: &Part) -> Result<(), PartProblem> {
    match part {
        Part::Text { text } => check_text(text),
        Part::File { name, text } => check_name(name).and_then(|()| check_text(text)),
        Part::Image { media_type, name, data } => {
            name.as_deref().map_or(Ok(()), check_name)?;
            check_image(media_type, data)
        }
    }
}

fn check_text(text: &str) -> Result<(), PartProblem> {
    if text.len() > TEXT_BYTES {
        return Err(PartProblem::LongText(text.len()));
    }
    if text.contains('\0') { Err(PartProblem::Binary) } else { Ok(()) }
}

fn check_name(name: &str) -> Result<(), PartProblem> {
    crate::text::line(name, LONGEST_NAME).map(drop).map_err(|_| PartProblem::Name)
}

fn check_image(media_type: &str, data: &str) -> Result<(), PartProblem> {
    let bound = data.len() / 4 * 3;
    // Bytes that stand for no picture are not decoded to find that out.
    if bound > IMAGE_BYTES + 2 {
        return Err(PartProblem::LargeImage(bound));
    }
    let bytes = STANDARD.decode(data).map_err(|_| PartProblem::NotBase64)?;
    if bytes.len() > IMAGE_BYTES {
        return Err(PartProblem::LargeImage(bytes.len()));
    }
    let is_it = IMAGE_KINDS.iter().any(|(kind, head)| *kind == media_type && bytes.starts_with(head));
    let is_whole = media_type != "image/webp" || bytes.get(8..12) == Some(b"WEBP");
    if is_it && is_whole { Ok(()) } else { Err(PartProblem::UnknownImage) }
}

/// The text of a message without what is attached.
#[must_use]
pub fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n\n")
}
