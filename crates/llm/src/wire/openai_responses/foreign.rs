//! Thoughts of other providers' answers, told as items that OpenAI never made.
//! It would look for them under their ids and refuse the call.

use memchr::memmem;

use crate::json_scan::Reader;

/// What such an id has behind `rs_`: an attempt's id without dashes, and a place.
const ID_CHARACTERS: usize = 34;

/// The input without such items; `None`: there are none. An input that would be
/// left empty stays as it is.
pub(super) fn without(input: &[u8]) -> Option<String> {
    // Most bodies have no such thing.
    if input.first() != Some(&b'[') || memmem::find(input, b"\"rs_").is_none() {
        return None;
    }
    let (mut kept, mut has_foreign): (Vec<&[u8]>, bool) = (Vec::new(), false);
    Reader::new(input)
        .array(|reader| {
            let item = reader.value()?;
            if is_foreign_thought(item) {
                has_foreign = true;
            } else {
                kept.push(item);
            }
            Ok(())
        })
        .ok()?;
    if !has_foreign || kept.is_empty() {
        return None;
    }
    Some(format!("[{}]", String::from_utf8(kept.join(&b',')).ok()?))
}

/// A thought under an id that Ownkey made, without the state that OpenAI seals.
fn is_foreign_thought(item: &[u8]) -> bool {
    if item.first() != Some(&b'{') {
        return false;
    }
    let (mut is_thought, mut is_ours, mut is_sealed) = (false, false, false);
    let walked = Reader::new(item).object(|name, reader| {
        if name.is("type") {
            is_thought = reader.text()?.is_some_and(|kind| kind.is("reasoning"));
        } else if name.is("id") {
            is_ours = reader.text()?.is_some_and(|id| is_own_id(&id.text()));
        } else if name.is("encrypted_content") {
            is_sealed = reader.text()?.is_some_and(|state| state.characters() > 0);
        } else {
            reader.skip()?;
        }
        Ok(())
    });
    walked.is_ok() && is_thought && is_ours && !is_sealed
}

/// `rs_`, a UUID of version 7, two digits.
fn is_own_id(id: &str) -> bool {
    id.strip_prefix("rs_").is_some_and(|rest| {
        rest.len() == ID_CHARACTERS
            && rest.bytes().all(|c| c.is_ascii_hexdigit())
            && rest.as_bytes().get(12) == Some(&b'7')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"id":"rs_019a1ee65e0070008000000000000000"#;

    #[test]
    fn only_thoughts_that_openai_never_made_go() {
        let question = r#"{"role":"user","content":"rs_"}"#;
        let ours = format!(r#"{OURS}00","type":"reasoning","summary":[]}}"#);
        let sealed = format!(r#"{OURS}00","type":"reasoning","encrypted_content":"x"}}"#);
        let openais = r#"{"id":"rs_68a1ee65e00781919b000000000000000000000000000000","type":"reasoning","summary":[]}"#;
        let message = format!(r#"{OURS}00","type":"message"}}"#);
        for (items, expected) in [
            (vec![question, &ours, question], Some(vec![question, question])),
            (vec![&*ours, question], Some(vec![question])),
            (vec![&*ours], None),
            (vec![question, &sealed], None),
            (vec![question, openais], None),
            (vec![question, &message], None),
        ] {
            let written = |items: Vec<&str>| format!("[{}]", items.join(","));
            assert_eq!(without(written(items.clone()).as_bytes()), expected.map(written), "{items:?}");
        }
        assert_eq!(without(br#""rs_""#), None);
    }
}
