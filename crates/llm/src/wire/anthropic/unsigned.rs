//! Thoughts without a signature in a client's history. Answers of other
//! providers have such; Anthropic would refuse them.

use crate::json_scan::{Reader, ScanError};

/// The messages without such blocks; `None`: there are none. A message that
/// would be left empty stays as it is.
pub(super) fn without(messages: &[u8]) -> Option<String> {
    let mut cuts = Vec::new();
    Reader::new(messages)
        .array(|reader| {
            if reader.peek() != Some(b'{') {
                return reader.skip();
            }
            reader.object(|name, reader| {
                if name.is("content") && reader.peek() == Some(b'[') {
                    return blocks(reader, &mut cuts);
                }
                reader.skip()
            })
        })
        .ok()?;
    if cuts.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(messages.len());
    let mut at = 0;
    for (start, end) in cuts {
        out.extend_from_slice(messages.get(at..start)?);
        at = end;
    }
    out.extend_from_slice(messages.get(at..)?);
    String::from_utf8(out).ok()
}

/// Finds the blocks of one message, each with a comma beside it.
fn blocks(reader: &mut Reader<'_>, cuts: &mut Vec<(usize, usize)>) -> Result<(), ScanError> {
    let mut spans = Vec::new();
    reader.array(|reader| {
        reader.peek();
        let body = reader.body();
        let value = reader.span()?;
        let is_unsigned = is_unsigned(body.get(value.clone()).unwrap_or_default());
        spans.push((value, is_unsigned));
        Ok(())
    })?;
    if spans.iter().all(|(_, is_unsigned)| *is_unsigned) {
        return Ok(());
    }
    let mut kept_end = None;
    for (index, (span, is_unsigned)) in spans.iter().enumerate() {
        if !is_unsigned {
            kept_end = Some(span.end);
            continue;
        }
        match kept_end {
            // Behind a block that stays: its comma goes along.
            Some(end) => {
                cuts.push((end, span.end));
                kept_end = Some(span.end);
            }
            // In front: the comma behind it.
            None => {
                let next = spans.get(index + 1).map_or(span.end, |(next, _)| next.start);
                cuts.push((span.start, next));
            }
        }
    }
    Ok(())
}

fn is_unsigned(block: &[u8]) -> bool {
    let (mut is_thought, mut has_signature) = (false, false);
    let mut reader = Reader::new(block);
    if reader.peek() != Some(b'{') {
        return false;
    }
    let walked = reader.object(|name, reader| {
        if name.is("type") {
            is_thought = reader.text()?.is_some_and(|kind| kind.is("thinking"));
        } else if name.is("signature") {
            has_signature = reader.text()?.is_some_and(|signature| !signature.is_empty());
        } else {
            reader.skip()?;
        }
        Ok(())
    });
    walked.is_ok() && is_thought && !has_signature
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSIGNED: &str = r#"{"type":"thinking","thinking":"a ] , b","signature":""}"#;
    const SIGNED: &str = r#"{"type":"thinking","thinking":"c","signature":"s"}"#;

    #[test]
    fn only_unsigned_thoughts_go_and_nothing_else_changes() {
        for (content, expected) in [
            ("[U, {\"type\":\"text\" ,\"text\":\"x\"} ]", Some("[{\"type\":\"text\" ,\"text\":\"x\"} ]")),
            ("[1 , U , 2,U]", Some("[1 , 2]")),
            ("[ U,U , 1,U,U ]", Some("[ 1 ]")),
            ("[S,U,1]", Some("[S,1]")),
            ("[S,1]", None),
            ("[U]", None),
            ("\"thinking\"", None),
            ("[]", None),
        ] {
            let filled = |text: &str| {
                let content = text.replace('U', UNSIGNED).replace('S', SIGNED);
                format!("[{{\"role\": \"user\",\"content\":{content}}}, {{\"content\":\"b\"}}]")
            };
            let found = without(filled(content).as_bytes());
            assert_eq!(found, expected.map(filled), "{content}");
        }
    }
}
