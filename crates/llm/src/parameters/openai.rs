//! What OpenAI's own models refuse of what others of them take. Azure serves the
//! same models and has the same rules. Judged by what is known of the model, and
//! by its id where nothing is.

use domain::model::{Capabilities, ModelFacts};

use super::{Fate, is_default};

/// The generation of a GPT model, `gpt-5.4-nano` being (5, 4); `None` for any
/// other name.
#[must_use]
pub fn generation(model: &str) -> Option<(u32, u32)> {
    let rest = plain(model).strip_prefix("gpt-")?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (major, after) = rest.split_at_checked(digits(rest))?;
    let minor = after.strip_prefix('.').and_then(|after| after.get(..digits(after))).unwrap_or_default();
    Some((major.parse().ok()?, minor.parse().unwrap_or(0)))
}

/// Whether the model thinks before it answers.
#[must_use]
pub fn reasons(model: &str, facts: Option<&ModelFacts>) -> bool {
    // A model that is only listed has none of them, whatever it can do.
    let known = facts.filter(|facts| facts.capabilities != Capabilities::default());
    known.map_or_else(|| reasons_by_id(plain(model)), |facts| facts.capabilities.reasoning)
}

fn reasons_by_id(id: &str) -> bool {
    let is_first_series = id.starts_with('o') && id.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let is_chat_only = id.starts_with("gpt-5-chat");
    is_first_series || id.starts_with("codex-") || (generation(id) >= Some((5, 0)) && !is_chat_only)
}

/// The id without the marks of a fine-tuned model.
fn plain(model: &str) -> &str {
    model.strip_prefix("ft:").unwrap_or(model)
}

/// Whether the model thinks about this request: by the effort that is asked for,
/// else by its own.
#[must_use]
pub fn is_thinking(model: &str, facts: Option<&ModelFacts>, effort: Option<&str>) -> bool {
    let default = facts.and_then(|facts| facts.restrictions.default_effort.as_deref());
    reasons(model, facts) && effort.or(default) != Some("none")
}

/// What becomes of a field of chat completions with this value, when the request
/// asks for this effort.
#[must_use]
pub fn fate(model: &str, facts: Option<&ModelFacts>, effort: Option<&str>, field: &str, value: &[u8]) -> Fate {
    if !reasons(model, facts) {
        return Fate::Passes;
    }
    let is_first_series = plain(model).starts_with('o');
    let is_refused = match field {
        "max_tokens" => return Fate::Renamed("max_completion_tokens"),
        // `o1` was the last one to take it.
        "stop" => !plain(model).starts_with("o1"),
        "presence_penalty" | "frequency_penalty" => true,
        "logit_bias" => is_first_series,
        "temperature" | "top_p" | "logprobs" | "top_logprobs" => is_first_series || is_thinking(model, facts, effort),
        _ => false,
    };
    let is_one = || std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok()) == Some(1.0);
    let says_nothing = match field {
        "temperature" | "top_p" => value == b"null" || is_one(),
        "stop" => matches!(value.trim_ascii(), b"null" | b"[]"),
        _ => is_default(field, value),
    };
    match (is_refused, says_nothing) {
        (false, _) => Fate::Passes,
        (true, true) => Fate::Dropped,
        (true, false) => Fate::Refused,
    }
}

/// Nothing but an id.
#[cfg(test)]
pub(crate) fn bare_facts(id: &str) -> ModelFacts {
    use domain::model::{ModelKind, ModelStatus, Restrictions};
    ModelFacts {
        provider: domain::ProviderId::Azure,
        id: id.to_owned(),
        aliases: Vec::new(),
        display_name: id.to_owned(),
        kind: ModelKind::Chat,
        status: ModelStatus::Active,
        is_recommended: false,
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities::default(),
        wires: Vec::new(),
        restrictions: Restrictions::default(),
        price: None,
        deprecation_date: None,
        replacement: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_read_from_ids() {
        for (model, expected) in [
            ("gpt-4o-mini", Some((4, 0))),
            ("gpt-4.1", Some((4, 1))),
            ("gpt-5.4-nano", Some((5, 4))),
            ("gpt-6.1-terra", Some((6, 1))),
            ("ft:gpt-4.1-mini:acme::abc", Some((4, 1))),
            ("gpt-oss-120b", None),
            ("o3", None),
        ] {
            assert_eq!(generation(model), expected, "{model}");
        }
    }

    #[test]
    fn ids_tell_who_thinks() {
        for (model, expected) in [
            ("gpt-4o", false),
            ("gpt-5", true),
            ("gpt-5-chat-latest", false),
            ("gpt-6-luna", true),
            ("o3", true),
            ("o4-mini-deep-research", true),
            ("omni-moderation-latest", false),
            ("codex-mini-latest", true),
            ("my-deployment", false),
        ] {
            assert_eq!(reasons(model, None), expected, "{model}");
        }
    }

    #[test]
    fn fields_meet_their_fate() {
        for (model, effort, field, value, expected) in [
            ("gpt-4o", None, "stop", "[\"END\"]", Fate::Passes),
            ("gpt-4o", None, "max_tokens", "9", Fate::Passes),
            ("gpt-5", None, "max_tokens", "9", Fate::Renamed("max_completion_tokens")),
            ("gpt-5", None, "stop", "[\"END\"]", Fate::Refused),
            ("gpt-5", None, "stop", "[]", Fate::Dropped),
            ("gpt-5", None, "temperature", "0.2", Fate::Refused),
            ("gpt-5", None, "temperature", "1.0", Fate::Dropped),
            ("gpt-5.4", Some("none"), "temperature", "0.2", Fate::Passes),
            ("gpt-5.4", Some("none"), "presence_penalty", "0.5", Fate::Refused),
            ("gpt-5.4", Some("high"), "top_p", "0.2", Fate::Refused),
            ("o1", None, "stop", "\"END\"", Fate::Passes),
            ("o3", None, "stop", "\"END\"", Fate::Refused),
            ("o3", None, "frequency_penalty", "0", Fate::Dropped),
            ("o3", None, "anything", "1", Fate::Passes),
        ] {
            assert_eq!(fate(model, None, effort, field, value.as_bytes()), expected, "{model} {field} {value}");
        }
    }
}
