//! What the translation of a stream costs by itself, without processes and
//! sockets: each provider's stream passed through and put into each other
//! format, in this process.

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use llm::wire::{self, About, Passage, Translation};

use crate::Failure;

/// Deltas of each stream.
const DELTAS: usize = 100;

const PROVIDERS: [(ProviderId, WireName); 4] = [
    (ProviderId::Groq, WireName::OpenAiChat),
    (ProviderId::Anthropic, WireName::AnthropicMessages),
    (ProviderId::Google, WireName::Gemini),
    (ProviderId::OpenAi, WireName::OpenAiResponses),
];

/// How a stream's events lie in the frames of the network.
#[derive(Clone, Copy)]
enum Cut {
    /// All in one.
    Whole,
    /// One in each.
    Each,
}

/// Prints µs a stream for every pair, frames whole and event by event.
pub(crate) fn run(rounds: usize) -> Result<(), Failure> {
    println!("| {DELTAS} deltas | frames | passed through | openai-chat | anthropic | gemini | openai-responses |");
    println!("|---|---|---|---|---|---|---|");
    for (provider, name) in PROVIDERS {
        let events = stream(name)?;
        for (cut, word) in [(Cut::Whole, "one"), (Cut::Each, "each event")] {
            let frames = frames(&events, cut);
            let client = wire::of_client(name).ok_or("no client speaks this")?;
            let passed = best(rounds, &frames, || client.pass_through(provider, true))?;
            print!("| {} | {word} | {passed:.1} µs |", name.as_str());
            for (_, other) in PROVIDERS {
                let (from, to) = (wire::of(name).ok_or("no such wire")?, wire::of_client(other).ok_or("no such wire")?);
                let translated = best(rounds, &frames, || {
                    Box::new(Translation::new(from.decode_stream(provider), to.encode_stream(about())))
                })?;
                print!(" {translated:.1} µs, {:.1} × |", translated / passed);
            }
            println!();
        }
    }
    Ok(())
}

fn about() -> About {
    About {
        id: "0190f0e0a1b2c3d4".to_owned(),
        model: "a-model".to_owned(),
        created: 1_790_000_000,
        include_usage: true,
    }
}

/// A provider's stream of words, one element an event.
fn stream(name: WireName) -> Result<Vec<Bytes>, Failure> {
    let mut encoder = wire::of_client(name).ok_or("no client speaks this")?.encode_stream(about());
    let mut events = Vec::new();
    let words = ["The", " quick", " brown", " fox", " jumps", " \"over\"", " the", " lazy", " dog", ".\n"];
    for word in words.iter().cycle().take(DELTAS) {
        let mut out = Vec::new();
        encoder.push(&llm::neutral::StreamEvent::Delta { text: (*word).to_owned() }, &mut out);
        events.push(Bytes::from(out));
    }
    let counts = domain::usage::TokenCounts { prompt: 12, completion: 100, ..Default::default() };
    let mut out = Vec::new();
    let usage = llm::neutral::StreamEvent::Usage { tokens: Some(counts), cost: None, is_absurd: false };
    encoder.push(&usage, &mut out);
    encoder.push(&llm::neutral::StreamEvent::Finish(llm::neutral::FinishReason::Stop), &mut out);
    events.push(Bytes::from(out));
    Ok(events)
}

fn frames(events: &[Bytes], cut: Cut) -> Vec<Bytes> {
    match cut {
        Cut::Whole => vec![Bytes::from(events.concat())],
        Cut::Each => events.to_vec(),
    }
}

/// The least CPU that one stream took, in µs, of one batch a round: what else
/// runs on the machine only adds.
fn best(rounds: usize, frames: &[Bytes], passage: impl Fn() -> Box<dyn Passage>) -> Result<f64, Failure> {
    // The kernel counts a running thread by ticks of some ms: a batch takes many.
    const BATCH: u32 = 4_000;
    let mut least = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let begin = own_cpu_us()?;
        for _ in 0..BATCH {
            let (mut passage, mut out) = (passage(), Vec::new());
            for frame in frames {
                passage.push(frame.clone(), &mut out);
                std::hint::black_box(&out);
                out.clear();
            }
            let facts = passage.finish(&mut out);
            std::hint::black_box(&out);
            if !facts.completed || facts.usage.is_none() {
                return Err("a stream did not come to its end".into());
            }
        }
        least = least.min((own_cpu_us()? - begin) / f64::from(BATCH));
    }
    Ok(least)
}

/// CPU of this thread so far, in µs.
fn own_cpu_us() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: f64 = text.split_whitespace().next().ok_or("no schedstat")?.parse()?;
    Ok(nanos / 1e3)
}
