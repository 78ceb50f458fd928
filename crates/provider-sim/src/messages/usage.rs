//! Anthropic's counts: what came from a cache is not part of the input.

use crate::generation::Told;

/// The usage object of a whole answer, or of a stream's start (`written` then is 1).
pub(crate) fn object(told: &Told, written: u64, with_thinking: bool) -> String {
    let [input, cached, output] = [told.prompt - told.cached, told.cached, written].map(|count| told.number(count));
    let thinking = if with_thinking && told.reasoning > 0 {
        format!(r#","output_tokens_details":{{"thinking_tokens":{}}}"#, told.number(told.reasoning))
    } else {
        String::new()
    };
    format!(
        r#"{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":{cached},"cache_creation":{{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}},"output_tokens":{output},"service_tier":"standard","inference_geo":"global"{thinking}}}"#
    )
}

/// The usage object of a stream's end.
pub(crate) fn at_the_end(told: &Told) -> String {
    let output = told.number(told.completion);
    if told.reasoning == 0 {
        return format!(r#"{{"output_tokens":{output}}}"#);
    }
    let thinking = told.number(told.reasoning);
    format!(r#"{{"output_tokens":{output},"output_tokens_details":{{"thinking_tokens":{thinking}}}}}"#)
}
