//! Whether a call's arguments are a whole object yet.

/// How deep in brackets the arguments are.
#[derive(Debug, Default)]
pub(super) struct Depth {
    depth: u32,
    has_begun: bool,
    is_inside_text: bool,
    is_escaped: bool,
}

impl Depth {
    /// More of the arguments.
    pub(super) fn pass(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.is_inside_text {
                let is_end = byte == b'"' && !self.is_escaped;
                self.is_escaped = byte == b'\\' && !self.is_escaped;
                self.is_inside_text = !is_end;
                continue;
            }
            match byte {
                b'"' => self.is_inside_text = true,
                b'{' | b'[' => {
                    self.depth = self.depth.saturating_add(1);
                    self.has_begun = true;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Everything that was opened is closed.
    pub(super) const fn is_whole(&self) -> bool {
        self.has_begun && self.depth == 0 && !self.is_inside_text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_whole_at_its_last_bracket() {
        for (text, is_whole) in [
            ("", false),
            ("{", false),
            ("{}", true),
            ("{\"a\":[1,{\"b\":\"}]\\\"\"}]", false),
            ("{\"a\":[1,{\"b\":\"}]\\\"\"}]}", true),
            ("{\"a\":\"\\\\\"}", true),
        ] {
            let mut depth = Depth::default();
            text.split_inclusive(|_| true).for_each(|piece| depth.pass(piece));
            assert_eq!(depth.is_whole(), is_whole, "{text}");
        }
    }
}
