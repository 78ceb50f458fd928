//! Faults by a marker in the last user message, for people with a chat page or curl: the table is in the crate's page.

use std::time::Duration;

use crate::script::{Behaviour, Reply, WrongUsage};

const OPEN: &str = "[[sim:";
const CLOSE: &str = "]]";

/// What the markers of a message ask for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The first fault named.
    pub(crate) fault: Option<Behaviour>,
    /// `[[sim:tool]]`: so many calls, of the first tools in turn.
    pub(crate) tools: usize,
    /// `[[sim:think]]`: reason, asked or not.
    pub(crate) think: bool,
    /// `[[sim:cached]]`: so many tokens of the prompt came from a cache.
    pub(crate) cached: u64,
    /// `[[sim:long]]`: so many paragraphs.
    pub(crate) paragraphs: usize,
}

/// Reads the markers of a message; faults that have an answer have `reply`.
pub(crate) fn read(message: &str, reply: &Reply) -> Asked {
    let mut asked = Asked::default();
    for inner in message.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE)).map(|(inner, _)| inner) {
        let (name, number) = inner.split_once(':').unwrap_or((inner, ""));
        let number = number.trim().parse().ok();
        match name.trim() {
            "tool" => asked.tools = number.unwrap_or(1).clamp(1, 16),
            "think" => asked.think = true,
            "cached" => asked.cached = number.unwrap_or(8) as u64,
            "long" => asked.paragraphs = number.unwrap_or(30).min(10_000),
            name => asked.fault = asked.fault.or_else(|| fault(name, number, reply)),
        }
    }
    asked
}

/// The message without its markers.
pub(crate) fn without(message: &str) -> String {
    let mut parts = message.split(OPEN);
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rest.push_str(part.split_once(CLOSE).map_or(part, |(_, after)| after));
    }
    rest.trim().to_owned()
}

fn fault(name: &str, number: Option<usize>, reply: &Reply) -> Option<Behaviour> {
    let after_chunks = number.unwrap_or(3);
    let millis = |default: u64| Duration::from_millis(number.map_or(default, |n| n as u64));
    Some(match name {
        "401" => Behaviour::Status401,
        "404" => Behaviour::NoSuchModel,
        "429" => Behaviour::Status429 { retry_after_s: number.map_or(20, |n| n as u64) },
        "502" => Behaviour::Html502,
        "500" | "503" | "504" | "529" => Behaviour::Status5xx(name.parse().unwrap_or(500)),
        "no-credit" => Behaviour::NoCredit,
        "day-quota" => Behaviour::DayQuota,
        "too-long" => Behaviour::ContextTooLong,
        "too-large" => Behaviour::TooLarge,
        "filtered" => Behaviour::Filtered,
        "redirect" => Behaviour::Redirect("https://elsewhere.invalid/v1/chat/completions".to_owned()),
        "close" => Behaviour::CloseBeforeHeaders,
        "slow" => Behaviour::Answer(Reply { chunk_delay: millis(200), ..reply.clone() }),
        "slow-headers" => Behaviour::SlowHeaders(millis(3000)),
        "hang" => Behaviour::HangBeforeHeaders,
        "hang-body" => Behaviour::HangAfterHeaders,
        "hang-mid" => Behaviour::HangMidStream { after_chunks },
        "truncate" => Behaviour::TruncatedStream { after_chunks },
        "early" => Behaviour::EndedEarly { after_chunks },
        "garbage" => Behaviour::GarbageLine,
        "error200" => Behaviour::ErrorWith200,
        "error-mid" => Behaviour::ErrorMidStream { after_chunks },
        "gzip" => Behaviour::GzipAlthoughNotAsked,
        "huge" => Behaviour::HugeEvent(number.unwrap_or(1024 * 1024).min(256 * 1024 * 1024)),
        "utf8" => Behaviour::InvalidUtf8,
        "no-done" => Behaviour::NoDone,
        "lingers" => Behaviour::LingersAfterDone,
        "comment-error" => Behaviour::CommentThenError,
        "json" => Behaviour::JsonInsteadOfStream,
        "trickle" => Behaviour::Trickle(number.unwrap_or(7).max(1)),
        "loris" => Behaviour::SlowLoris(millis(50)),
        "content-type" => Behaviour::WrongContentType("text/html".to_owned()),
        "noise" => Behaviour::Noise,
        "usage-in-finish" => Behaviour::UsageInFinishChunk,
        _ => Behaviour::WrongUsage(wrong_usage(name)?),
    })
}

fn wrong_usage(name: &str) -> Option<WrongUsage> {
    Some(match name {
        "no-usage" => WrongUsage::Absent,
        "zero-usage" => WrongUsage::Zero,
        "negative-usage" => WrongUsage::Negative,
        "absurd-usage" => WrongUsage::Absurd,
        "fractional-usage" => WrongUsage::Fractional,
        "string-usage" => WrongUsage::Strings,
        _ => return None,
    })
}
