//! The chunks of a stream differ in little but their content. Once one ordinary
//! chunk was walked, the next is recognised by comparing bytes: the same
//! literals, with another text between the quotes. What does not match is walked
//! again, so this decides nothing; it only saves time.

use memchr::{memchr, memchr2};

use crate::json_scan::RawText;

/// Longer literals are not worth remembering.
const MAX_LITERAL_BYTES: usize = 4 * 1024;

/// An ordinary chunk: literals around the content and, at OpenAI, the padding.
#[derive(Debug, Default)]
pub(super) struct Template {
    is_known: bool,
    head: Vec<u8>,
    middle: Vec<u8>,
    /// What follows the padding; `None`: there is no padding.
    end: Option<Vec<u8>>,
}

impl Template {
    /// Remembers a block that says nothing but `content`.
    pub(super) fn learn(&mut self, block: &[u8], content: RawText<'_>, padding: Option<RawText<'_>>) {
        self.is_known = self.try_learn(block, content, padding).is_some();
    }

    /// The content, if the block is of this form.
    pub(super) fn content<'b>(&self, block: &'b [u8]) -> Option<RawText<'b>> {
        if !self.is_known {
            return None;
        }
        let (content, rest) = text_at_front(block.strip_prefix(self.head.as_slice())?)?;
        let rest = rest.strip_prefix(self.middle.as_slice())?;
        let is_over = match &self.end {
            None => rest.is_empty(),
            Some(end) => text_at_front(rest)?.1 == end.as_slice(),
        };
        (is_over && !content.is_empty()).then(|| RawText::new(content))
    }

    fn try_learn(&mut self, block: &[u8], content: RawText<'_>, padding: Option<RawText<'_>>) -> Option<()> {
        if block.len() > MAX_LITERAL_BYTES {
            return None;
        }
        let content = content.inner_span_in(block)?;
        self.head.clear();
        self.head.extend_from_slice(block.get(..content.start)?);
        self.middle.clear();
        match padding {
            Some(padding) => {
                let padding = padding.inner_span_in(block)?;
                self.middle.extend_from_slice(block.get(content.end..padding.start)?);
                let end = self.end.get_or_insert_default();
                end.clear();
                end.extend_from_slice(block.get(padding.end..)?);
            }
            None => {
                self.middle.extend_from_slice(block.get(content.end..)?);
                self.end = None;
            }
        }
        Some(())
    }
}

/// A JSON string's inside up to its closing quote, and the rest from there.
fn text_at_front(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = memchr(b'"', bytes)?;
    while is_escaped(bytes.get(..end)?) {
        end += 1 + memchr(b'"', bytes.get(end + 1..)?)?;
    }
    let (inside, rest) = bytes.split_at_checked(end)?;
    // A line end would make it another event than it seems.
    memchr2(b'\n', b'\r', inside).is_none().then_some((inside, rest))
}

/// Whether an odd number of backslashes stands at the end.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_form_matches() {
        let block = br#"data: {"c":"hi","u":null,"p":"xx"}"#;
        let mut template = Template::default();
        assert_eq!(template.content(block), None);
        template.learn(block, RawText::new(&block[12..14]), Some(RawText::new(&block[30..32])));
        for (other, characters) in [
            (r#"data: {"c":"h\"\\","u":null,"p":""}"#, Some(3)),
            (r#"data: {"c":"é","u":null,"p":"y"}"#, Some(1)),
            (r#"data: {"c":"","u":null,"p":"y"}"#, None),
            (r#"data: {"c":"a","u":{},"p":"y"}"#, None),
            (r#"data: {"c":"a","u":null,"p":"y","q":1}"#, None),
            (r#"data: {"c":"a\","u":null,"p":"y"}"#, None),
            (r#"data: {"c":"a"#, None),
            ("data: {\"c\":\"a\nid: 1\",\"u\":null,\"p\":\"y\"}", None),
        ] {
            assert_eq!(template.content(other.as_bytes()).map(|content| content.characters()), characters, "{other}");
        }
    }

    #[test]
    fn a_text_from_elsewhere_is_not_learnt() {
        let mut template = Template::default();
        template.learn(b"data: {\"c\":\"hi\"}", RawText::new(b"hi"), None);
        assert_eq!(template.content(b"data: {\"c\":\"hi\"}"), None);
    }
}
