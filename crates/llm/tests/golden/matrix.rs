//! Every answer and stream of every provider, written for clients of every
//! format and read again: nothing is lost on the way.

use bytes::Bytes;
use domain::provider::WireName;
use llm::UpstreamError;
use llm::neutral::Answer;
use llm::wire::Passage as _;
use llm::wire::{self, About, ClientWire, Translation, Wire, stream_of};

use crate::manifest::{Case, Seen, cases};
use crate::streams::{decoded, read_by};

/// The formats that clients speak, each with its reader.
fn formats() -> impl Iterator<Item = (&'static dyn ClientWire, &'static dyn Wire)> {
    let all = [
        WireName::OpenAiChat,
        WireName::OpenAiResponses,
        WireName::AnthropicMessages,
        WireName::Gemini,
        WireName::OllamaNative,
    ];
    all.into_iter().filter_map(|name| Some((wire::of_client(name)?, wire::of(name)?)))
}

fn about(include_usage: bool) -> About {
    About { id: "0123456789abcdef".to_owned(), model: "the-model".to_owned(), created: 1_790_000_000, include_usage }
}

/// A format without words for a refusal says it as text, and costs stay with us.
fn comparable(format: WireName, mut seen: Seen) -> Seen {
    seen.cost = None;
    if matches!(format, WireName::AnthropicMessages | WireName::Gemini) {
        seen.text.push_str(&seen.refusal.take().unwrap_or_default());
    }
    if format == WireName::Gemini {
        // It has no word for tokens written to a cache: they are among the
        // prompt's, and the ledger has them from the provider's own answer.
        if let Some(usage) = &mut seen.usage {
            usage.cache_write = 0;
            usage.cache_write_hour = 0;
        }
        // Its arguments are objects: the same ones, if written otherwise.
        for call in &mut seen.calls {
            let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
            call.arguments = arguments.to_string();
        }
    }
    if format == WireName::AnthropicMessages {
        for call in &mut seen.calls {
            let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
            call.arguments = arguments.to_string();
        }
    }
    seen
}

/// The provider that a format's reader has no special words for.
fn maker(format: WireName) -> domain::ProviderId {
    match format {
        WireName::AnthropicMessages => domain::ProviderId::Anthropic,
        WireName::Gemini => domain::ProviderId::Google,
        WireName::OllamaNative => domain::ProviderId::Ollama,
        WireName::OpenAiChat | WireName::OpenAiResponses => domain::ProviderId::OpenAi,
    }
}

fn original(case: &Case) -> Answer {
    case.wire().unwrap().decode_answer(case.provider, &case.body()).unwrap()
}

#[test]
fn every_answer_reads_the_same_in_every_format() {
    for case in cases("response") {
        let answer = original(&case);
        for (client, reader) in formats() {
            let format = client.name();
            let written = client.encode_answer(&answer, &about(false));
            let read = reader.decode_answer(maker(format), &written);
            let read = read.unwrap_or_else(|error| panic!("{} as {}: {error:?}", case.file, format.as_str()));
            let (expected, seen) = (Seen::of(answer.clone()), Seen::of(read));
            assert_eq!(comparable(format, seen), comparable(format, expected), "{} as {}", case.file, format.as_str());
        }
    }
}

#[test]
fn every_answer_reads_the_same_as_a_stream_in_every_format() {
    for case in cases("response") {
        let answer = original(&case);
        for (client, reader) in formats() {
            let format = client.name();
            let (mut encoder, mut written) = (client.encode_stream(about(true)), Vec::new());
            for event in stream_of(answer.clone()) {
                encoder.push(&event, &mut written);
            }
            let (seen, failure) = read_by(reader, &Case { provider: maker(format), ..case.clone() }, &[&written]);
            assert_eq!(failure, None, "{} as {}", case.file, format.as_str());
            let expected = comparable(format, Seen::of(answer.clone()));
            assert_eq!(comparable(format, seen), expected, "{} as {}", case.file, format.as_str());
        }
    }
}

fn translated(case: &Case, client: &dyn ClientWire, frames: &[&[u8]]) -> (Vec<u8>, Option<UpstreamError>) {
    let decoder = case.wire().unwrap().decode_stream(case.provider);
    let mut passage = Translation::new(decoder, client.encode_stream(about(true)));
    let mut out = Vec::new();
    for frame in frames {
        passage.push(Bytes::copy_from_slice(frame), &mut out);
    }
    let facts = passage.finish(&mut out);
    assert_eq!(facts.completed, facts.error.is_none(), "{}", case.file);
    (out.concat(), facts.error)
}

#[test]
fn every_stream_reads_the_same_in_every_format() {
    for case in cases("stream") {
        let (expected, failed) = decoded(&case, &[&case.body()]);
        for (client, reader) in formats() {
            let format = client.name();
            let (written, failure) = translated(&case, client, &[&case.body()]);
            assert_eq!(failure, failed, "{} as {}", case.file, format.as_str());
            if failed.is_some() {
                continue;
            }
            let (seen, failure) = read_by(reader, &Case { provider: maker(format), ..case.clone() }, &[&written]);
            assert_eq!(failure, None, "{} as {}", case.file, format.as_str());
            let expected = comparable(format, expected.clone());
            assert_eq!(comparable(format, seen), expected, "{} as {}", case.file, format.as_str());
        }
    }
}

#[test]
fn no_cut_changes_a_translation() {
    for case in cases("stream") {
        let body = case.body();
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        for (client, _) in formats() {
            let whole = translated(&case, client, &[&body]);
            assert_eq!(translated(&case, client, &bytes), whole, "{} as {}", case.file, client.name().as_str());
        }
    }
}
