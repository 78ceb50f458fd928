//! The scanner against tables, and against serde_json on random and on broken
//! texts.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

fn problem(body: &str) -> ScanError {
    scan(body.as_bytes()).unwrap_err()
}

#[test]
fn members_are_found_and_values_are_trimmed() {
    let body = br#" { "a" : 1 , "b":[1, {"a":2}],"\u0063" :"x" } "#;
    let object = scan(body).unwrap();
    assert_eq!(object.get("a"), Some(&b"1"[..]));
    assert_eq!(object.get("b"), Some(&br#"[1, {"a":2}]"#[..]));
    assert_eq!(object.get("c"), Some(&br#""x""#[..]));
    assert_eq!(object.get("d"), None);
    let member = object.member("c").unwrap();
    assert_eq!(&body[member.name_span.clone()], br#""\u0063""#);
    assert_eq!(&body[member.span.clone()], br#""\u0063" :"x""#);
}

#[test]
fn a_name_given_twice_is_refused_even_when_escaped() {
    assert_eq!(problem(r#"{"model":"a","mod\u0065l":"b"}"#), ScanError::Duplicate("model".into()));
    assert_eq!(problem(r#"{"stream_options":{"a":1,"a":2}}"#), ScanError::Duplicate("a".into()));
    assert!(scan(br#"{"messages":{"a":1,"a":2}}"#).is_ok(), "deeper members are opaque");
}

#[test]
fn what_is_not_one_json_object_is_refused_with_the_place() {
    assert_eq!(scan(b"{\"a\":\"\xff\"}").unwrap_err(), ScanError::NotUtf8);
    assert_eq!(problem("[1]"), ScanError::NotAnObject);
    assert_eq!(problem("{} x"), ScanError::Trailing { at: 3 });
    assert_eq!(problem(""), ScanError::Syntax { at: 0, expected: "a value" });
    assert!(problem("{\"a\":\"\n\"}").to_string().contains("byte 6"));
    for bad in ["{", "{\"a\"}", "{\"a\":}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{,}"]
    {
        assert!(matches!(problem(bad), ScanError::Syntax { .. }), "{bad}");
    }
}

#[test]
fn a_lone_surrogate_half_is_let_through() {
    let object = scan(br#"{"a":"\ud83d"}"#).unwrap();
    assert_eq!(RawText::of_value(object.get("a").unwrap()).unwrap().text(), "\u{fffd}");
}

#[test]
fn surrogate_halves_of_two_pieces_become_one_character() {
    let (mut out, mut half) = (String::new(), None);
    RawText::new(br"a\ud83d").append_to(&mut out, &mut half);
    RawText::new(br"\ude00b").append_to(&mut out, &mut half);
    assert_eq!(out, "a😀b");
}

#[test]
fn depth_and_width_are_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(scan(nested(63).as_bytes()).is_ok());
    assert_eq!(problem(&nested(64)), ScanError::TooDeep);
    assert_eq!(problem(&format!("{{\"a\":{}", "[".repeat(1_000_000))), ScanError::TooDeep);
    let wide: Vec<String> = (0..257).map(|n| format!("\"f{n}\":0")).collect();
    assert_eq!(problem(&format!("{{{}}}", wide.join(","))), ScanError::TooManyMembers);
}

#[test]
fn edits_leave_everything_else_as_it_was() {
    let body = br#"{ "model" : "a" ,"keep": [1,  2], "seed":7 }"#;
    let object = scan(body).unwrap();
    let edited = |edit: &dyn Fn(&mut Splice<'_, '_>)| {
        let mut splice = Splice::new(&object);
        edit(&mut splice);
        String::from_utf8(splice.apply().to_vec()).unwrap()
    };
    assert_eq!(edited(&|_| {}).as_bytes(), body);
    assert_eq!(edited(&|s| s.replace("model", quoted("b\"c"))), r#"{ "model" : "b\"c" ,"keep": [1,  2], "seed":7 }"#);
    assert_eq!(edited(&|s| s.remove("model")), r#"{ "keep": [1,  2], "seed":7 }"#);
    assert_eq!(edited(&|s| s.remove("keep")), r#"{ "model" : "a", "seed":7 }"#);
    assert_eq!(edited(&|s| s.remove("seed")), r#"{ "model" : "a" ,"keep": [1,  2] }"#);
    assert_eq!(edited(&|s| s.rename("seed", "random_seed")), r#"{ "model" : "a" ,"keep": [1,  2], "random_seed":7 }"#);
    assert_eq!(edited(&|s| s.add("x", "{}".into())), r#"{ "model" : "a" ,"keep": [1,  2], "seed":7,"x":{} }"#);
    let all_gone = edited(&|s| {
        ["model", "keep", "seed"].into_iter().for_each(|name| s.remove(name));
        s.add("x", "1".into());
    });
    assert_eq!(all_gone, r#"{ "x":1 }"#);
}

#[test]
fn a_long_body_is_edited_in_slices_of_itself() {
    for filler in [10, 100_000] {
        let text = format!(r#"{{"model":"a","long":"{}","stream":true}}"#, "é".repeat(filler));
        let whole = bytes::Bytes::from(text);
        let object = scan(&whole).unwrap();
        let mut splice = Splice::new(&object);
        splice.replace("model", quoted("other"));
        splice.add("x", "1".into());
        let pieces = splice.clone().apply_over(&whole);
        assert_eq!(pieces.concat(), splice.apply());
        let inside = whole.as_ptr_range();
        let slices = pieces.iter().filter(|piece| inside.contains(&piece.as_ptr())).count();
        assert_eq!(slices, if filler == 10 { 0 } else { 3 }, "of {} pieces", pieces.len());
    }
}

#[test]
fn of_a_body_that_is_wrong_twice_it_is_said_that_it_is_no_text() {
    for body in
        [&b"{\"a\":\"\xc3\"}"[..], b"{\"a\":1} \xff", b"{\"a\" 1, \"b\":\"\xff\"}", b"\xff", b"{\"\xc3\\n\xa9\":1}"]
    {
        assert_eq!(scan(body).unwrap_err(), ScanError::NotUtf8, "{}", body.escape_ascii());
        assert_eq!(check(body).unwrap_err(), ScanError::NotUtf8, "{}", body.escape_ascii());
    }
    assert!(scan("{\"é😀\":\"\u{7f}é\\n😀\"}".as_bytes()).is_ok());
}

#[test]
fn characters_are_counted_as_they_are_written() {
    let long = "aé\u{1f600}".repeat(1_000);
    for (written, characters) in [
        ("", 0),
        ("abc", 3),
        (r"a\nb", 3),
        (r"\\\\", 2),
        (r"\u00e9x\ud83d\ude00", 4),
        (long.as_str(), 3_000),
        (r"é\", 2),
    ] {
        assert_eq!(RawText::new(written.as_bytes()).characters(), characters, "{written}");
        // The same when its reader has counted the escapes.
        let quoted = format!("\"{written}\"");
        if let Ok(Some(read)) = Reader::new(quoted.as_bytes()).text() {
            assert_eq!(read.characters(), characters, "{written}");
        }
    }
}

#[test]
fn a_second_walk_over_long_strings_finds_what_the_first_found() {
    fn strings(mut reader: Reader<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let walked = reader.array(|reader| {
            if reader.peek() != Some(b'{') {
                found.extend(reader.text()?.map(|text| text.text().into_owned()));
                return Ok(());
            }
            reader.object(|name, reader| {
                found.push(name.text().into_owned());
                found.extend(reader.text()?.map(|text| text.text().into_owned()));
                Ok(())
            })
        });
        walked.unwrap();
        found
    }
    let (plain, wide, escaped) = ("word ".repeat(2_000), "é".repeat(9_000), r#"\n\"x\\"#.repeat(3_000));
    for first in ["short", &plain] {
        let list = format!(r#"["{plain}", "a", {{"{wide}" : "{escaped}", "b":"{plain}"}}, 1, "{escaped}"]"#);
        let body = format!(r#"{{"first":"{first}", "list": {list} , "last":"{wide}"}}"#);
        let object = scan(body.as_bytes()).unwrap();
        let found = strings(object.reader("list").unwrap());
        assert_eq!(found, strings(Reader::new(list.as_bytes())));
        assert_eq!(found.len(), 7);
        assert!(object.reader("other").is_none());
    }
}

#[test]
fn an_empty_object_takes_a_member() {
    let object = scan(b" { } ").unwrap();
    let mut splice = Splice::new(&object);
    splice.add("a", "1".into());
    assert_eq!(&splice.apply()[..], br#" {"a":1 } "#);
}

/// Random JSON with the characters that matter to a scanner.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i32>().prop_map(|n| (f64::from(n) / 8.0).into()),
        "[a-z\"\\\\\n\u{e9}\u{1f600}]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"\u{e9}]{0,4}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_json_is_accepted_and_its_members_agree(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        prop_assert_eq!(check(&text), Ok(()));
        if let Some(map) = value.as_object() {
            // `options` and its like may hold anything but duplicates, which a map has not.
            let object = scan(&text).unwrap();
            prop_assert_eq!(object.members().len(), map.len());
            for (name, value) in map {
                let raw: serde_json::Value = serde_json::from_slice(object.get(name).unwrap()).unwrap();
                prop_assert_eq!(&raw, value);
            }
            prop_assert_eq!(&Splice::new(&object).apply()[..], &text[..]);
            prop_assert_eq!(Reader::of_checked(&text, text.is_ascii()).value(), Ok(text.trim_ascii()));
        }
    }

    #[test]
    fn broken_json_is_judged_as_serde_json_judges_it(
        value in json(), at: prop::sample::Index, byte in prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:\\0-.eE n\n"[..])], kind in 0..3,
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        match kind {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            _ => { text.remove(at); }
        }
        let theirs = serde_json::from_slice::<&RawValue>(&text);
        prop_assert_eq!(check(&text).is_ok(), theirs.is_ok(), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn any_bytes_are_judged_and_what_is_taken_is_one_object_to_serde_json_too(
        pieces in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(&["{", "}", "[", "]", "\"", ":", ",", "\\", "\\u00", "\"a\"", "\"model\"", "1", "-0.5e", "true", "null", " ", "\n"][..])
                    .prop_map(|text| text.as_bytes().to_vec()),
                1 => any::<u8>().prop_map(|byte| vec![byte]),
            ],
            0..30,
        ),
    ) {
        let bytes = pieces.concat();
        let theirs: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&bytes);
        match (scan(&bytes), theirs) {
            (Ok(object), Ok(map)) => {
                let names: Vec<&str> = object.members().iter().map(|member| &*member.name).collect();
                prop_assert_eq!(names.len(), map.len());
                prop_assert!(names.iter().all(|name| map.contains_key(*name)));
            }
            // A number that no float holds, or half a surrogate: the body is not ours to judge.
            (Ok(_), Err(error)) => prop_assert!(
                error.to_string().contains("number out of range") || error.to_string().contains("surrogate")
                    || error.to_string().contains("hex escape"), "{}", error
            ),
            (Err(problem), Ok(_)) => prop_assert!(matches!(problem, ScanError::Duplicate(_)), "{problem}"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn a_name_given_twice_is_refused_wherever_and_however_it_is_written(
        map in prop::collection::btree_map("[a-z]{1,5}", json(), 1..8), which: prop::sample::Index, place: prop::sample::Index, escaped: bool,
    ) {
        let mut members: Vec<(String, String)> =
            map.iter().map(|(name, value)| (quoted(name), value.to_string())).collect();
        let name = map.keys().nth(which.index(map.len())).unwrap();
        let second = if escaped {
            name.bytes().map(|byte| format!("\\u{byte:04X}")).collect::<String>()
        } else {
            name.clone()
        };
        members.insert(place.index(members.len() + 1), (format!("\"{second}\""), "0".into()));
        let body = members.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(",");
        prop_assert_eq!(scan(format!("{{{body}}}").as_bytes()).err(), Some(ScanError::Duplicate(name.clone())));
    }

    #[test]
    fn a_splice_changes_the_one_member_and_no_other_byte(
        map in prop::collection::btree_map("[a-z\"\u{e9}]{0,5}", json(), 1..8), which: prop::sample::Index, put in json(), pretty: bool,
    ) {
        let map: serde_json::Map<String, serde_json::Value> = map.into_iter().collect();
        let text = if pretty { serde_json::to_vec_pretty(&map) } else { serde_json::to_vec(&map) }.unwrap();
        let name = map.keys().nth(which.index(map.len())).unwrap();
        let object = scan(&text).unwrap();
        let span = object.member(name).unwrap().value_span.clone();
        let mut splice = Splice::new(&object);
        splice.replace(name, put.to_string());
        let spliced = splice.apply();
        let (front, back) = (&text[..span.start], &text[span.end..]);
        prop_assert!(spliced.starts_with(front) && spliced.ends_with(back));
        prop_assert_eq!(spliced.len(), front.len() + put.to_string().len() + back.len());
        let mut expected = map.clone();
        expected.insert(name.clone(), put);
        prop_assert_eq!(serde_json::from_slice::<serde_json::Map<_, _>>(&spliced).unwrap(), expected);
    }
}
