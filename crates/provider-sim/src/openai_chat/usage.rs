//! How the provider counts tokens, and how it tells the counts, rightly or wrongly.

use crate::log::Usage;
use crate::script::WrongUsage;

/// Four characters are a token, rounded up.
pub(crate) fn tokens(characters: usize) -> u64 {
    characters.div_ceil(4) as u64
}

/// The `usage` object of a chat answer; none when the fault is to tell nothing.
pub(crate) fn told(usage: Usage, wrong: Option<WrongUsage>) -> Option<String> {
    let Usage { prompt, completion } = usage;
    let (prompt, completion, total) = match wrong {
        None => (prompt.to_string(), completion.to_string(), (prompt + completion).to_string()),
        Some(WrongUsage::Absent) => return None,
        Some(WrongUsage::Zero) => same("0"),
        Some(WrongUsage::Negative) => (format!("-{}", prompt + 1), format!("-{}", completion + 1), "-2".to_owned()),
        Some(WrongUsage::Absurd) => same("9000000000000000"),
        Some(WrongUsage::Fractional) => (format!("{prompt}.5"), format!("{completion}.25"), "0.75".to_owned()),
        Some(WrongUsage::Strings) => {
            (format!("\"{prompt}\""), format!("\"{completion}\""), format!("\"{}\"", prompt + completion))
        }
    };
    Some(format!(
        "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total},\
         \"prompt_tokens_details\":{{\"cached_tokens\":0,\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":0,\"audio_tokens\":0,\
         \"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}}"
    ))
}

fn same(count: &str) -> (String, String, String) {
    (count.to_owned(), count.to_owned(), count.to_owned())
}
