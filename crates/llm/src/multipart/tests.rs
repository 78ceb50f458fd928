//! What is found in a form, what is refused, and that nothing else changes.

use proptest::prelude::*;

use super::*;

const BOUNDARY: &str = "----x";

fn form(parts: &[(&str, &str)]) -> Bytes {
    let mut body = String::new();
    for (headers, value) in parts {
        body.push_str(&format!("--{BOUNDARY}\r\n{headers}\r\n\r\n{value}\r\n"));
    }
    Bytes::from(format!("{body}--{BOUNDARY}--\r\n"))
}

fn field(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

#[test]
fn the_model_is_found_and_replaced_and_all_else_stays() {
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"\r\nContent-Type: audio/wav";
    let body = form(&[(file, "RIFF\r\n\0\u{1}"), (&field("model"), "whisper"), (&field("stream"), "true")]);
    let read = Form::read(&body, BOUNDARY).unwrap();
    assert_eq!((read.model.as_deref(), read.stream), (Some("whisper"), true));
    let replaced = form(&[(file, "RIFF\r\n\0\u{1}"), (&field("model"), "groq-whisper"), (&field("stream"), "true")]);
    assert_eq!(read.with_model(&body, "groq-whisper").concat(), replaced);
}

#[test]
fn a_form_without_a_model_gets_one_before_all_else() {
    let body = form(&[(&field("prompt"), "a cat")]);
    let read = Form::read(&body, BOUNDARY).unwrap();
    assert_eq!(read.model, None);
    let with = Bytes::from(read.with_model(&body, "m").concat());
    assert_eq!(with, form(&[(&field("model"), "m"), (&field("prompt"), "a cat")]));
    assert_eq!(Form::read(&with, BOUNDARY).unwrap().model.as_deref(), Some("m"));
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    let model = field("model");
    let twice = form(&[(&model, "a"), (&model, "b")]);
    let inside = form(&[(&field("prompt"), &format!("x\n--{BOUNDARY}\n{model}\n\nb")), (&model, "a")]);
    let whole = |headers: &str| form(&[(headers, "a")]);
    for (what, body) in [
        ("named twice", twice),
        ("a boundary inside a part", inside),
        ("another case", whole("Content-Disposition: form-data; name=\"Model\"")),
        ("blanks around", whole("Content-Disposition: form-data; name=\"model \"")),
        ("an escape", whole("Content-Disposition: form-data; name=\"mod\\el\"")),
        ("a percent sign", whole("Content-Disposition: form-data; name=\"mod%65l\"")),
        ("two names", whole("Content-Disposition: form-data; name=\"a\"; name=\"model\"")),
        ("an encoded name", whole("Content-Disposition: form-data; name=\"a\"; name*=utf-8''model")),
        ("a file", whole("Content-Disposition: form-data; name=\"model\"; filename=\"m\"")),
        ("two dispositions", whole(&format!("{}\r\n{model}", field("a")))),
        ("a folded header", whole("Content-Disposition: form-data;\r\n name=\"model\"")),
        ("no disposition", whole("Content-Type: text/plain")),
        ("no name", whole("Content-Disposition: form-data")),
        ("a control character", form(&[(&model, "a\nb")])),
        ("an empty model", form(&[(&model, " ")])),
        ("no end", Bytes::from(format!("--{BOUNDARY}\r\n{model}\r\n\r\na\r\n"))),
        ("something before", Bytes::from([b"x\r\n".as_slice(), &whole(&model)].concat())),
        ("something after", Bytes::from([whole(&model).as_ref(), b"x"].concat())),
        ("nothing", Bytes::new()),
        ("no part", Bytes::from(format!("--{BOUNDARY}--\r\n"))),
        ("headers without an end", Bytes::from(format!("--{BOUNDARY}\r\n{model}\r\n--{BOUNDARY}--\r\n"))),
    ] {
        let problem = Form::read(&body, BOUNDARY).expect_err(what);
        assert!(problem.message.ends_with('.'), "{what}: {problem}");
    }
}

#[test]
fn the_boundary_is_read_from_the_content_type() {
    for (kind, expected) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", None),
        ("multipart/form-data; boundary=\"a=b\"", Some("a=b")),
        ("multipart/form-data; boundary=a; boundary=b", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=abc", None),
        ("application/json; boundary=abc", None),
    ] {
        assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
    }
    assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "a".repeat(71))), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_form_is_read_as_it_was_written(
        values in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), "[a-z]{1,8}"), 0..6),
        place in 0usize..6,
    ) {
        let mut body = Vec::new();
        let mut others: Vec<_> = values.iter().filter(|(_, name)| !["model", "stream"].contains(&name.as_str())).collect();
        let place = place.min(others.len());
        let ours = (b"a-model".to_vec(), "model".to_owned());
        others.insert(place, &ours);
        for (value, name) in &others {
            body.extend_from_slice(format!("--{BOUNDARY}\r\n{}\r\n\r\n", field(name)).as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let body = Bytes::from(body);
        prop_assume!(memmem::find_iter(&body, format!("--{BOUNDARY}").as_bytes()).count() == others.len() + 1);
        let read = Form::read(&body, BOUNDARY).unwrap();
        prop_assert_eq!(read.model.as_deref(), Some("a-model"));
        let again = Bytes::from(read.with_model(&body, "b").concat());
        prop_assert_eq!(again.len() + "a-model".len() - 1, body.len());
        let again = Form::read(&again, BOUNDARY).unwrap();
        prop_assert_eq!(again.model.as_deref(), Some("b"));
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), tail in "(\r\n|--|----x|name=|\"|;){0,20}") {
        let _ = Form::read(&[body.as_slice(), tail.as_bytes()].concat(), BOUNDARY);
        let _ = Form::read(&[format!("--{BOUNDARY}\r\n").as_bytes(), &body, tail.as_bytes()].concat(), BOUNDARY);
        let _ = boundary(&tail);
    }
}
