//! What Google's answers gave a client to bring back: the signatures of its
//! calls, where Google's own OpenAI layer puts them. A conversation may go on at
//! another provider, and most refuse a member they do not know.

use std::ops::Range;

use domain::ProviderId;
use memchr::memmem;

use crate::json_scan::{Reader, ScanError, quoted};

const MEMBER: &str = "extra_content";

/// The messages without signatures of calls; `None`: they stay as they are,
/// because there are none, or because nobody knows what a custom endpoint takes.
pub(super) fn without(provider: ProviderId, messages: &[u8]) -> Option<String> {
    // Most bodies have no such thing.
    if matches!(provider, ProviderId::Custom | ProviderId::Google)
        || memmem::find(messages, MEMBER.as_bytes()).is_none()
    {
        return None;
    }
    let mut changed: Vec<(Range<usize>, String)> = Vec::new();
    Reader::new(messages)
        .array(|reader| {
            if reader.peek() != Some(b'{') {
                return reader.skip();
            }
            reader.object(|name, reader| {
                if name.is("tool_calls") && reader.peek() == Some(b'[') {
                    return reader.array(|reader| call(reader, &mut changed));
                }
                reader.skip()
            })
        })
        .ok()?;
    if changed.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(messages.len());
    let mut at = 0;
    for (span, without) in changed {
        out.extend_from_slice(messages.get(at..span.start)?);
        out.extend_from_slice(without.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(messages.get(at..)?);
    String::from_utf8(out).ok()
}

/// Notes the call's own text without the member, where it has it.
fn call(reader: &mut Reader<'_>, changed: &mut Vec<(Range<usize>, String)>) -> Result<(), ScanError> {
    reader.peek();
    let body = reader.body();
    let span = reader.span()?;
    let own = body.get(span.clone()).unwrap_or_default();
    if own.first() != Some(&b'{') {
        return Ok(());
    }
    let (mut kept, mut is_signed) = (Vec::new(), false);
    Reader::new(own).object(|name, reader| {
        let value = reader.value()?;
        if name.is(MEMBER) {
            is_signed = true;
        } else {
            kept.push(format!("{}:{}", quoted(&name.text()), String::from_utf8_lossy(value)));
        }
        Ok(())
    })?;
    if is_signed {
        changed.push((span, format!("{{{}}}", kept.join(","))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = r#"[{"role":"user","content":"extra_content"},
      {"role":"assistant","tool_calls":[
        {"id":"a","extra_content":{"google":{"thought_signature":"s"}},"type":"function","function":{"name":"f","arguments":"{\"extra_content\":1}"}},
        {"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":"ok"}]"#;

    const PLAIN: &str = r#"[{"role":"user","content":"extra_content"},
      {"role":"assistant","tool_calls":[
        {"id":"a","type":"function","function":{"name":"f","arguments":"{\"extra_content\":1}"}},
        {"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":"ok"}]"#;

    #[test]
    fn only_the_signatures_go_and_nothing_else_changes() {
        for (provider, messages, expected) in [
            (ProviderId::OpenAi, SIGNED, Some(PLAIN)),
            (ProviderId::Mistral, SIGNED, Some(PLAIN)),
            (ProviderId::Custom, SIGNED, None),
            (ProviderId::OpenAi, PLAIN, None),
            (ProviderId::OpenAi, r#"[{"role":"assistant","tool_calls":null,"extra_content":1}]"#, None),
        ] {
            assert_eq!(without(provider, messages.as_bytes()).as_deref(), expected, "{provider}");
        }
    }
}
