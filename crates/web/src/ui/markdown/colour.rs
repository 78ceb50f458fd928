//! Code with its parts told apart: comments, texts, numbers, words of the
//! language. It reads letters, not programs: what it cannot tell stays plain, and
//! the text is always all there.

mod languages;

use languages::{LANGUAGES, Language};

/// Longer code stays plain: nobody reads its colours, and somebody waits for it.
const LONGEST: usize = 64 * 1024;

/// A piece of code and what it is; `None`: nothing special.
type Piece<'a> = (&'a str, Option<&'static str>);

/// The pieces of some code; in a language that is not known, one.
pub(super) fn pieces<'a>(language: &str, code: &'a str) -> Vec<Piece<'a>> {
    let name = language.to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|known| known.names.contains(&name.as_str()));
    match known {
        _ if code.len() > LONGEST => vec![(code, None)],
        Some(known) => {
            Reader { language: known, code, at: 0, plain: 0, unclosed: Vec::new(), pieces: Vec::new() }.read()
        }
        None if name == "diff" || name == "patch" => changes(code),
        None => vec![(code, None)],
    }
}

/// What was added and what was taken away, by line.
fn changes(code: &str) -> Vec<Piece<'_>> {
    let class = |line: &str| match line.chars().next() {
        Some('+') => Some("s"),
        Some('-') => Some("d"),
        Some('@') => Some("c"),
        _ => None,
    };
    code.split_inclusive('\n').map(|line| (line, class(line))).collect()
}

struct Reader<'a> {
    language: &'static Language,
    code: &'a str,
    at: usize,
    /// Where what is not told yet begins.
    plain: usize,
    /// Up to where nothing closes a quote: looked for once, not at each of them.
    unclosed: Vec<(char, usize)>,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Vec<Piece<'a>> {
        while let Some(next) = self.rest().chars().next() {
            match self.special(next) {
                Some((length, class)) => self.tell(length, class),
                None => self.at += next.len_utf8(),
            }
        }
        self.tell_plain();
        self.pieces
    }

    fn rest(&self) -> &'a str {
        self.code.get(self.at..).unwrap_or_default()
    }

    fn tell_plain(&mut self) {
        if let Some(plain) = self.code.get(self.plain..self.at).filter(|plain| !plain.is_empty()) {
            self.pieces.push((plain, None));
        }
        self.plain = self.at;
    }

    fn tell(&mut self, length: usize, class: Option<&'static str>) {
        if class.is_some() {
            self.tell_plain();
            self.pieces.push((self.code.get(self.at..self.at + length).unwrap_or_default(), class));
            self.plain = self.at + length;
        }
        self.at += length;
    }

    /// What begins here: its length, and what it is.
    fn special(&mut self, next: char) -> Option<(usize, Option<&'static str>)> {
        let rest = self.rest();
        if let Some(length) = self.comment(rest) {
            return Some((length, Some("c")));
        }
        if let Some(length) = self.string(rest, next) {
            return Some((length, Some("s")));
        }
        if self.language.has_tags && next == '<' {
            let name = rest.get(1..)?;
            let name = name.strip_prefix(['/', '!', '?']).unwrap_or(name);
            let length = rest.len() - name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-').len();
            return name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some((length, Some("k")));
        }
        if next.is_ascii_digit() {
            return Some((number(rest), Some("n")));
        }
        if next.is_alphabetic() || next == '_' || next == '$' {
            let length = length_while(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
            let (word, after) = rest.split_at_checked(length)?;
            return Some((length, self.word(word, after)));
        }
        None
    }

    fn comment(&self, rest: &str) -> Option<usize> {
        let line = self.language.line_comments.iter().any(|mark| rest.starts_with(mark));
        // `$#` and `a#b` are no comments of a shell.
        let is_apart = !rest.starts_with('#')
            || self.code.get(..self.at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t', '\n']));
        if line && is_apart {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        let (open, close) = self.language.block_comment.filter(|(open, _)| rest.starts_with(open))?;
        let inner = rest.get(open.len()..)?;
        Some(inner.find(close).map_or(rest.len(), |end| open.len() + end + close.len()))
    }

    fn string(&mut self, rest: &str, quote: char) -> Option<usize> {
        if !self.language.quotes.contains(&quote) {
            return None;
        }
        let triple = match quote {
            '"' => "\"\"\"",
            _ => "'''",
        };
        if self.language.has_triple_quotes && rest.starts_with(triple) {
            let inner = rest.get(3..)?;
            return Some(inner.find(triple).map_or(rest.len(), |end| end + 6));
        }
        // Of quotes that nothing closes, the later ones are escaped in the text of
        // the first, so that nothing closes them either.
        if self.unclosed.iter().any(|(of, until)| *of == quote && self.at < *until) {
            return None;
        }
        let end = closed(rest, quote);
        if let Err(length) = end {
            self.unclosed.retain(|(of, _)| *of != quote);
            self.unclosed.push((quote, self.at + length));
        }
        end.ok()
    }

    fn word(&self, word: &str, after: &str) -> Option<&'static str> {
        let language = self.language;
        let is_keyword = if language.ignores_case {
            language.keywords.iter().any(|known| known.eq_ignore_ascii_case(word))
        } else {
            language.keywords.contains(&word)
        };
        if is_keyword {
            Some("k")
        } else if language.has_calls && after.starts_with('(') {
            Some("f")
        } else if language.has_types && word.starts_with(char::is_uppercase) {
            Some("t")
        } else {
            None
        }
    }
}

/// The length of the text between quotes that begins here; else how far none ends.
fn closed(text: &str, quote: char) -> Result<usize, usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if quote != '`' => return Err(at),
            c if c == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err(text.len())
}

