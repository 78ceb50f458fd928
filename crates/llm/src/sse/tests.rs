//! The decoder and the splitter, cut in every way.

use proptest::prelude::*;

use super::*;

fn events(frames: &[&[u8]]) -> Vec<(Option<String>, String)> {
    let mut decoder = SseDecoder::new();
    let mut found = Vec::new();
    for frame in frames {
        decoder.push(frame);
        while let Some(event) = decoder.next_event().unwrap() {
            found.push(event);
        }
    }
    found.extend(decoder.finish());
    found.into_iter().map(|event| (event.event, String::from_utf8_lossy(&event.data).into_owned())).collect()
}

fn data(stream: &str) -> Vec<String> {
    events(&[stream.as_bytes()]).into_iter().map(|(_, data)| data).collect()
}

#[test]
fn all_three_line_ends_are_read() {
    for stream in ["data: a\n\ndata:b\n\n", "data: a\r\n\r\ndata:b\r\n\r\n", "data: a\r\rdata:b\r\r"] {
        assert_eq!(data(stream), ["a", "b"], "{stream:?}");
    }
}

#[test]
fn several_data_lines_are_joined_and_other_fields_ignored() {
    assert_eq!(data("\u{feff}: hi\nid: 1\nretry: 5\nwhat\ndata: a\ndata:\ndata:  b\n\n"), ["a\n\n b"]);
    assert_eq!(data("event: ping\n\n: only a comment\n\nid: 7\n\n"), Vec::<String>::new());
    assert_eq!(events(&[b"event: error\ndata: x\n\n"]), [(Some("error".into()), "x".into())]);
}

#[test]
fn the_last_event_may_lack_its_blank_line() {
    assert_eq!(data("data: a\n\ndata: b"), ["a", "b"]);
    assert_eq!(data("data: a\n\ndata: b\n"), ["a", "b"]);
}

#[test]
fn an_endless_event_is_an_error_and_not_a_memory_leak() {
    let mut decoder = SseDecoder::new();
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..7 {
        decoder.push(&megabyte);
        assert_eq!(decoder.next_event(), Ok(None));
    }
    decoder.push(&megabyte);
    decoder.push(b"x");
    assert_eq!(decoder.next_event(), Err(TooLong));
}

#[test]
fn a_block_within_one_frame_is_not_copied() {
    let frame = Bytes::from_static(b"data: a\n\ndata: b\n\ndata");
    let mut splitter = Splitter::new(100);
    splitter.feed(frame.clone());
    for expected in [&frame[..9], &frame[9..18]] {
        let piece = splitter.next_piece().unwrap();
        assert_eq!((piece.bytes.as_ptr(), piece.bytes.len()), (expected.as_ptr(), expected.len()));
    }
    assert_eq!(splitter.next_piece(), None);
}

#[test]
fn a_block_longer_than_the_hold_leaves_in_parts() {
    let mut splitter = Splitter::new(4);
    splitter.feed(Bytes::from_static(b"data: long\r"));
    let first = splitter.next_piece().unwrap();
    assert_eq!((&first.bytes[..], first.is_first, first.is_last), (&b"data: long"[..], true, false));
    splitter.feed(Bytes::from_static(b"\n\r\n"));
    let last = splitter.next_piece().unwrap();
    assert_eq!((&last.bytes[..], last.is_first, last.is_last), (&b"\r\n\r\n"[..], false, true));
}

/// The events of a whole stream, read a second time from the standard: lines
/// first, then blocks between empty lines.
fn reference(stream: &[u8]) -> Vec<(Option<String>, String)> {
    let stream = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bytes = stream.iter().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if(|next| **next == b'\n');
                lines.push(Vec::new());
            }
            b'\n' => lines.push(Vec::new()),
            other => lines.last_mut().unwrap().push(other),
        }
    }
    let blocks = lines.split(Vec::is_empty);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let field = |line: &[u8], name: &[u8]| {
        let rest = line.strip_prefix(name)?;
        let value = rest.strip_prefix(b":").or_else(|| rest.is_empty().then_some(rest))?;
        Some(value.strip_prefix(b" ").unwrap_or(value).to_vec())
    };
    blocks
        .filter_map(|block| {
            let datas: Vec<Vec<u8>> = block.iter().filter_map(|line| field(line, b"data")).collect();
            let event = block.iter().find_map(|line| field(line, b"event"));
            (!datas.is_empty()).then(|| (event.map(|name| text(&name)), text(&datas.join(&b'\n'))))
        })
        .collect()
}

/// What streams are made of, and what they should not be made of.
const WORDS: &[&[u8]] = &[
    b"data",
    b"data: ",
    b"data:",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"event: e",
    b"id: 1",
    b"retry",
    b"\xef\xbb\xbf",
    b"\xef\xbb",
    b"\xff",
    b"{\"a\":1}",
    b"\xc3\xa9",
    b"\0",
    b"x",
];

/// Streams of such words, and of any bytes.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(WORDS);
    let any = prop_oneof![8 => word.prop_map(<[u8]>::to_vec), 1 => any::<u8>().prop_map(|byte| vec![byte])];
    prop::collection::vec(any, 0..40).prop_map(|words| words.concat())
}

/// The stream in frames, cut at these places.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_cuts_are_the_events_that_the_standard_says(
        bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let expected = reference(&bytes);
        prop_assert_eq!(&events(&[&bytes]), &expected);
        prop_assert_eq!(&events(&cut(&bytes, &cuts)), &expected);
        prop_assert_eq!(&events(&bytes.chunks(1).collect::<Vec<_>>()), &expected);
    }

    #[test]
    fn the_splitter_holds_back_no_more_than_it_may_and_loses_nothing(
        bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12), hold in 1_usize..40,
    ) {
        let mark = "\u{feff}".as_bytes();
        let mut splitter = Splitter::new(hold);
        let (mut out, mut fed, mut is_open) = (Vec::new(), 0, false);
        for frame in cut(&bytes, &cuts) {
            splitter.feed(Bytes::copy_from_slice(frame));
            fed += frame.len();
            while let Some(piece) = splitter.next_piece() {
                prop_assert_eq!(piece.is_first, !is_open);
                is_open = !piece.is_last;
                out.extend_from_slice(&piece.bytes);
            }
            let most = if is_open { "\r".len() } else { hold };
            prop_assert!(fed - out.len() <= most + mark.len(), "{} bytes held", fed - out.len());
        }
        if let Some(rest) = splitter.rest() {
            prop_assert_eq!(rest.is_first, !is_open);
            out.extend_from_slice(&rest.bytes);
        }
        prop_assert_eq!(&out[..], bytes.strip_prefix(mark).unwrap_or(&bytes));
    }
}
