//! What a question holds besides text: pictures, sounds, films and documents, and
//! what its provider keeps of earlier ones. Its bytes say little of what it is billed
//! as, so budgets hold the most that it may be. Looked for only where a budget is in
//! force.

use domain::ProviderId;

use crate::json_scan::{Object, Reader};

/// Where the parts of a question are, in all formats.
const FIELDS: [&str; 6] = ["messages", "contents", "input", "system", "systemInstruction", "system_instruction"];

/// What stands for a text that is at the provider: an earlier answer with all before
/// it, a conversation, a cached beginning.
const KEPT: [&str; 4] = ["previous_response_id", "conversation", "cachedContent", "cached_content"];

/// What a question holds besides text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// How many pictures.
    pub pictures: u64,
    /// Whether there is something whose length nobody knows: sounds, films and
    /// documents, or what the provider keeps.
    pub has_more: bool,
}

impl Media {
    /// Looks through a client's body.
    #[must_use]
    pub fn of(object: &Object<'_>) -> Self {
        let mut media = Self::default();
        FIELDS.iter().filter_map(|field| object.get(field)).for_each(|value| media.look_into(value));
        let is_kept = KEPT.iter().filter_map(|field| object.get(field)).any(|value| value.trim_ascii() != b"null");
        // The prompt of a format without messages is a text.
        let has_template = object.get("prompt").is_some_and(|prompt| prompt.trim_ascii_start().starts_with(b"{"));
        media.has_more |= is_kept || has_template;
        media
    }

    // The body was checked as a whole: the walks cannot fail.
    fn look_into(&mut self, value: &[u8]) {
        match value.trim_ascii_start().first() {
            Some(b'[') => {
                let _ = Reader::new(value).array(|reader| {
                    self.look_into(reader.value()?);
                    Ok(())
                });
            }
            Some(b'{') => self.look_into_object(value),
            _ => {}
        }
    }

    fn look_into_object(&mut self, value: &[u8]) {
        let mut inside = Vec::new();
        let _ = Reader::new(value).object(|name, reader| {
            let (name, value) = (name.text(), reader.value()?);
            match (&*name, value.first()) {
                ("inlineData" | "inline_data" | "fileData" | "file_data", Some(b'{')) => self.count(is_picture(value)),
                (_, Some(b'{' | b'[')) => inside.push(value),
                _ => {}
            }
            Ok(())
        });
        match text(value, &["type"]).as_deref() {
            Some("image" | "image_url" | "input_image" | "computer_screenshot") => self.count(true),
            Some("document") if has_words(value) => inside.into_iter().for_each(|value| self.look_into(value)),
            Some(
                "audio" | "audio_url" | "input_audio" | "video" | "video_url" | "input_video" | "file" | "input_file"
                | "document" | "document_url" | "container_upload" | "item_reference",
            ) => self.count(false),
            _ => inside.into_iter().for_each(|value| self.look_into(value)),
        }
    }

    const fn count(&mut self, is_picture: bool) {
        if is_picture { self.pictures += 1 } else { self.has_more = true }
    }
}

/// Whether a document is words, or parts of its own; its words count as text.
fn has_words(document: &[u8]) -> bool {
    let mut has_words = false;
    let _ = Reader::new(document).object(|name, reader| {
        let value = reader.value()?;
        if name.is("source") && value.first() == Some(&b'{') {
            has_words = matches!(text(value, &["type"]).as_deref(), Some("text" | "content"));
        }
        Ok(())
    });
    has_words
}

/// Whether Gemini's data are a picture.
fn is_picture(data: &[u8]) -> bool {
    text(data, &["mimeType", "mime_type"]).is_some_and(|kind| kind.trim_start().starts_with("image/"))
}

/// The text of an object's member by one of these names.
fn text(object: &[u8], names: &[&str]) -> Option<String> {
    let mut found = None;
    let _ = Reader::new(object).object(|name, reader| {
        if names.iter().any(|wanted| name.is(wanted)) && reader.peek() == Some(b'"') {
            found = reader.text()?.map(|text| text.text().into_owned());
            return Ok(());
        }
        reader.skip()
    });
    found
}

/// The most tokens that one picture is billed as.
///
/// Anthropic scales a picture down to 4,784 tokens at most. `gpt-4o-mini` bills
/// 2,833 tokens and 5,667 for each of at most eight tiles. All others stay below
/// what Qwen's models make of the largest one, 16,384: OpenAI's patches of a
/// photograph of 12 megapixels are 14,364, Gemini's tiles fewer.
#[must_use]
pub fn most_tokens_of_a_picture(provider: ProviderId, model: &str) -> u64 {
    match provider {
        ProviderId::Anthropic => 4_784,
        _ if model.contains("gpt-4o-mini") => 2_833 + 8 * 5_667,
        _ => 16_384,
    }
}

#[cfg(test)]
mod tests;
