//! How much context a request asks for. Ollama's own default is small, and a
//! prompt that does not fit is cut without a word.

use crate::neutral::{ChatRequest, Message, Part};

/// What is asked for at least, in tokens.
const LEAST: u64 = 8192;

/// What is kept free for an answer without a limit, in tokens.
const ANSWER: u64 = 2048;

/// The most asked for where the model's own limit is not known.
const MOST: u64 = 262_144;

/// What a picture is taken for, in tokens.
const PICTURE: u64 = 1024;

/// The context for this request: at least 8,192 tokens, doubled until prompt and
/// answer fit, never more than the model has. Another context makes Ollama load
/// the model anew, so there are few sizes.
pub(super) fn tokens(request: &ChatRequest, model_has: Option<u64>) -> u64 {
    let needed = prompt(request).saturating_add(request.max_tokens.unwrap_or(ANSWER));
    let most = model_has.unwrap_or(MOST).max(1);
    let mut tokens = LEAST;
    while tokens < needed && tokens < most {
        tokens = tokens.saturating_mul(2);
    }
    tokens.min(most)
}

/// About how many tokens the prompt has: three characters each, which is rather
/// too many than too few.
fn prompt(request: &ChatRequest) -> u64 {
    let tools = request.tools.iter().map(|tool| {
        let schema = tool.parameters.as_ref().map_or(0, |schema| schema.to_string().len());
        tool.name.len() + tool.description.as_deref().map_or(0, str::len) + schema
    });
    let (mut characters, mut pictures) = (tools.sum::<usize>(), 0);
    for part in request.messages.iter().flat_map(|message: &Message| &message.parts) {
        measure(part, &mut characters, &mut pictures);
    }
    (characters as u64).div_ceil(3) + pictures * PICTURE + request.messages.len() as u64 * 8
}

fn measure(part: &Part, characters: &mut usize, pictures: &mut u64) {
    match part {
        Part::Text(text) | Part::Reasoning(text) => *characters += text.chars().count(),
        Part::ToolCall(call) => *characters += call.name.len() + call.arguments.chars().count(),
        Part::ToolResult(result) => result.parts.iter().for_each(|part| measure(part, characters, pictures)),
        Part::Image { .. } => *pictures += 1,
        Part::File(file) => {
            if let crate::neutral::FileSource::Text(text) = &file.source {
                *characters += text.chars().count();
            }
        }
        Part::Audio { .. } | Part::Replay(_) | Part::CacheBreak(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neutral::Role;

    fn asking(characters: usize, max_tokens: Option<u64>) -> ChatRequest {
        let parts = vec![Part::Text("x".repeat(characters))];
        ChatRequest { messages: vec![Message { role: Role::User, parts }], max_tokens, ..ChatRequest::default() }
    }

    #[test]
    fn the_context_grows_with_the_prompt_and_ends_with_the_model() {
        for (characters, max_tokens, model_has, expected) in [
            (10, None, None, 8192),
            (10, None, Some(131_072), 8192),
            (10, None, Some(2048), 2048),
            (3 * 8192, None, Some(131_072), 16_384),
            (3 * 40_000, Some(100), Some(131_072), 65_536),
            (10, Some(20_000), Some(131_072), 32_768),
            (3 * 40_000, None, Some(40_960), 40_960),
            (3 * 1_000_000, None, None, MOST),
            (10, Some(u64::MAX), Some(32_768), 32_768),
        ] {
            let request = asking(characters, max_tokens);
            assert_eq!(tokens(&request, model_has), expected, "{characters} {max_tokens:?} {model_has:?}");
        }
    }
}
