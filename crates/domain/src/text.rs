//! What people may type: names, notes and e-mail addresses. One rule for all
//! of them, so that no field is the one that forgot it.

use thiserror::Error;

/// Why a text was not taken. `Display` is a sentence's end: "name …".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextProblem {
    /// Nothing is left after trimming.
    #[error("is empty: type at least one character")]
    Empty,
    /// More than the field holds.
    #[error("is {length} characters long; at most {limit} fit")]
    TooLong {
        /// Characters received.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// NUL, line breaks, escape sequences, bidirectional overrides.
    #[error("contains a control character ({0}); remove it and try again")]
    Control(String),
    /// Not `someone@somewhere`.
    #[error("is not an e-mail address: expected the form name@example.org")]
    NotAnEmail,
}

/// A one-line text of 1 to `limit` characters, trimmed.
///
/// # Errors
/// Says what is wrong with it, as the end of a sentence that names the field.
pub fn line(raw: &str, limit: usize) -> Result<String, TextProblem> {
    let trimmed = raw.trim();
    if trimmed.is_empty() {
        return Err(TextProblem::Empty);
    }
    checked(trimmed, limit, |_| false)
}

/// A note of 0 to `limit` characters; line breaks and tabs are kept.
///
/// # Errors
/// As [`line`], but may be empty.
pub fn note(raw: &str, limit: usize) -> Result<String, TextProblem> {
    checked(raw.trim(), limit, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// An e-mail address as typed, trimmed; compare it by [`folded`].
///
/// # Errors
/// [`TextProblem::NotAnEmail`] for anything that is not `a@b`.
pub fn email(raw: &str) -> Result<String, TextProblem> {
    let address = line(raw, 254)?;
    let well_formed =
        address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !well_formed || address.contains(char::is_whitespace) {
        return Err(TextProblem::NotAnEmail);
    }
    Ok(address)
}

/// The form in which e-mail addresses and search texts are compared.
#[must_use]
pub fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

fn checked(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<String, TextProblem> {
    let length = text.chars().count();
    if length > limit {
        return Err(TextProblem::TooLong { length, limit });
    }
    match text.chars().find(|&c| is_invisible(c) && !allowed(c)) {
        Some(control) => Err(TextProblem::Control(control.escape_unicode().to_string())),
        None => Ok(text.to_owned()),
    }
}

/// Control characters, and the bidirectional overrides that make a text read
/// differently from what it is.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(line("  work  ", 100), Ok("work".into()));
        assert_eq!(line("   ", 100), Err(TextProblem::Empty));
        assert_eq!(line("abc", 2), Err(TextProblem::TooLong { length: 3, limit: 2 }));
    }

    #[test]
    fn control_characters_are_named() {
        for bad in ["a\0b", "a\u{1b}[2J", "a\nb", "a\u{202e}b"] {
            assert!(matches!(line(bad, 100), Err(TextProblem::Control(_))), "{bad:?}");
        }
        assert_eq!(note("a\nb", 100), Ok("a\nb".into()));
    }

    #[test]
    fn an_email_needs_both_sides_of_the_at() {
        assert!(email("ann@example.org").is_ok());
        for bad in ["ann", "@example.org", "ann@", "a@b@c", "a b@c"] {
            assert_eq!(email(bad), Err(TextProblem::NotAnEmail), "{bad}");
        }
    }
}