/// How long a number is: `1.5e3`, `0x1f`, `1_000u64`; of `1.cmp(…)` the `1`.
fn number(text: &str) -> usize {
    let is_in = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let whole = length_while(text, is_in);
    let fraction = text.get(whole..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    if fraction.starts_with(|c: char| c.is_ascii_digit()) { whole + 1 + length_while(fraction, is_in) } else { whole }
}

fn length_while(text: &str, is_in: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_in(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(language: &str, code: &'static str) -> Vec<(&'static str, &'static str)> {
        pieces(language, code).into_iter().filter_map(|(text, class)| Some((text, class?))).collect()
    }

    #[test]
    fn the_parts_of_code_are_told_apart() {
        let rust = told("rust", "// why\nfn one(a: &'a Vec<u8>) -> u8 { \"two\\\"\".len() + 0x1f - 2.5.max(1) }");
        let expected = [
            ("// why", "c"),
            ("fn", "k"),
            ("one", "f"),
            ("Vec", "t"),
            ("\"two\\\"\"", "s"),
            ("len", "f"),
            ("0x1f", "n"),
            ("2.5", "n"),
            ("max", "f"),
            ("1", "n"),
        ];
        assert_eq!(rust, expected);
        let shell = told("bash", "echo $# 'it''s' # all\nfor x in a; do done");
        let expected = [("echo", "k"), ("'it'", "s"), ("'s'", "s"), ("# all", "c")];
        assert_eq!(shell.get(..4), Some(&expected[..]));
        assert_eq!(
            told("SQL", "Select 'x' from t -- y"),
            [("Select", "k"), ("'x'", "s"), ("from", "k"), ("-- y", "c")]
        );
        assert_eq!(told("html", "<a href=\"x\">b</a>"), [("<a", "k"), ("\"x\"", "s"), ("</a", "k")]);
        assert_eq!(told("diff", "+a\n-b\n c\n"), [("+a\n", "s"), ("-b\n", "d")]);
        assert_eq!(told("python", "\"\"\"a\nb\"\"\""), [("\"\"\"a\nb\"\"\"", "s")]);
        assert_eq!(told("klingon", "if"), []);
    }

    #[test]
    fn what_is_made_to_be_slow_is_read_once() {
        let begun = std::time::Instant::now();
        for one in ["\"\\", "'\\", "`\\", "<", "</", "(", "/*", "\\\"'", "\"a'", "<!-", "a<", "1.", "#", "$("] {
            let code = one.repeat(24 * 1024 / one.len());
            for language in LANGUAGES {
                let told: usize = pieces(language.names[0], &code).iter().map(|(text, _)| text.len()).sum();
                assert_eq!(told, code.len(), "{one}");
            }
        }
        // Looked at anew from each place it takes minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_lost_and_nothing_is_added(
            code in "([a-zäA-Z0-9_#$<>/!?*'\"`\\\\(). \n-]|if|/\\*|\\*/|\"\"\"){0,80}",
            language in prop::sample::select(LANGUAGES.iter().flat_map(|known| known.names).copied().collect::<Vec<_>>()),
        ) {
            let back: String = pieces(language, &code).into_iter().map(|(text, _)| text).collect();
            prop_assert_eq!(back, code);
        }
    }
}
