//! What is found in each format, wherever it stands.

use super::*;
use crate::json_scan;

fn found(body: &str) -> (u64, bool) {
    let media = Media::of(&json_scan::scan(body.as_bytes()).unwrap());
    (media.pictures, media.has_more)
}

#[test]
fn pictures_are_counted_and_what_has_no_length_is_seen_in_every_format() {
    for (body, expected) in [
        (r#"{"messages":[{"role":"user","content":"an image_url"}]}"#, (0, false)),
        (r#"{"messages":[{"content":[{"type":"text","text":"{\"type\":\"image\"}"}]}]}"#, (0, false)),
        (
            r#"{"messages":[{"content":[{"image_url":{"url":"data:x"},"type":"image_url"},{"type":"image_url"}]}]}"#,
            (2, false),
        ),
        (r#"{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"x"}}]}]}"#, (0, true)),
        (r#"{"messages":[{"content":[{"type":"file","file":{"file_data":"data:application/pdf"}}]}]}"#, (0, true)),
        (r#"{"tools":[{"type":"file"}],"messages":[]}"#, (0, false)),
        (
            r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"x"},{"type":"input_file"}]}]}"#,
            (1, true),
        ),
        (
            r#"{"input":[{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"x"}}]}"#,
            (1, false),
        ),
        (
            r#"{"messages":[{"content":[{"type":"image","source":{"type":"base64","data":"x"}}]}],"system":[{"type":"text"}]}"#,
            (1, false),
        ),
        (
            r#"{"messages":[{"content":[{"type":"tool_result","content":[{"type":"image"},{"type":"image"}]}]}]}"#,
            (2, false),
        ),
        (r#"{"messages":[{"content":[{"type":"document","source":{"type":"text","data":"x"}}]}]}"#, (0, false)),
        (
            r#"{"messages":[{"content":[{"type":"document","source":{"type":"content","content":[{"type":"image"}]}}]}]}"#,
            (1, false),
        ),
        (r#"{"messages":[{"content":[{"type":"document","source":{"type":"url","url":"x"}}]}]}"#, (0, true)),
        (r#"{"messages":[{"content":[{"type":"document","source":{"data":"x"}}]}]}"#, (0, true)),
        (r#"{"contents":[{"parts":[{"text":"x"},{"inlineData":{"mimeType":"image/png","data":"x"}}]}]}"#, (1, false)),
        (r#"{"contents":{"parts":{"inline_data":{"mime_type":"audio/wav","data":"x"}}}}"#, (0, true)),
        (r#"{"input":"x","previous_response_id":"resp_1"}"#, (0, true)),
        (r#"{"input":"x","previous_response_id": null,"conversation":null}"#, (0, false)),
        (r#"{"input":"x","conversation":{"id":"conv_1"}}"#, (0, true)),
        (r#"{"input":[{"type":"item_reference","id":"msg_1"}]}"#, (0, true)),
        (r#"{"input":"x","prompt":{"id":"pmpt_1"}}"#, (0, true)),
        (r#"{"prompt":"{\"id\"}"}"#, (0, false)),
        (r#"{"contents":[],"cachedContent":"cachedContents/1"}"#, (0, true)),
        (r#"{"contents":[{"parts":[{"fileData":{"fileUri":"gs://x"}}]}],"systemInstruction":{"parts":[]}}"#, (0, true)),
    ] {
        assert_eq!(found(body), expected, "{body}");
    }
}

#[test]
fn a_picture_is_at_most_what_its_maker_says() {
    for (provider, model, most) in [
        (ProviderId::Anthropic, "claude-haiku-4-5", 4_784),
        (ProviderId::OpenAi, "gpt-4o-mini-2024-07-18", 48_169),
        (ProviderId::OpenRouter, "openai/gpt-4o-mini", 48_169),
        (ProviderId::OpenAi, "gpt-5-mini", 16_384),
        (ProviderId::Custom, "box/qwen-vl", 16_384),
    ] {
        assert_eq!(most_tokens_of_a_picture(provider, model), most, "{model}");
    }
}
