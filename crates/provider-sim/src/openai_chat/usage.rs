//! The `usage` object of a chat answer.

use crate::generation::Told;
use crate::wire::House;

/// The object as it is told; none when the fault is to tell nothing.
pub(crate) fn told(told: &Told, house: House) -> Option<String> {
    if told.is_absent() {
        return None;
    }
    // xAI leaves reasoning out of the completion, not out of the total.
    let completion = if house == House::XAi { told.completion - told.reasoning } else { told.completion };
    let [prompt, completion, total] = [told.prompt, completion, told.prompt + told.completion].map(|n| told.number(n));
    let (cached, reasoning) = (told.cached, told.reasoning);
    let more = match house {
        House::OpenRouter => ",\"cost\":0.00042,\"is_byok\":false",
        House::XAi => ",\"cost_in_usd_ticks\":4200000,\"num_sources_used\":0",
        House::Groq => ",\"queue_time\":0.01,\"prompt_time\":0.02,\"completion_time\":0.03,\"total_time\":0.05",
        _ => "",
    };
    Some(format!(
        "{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{total},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{cached},\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{reasoning},\"audio_tokens\":0,\
         \"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}{more}}}"
    ))
}
