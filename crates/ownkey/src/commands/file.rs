//! Reading a file that somebody names, or the standard input for `-`.

use std::io::Read as _;
use std::path::Path;

use crate::Failure;

/// The text of a file of at most `most` bytes; of a larger one is said that it
/// `is_too_large`.
pub(super) fn read(path: &Path, most: u64, is_too_large: &str) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}.", path.display()));
    let mut text = String::new();
    let length = if path == Path::new("-") {
        std::io::stdin().take(most + 1).read_to_string(&mut text).map_err(unreadable)?
    } else {
        std::fs::File::open(path).map_err(unreadable)?.take(most + 1).read_to_string(&mut text).map_err(unreadable)?
    };
    if length as u64 > most {
        return Err(Failure::new(format!("{} {is_too_large}", path.display())));
    }
    Ok(text)
}
