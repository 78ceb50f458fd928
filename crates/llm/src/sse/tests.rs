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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_change_neither_the_events_nor_the_bytes(
        lines in prop::collection::vec(prop::sample::select(&["data: é👋", "data:x", ": c", "event: e", "id: 1", "", ""][..]), 0..20),
        ends in prop::collection::vec(prop::sample::select(&["\n", "\r\n", "\r"][..]), 20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        has_mark: bool,
    ) {
        let mut stream = if has_mark { "\u{feff}".to_owned() } else { String::new() };
        for (line, end) in lines.iter().zip(&ends) {
            stream.push_str(line);
            stream.push_str(end);
        }
        let bytes = stream.as_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        places.sort_unstable();
        let frames: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(events(&frames), events(&[bytes]));

        let mut splitter = Splitter::new(6);
        let mut out = Vec::new();
        for frame in &frames {
            splitter.feed(Bytes::copy_from_slice(frame));
            while let Some(piece) = splitter.next_piece() {
                out.extend_from_slice(&piece.bytes);
            }
        }
        out.extend(splitter.rest().map(|piece| piece.bytes).unwrap_or_default());
        prop_assert_eq!(String::from_utf8(out).unwrap(), stream.trim_start_matches('\u{feff}'));
    }
}
