//! Damaged fixtures: nothing panics, and a cut still changes nothing.

use http::HeaderMap;
use llm::wire::UrlWords;
use proptest::prelude::*;

use crate::manifest::{Case, cases};
use crate::streams::passed;

/// For the format that has its model in the URL.
const URL: UrlWords<'static> = UrlWords { model: "some-model", stream: false, alt_sse: false };

/// Bytes that mean something to a reader of events or JSON.
const TELLING: &[u8] = b"{}[]\",:\\0-.e \n\r\xff\xc3u";

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(TELLING)];
    prop::collection::vec((any::<prop::sample::Index>(), byte, 0..3_u8), 1..6)
}

fn damaged(case: &Case, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut body = case.body();
    for (place, byte, kind) in edits.iter().filter(|_| !case.body().is_empty()) {
        let at = place.index(body.len().max(1)).min(body.len());
        match kind {
            0 => body.insert(at, *byte),
            1 => body.truncate(at.max(1)),
            _ => body.get_mut(at).into_iter().for_each(|old| *old = *byte),
        }
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_streams_pass_the_same_however_they_are_cut(
        case in prop::sample::select((0..cases("stream").len()).collect::<Vec<_>>()),
        edits in damage(), cut: prop::sample::Index, wants_usage: bool,
    ) {
        let case = cases("stream").swap_remove(case);
        let body = damaged(&case, &edits);
        let mut decoder = case.wire().unwrap().decode_stream(case.provider);
        let _ = (decoder.push(&body), decoder.finish());
        prop_assume!(case.client_wire().is_some());
        let (front, back) = body.split_at(cut.index(body.len() + 1));
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        let whole = passed(&case, wants_usage, &[&body]);
        prop_assert_eq!(&passed(&case, wants_usage, &[front, back]), &whole);
        prop_assert_eq!(&passed(&case, wants_usage, &bytes), &whole);
    }

    #[test]
    fn damaged_answers_errors_and_requests_do_not_panic(
        kind in prop::sample::select(&["response", "error", "request"][..]),
        case: prop::sample::Index, edits in damage(), status in 200..600_u16,
    ) {
        let mut all = cases(kind);
        let case = all.swap_remove(case.index(all.len()));
        let body = damaged(&case, &edits);
        let wire = case.wire().unwrap();
        let answer = wire.decode_answer(case.provider, &body);
        if let Some(client) = case.client_wire() {
            prop_assert_eq!(answer.is_ok(), client.inspect_answer(case.provider, &body).is_ok());
            let _ = client.read(&body, Some(URL)).map(|request| client.to_neutral(&request));
        }
        let error = wire.read_error(case.provider, status, &HeaderMap::new(), &body);
        prop_assert!(!error.message.is_empty() && !error.message.chars().any(char::is_control));
    }
}
