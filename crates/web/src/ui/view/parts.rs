//! Small parts that several pages are made of.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::provider::ProviderId;
use maud::{Markup, html};

use super::{Icon, icon};

/// A labelled field. `kind` is the input's type.
pub(crate) fn field(label: &str, name: &str, kind: &str, value: &str, autocomplete: &str) -> Markup {
    labelled(label, name, kind, value, autocomplete, false)
}

/// The field in which somebody begins.
pub(crate) fn first_field(label: &str, name: &str, kind: &str, value: &str, autocomplete: &str) -> Markup {
    labelled(label, name, kind, value, autocomplete, true)
}

fn labelled(label: &str, name: &str, kind: &str, value: &str, autocomplete: &str, is_first: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete) required autofocus[is_first];
        }
    }
}

/// A sentence, with what stands between `` ` `` as code.
pub(crate) fn sentence(text: &str) -> Markup {
    html! {
        @for (part, at) in text.split('`').zip(0_usize..) {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// What went wrong, above the form it concerns.
pub(crate) fn complaint(sentence: Option<&str>) -> Markup {
    html! {
        @if let Some(sentence) = sentence {
            div.complaint role="alert" { (icon(Icon::Warning)) div { (self::sentence(sentence)) } }
        }
    }
}

/// A place with nothing in it yet, and what to do about it.
pub(crate) fn empty(mark: Icon, title: &str, next: &Markup) -> Markup {
    html! {
        div.empty {
            (icon(mark))
            h2 { (title) }
            (next)
        }
    }
}

/// A word with a colour and an icon, so that neither has to be seen alone.
pub(crate) fn badge(colour: &str, mark: Icon, word: &str) -> Markup {
    html! { span class={ "badge " (colour) } { (icon(mark)) (word) } }
}

/// The state of a provider key.
pub(crate) fn key_state(status: KeyStatus, is_active: bool) -> Markup {
    if !is_active {
        return badge("grey", Icon::Pause, "Inactive");
    }
    match status {
        KeyStatus::Valid => badge("green", Icon::Check, "Valid"),
        KeyStatus::Invalid => badge("red", Icon::Cross, "Invalid"),
        KeyStatus::Unverified => badge("grey", Icon::Question, "Unverified"),
        KeyStatus::NoCredit => badge("red", Icon::Warning, "No credit"),
        KeyStatus::RateLimited => badge("amber", Icon::Clock, "Rate limited"),
        KeyStatus::Unreachable => badge("amber", Icon::Unplugged, "Unreachable"),
        KeyStatus::Forbidden => badge("red", Icon::Lock, "No permission"),
        KeyStatus::Undecryptable => badge("red", Icon::Lock, "Undecryptable"),
    }
}

/// A provider's mark: a lettered tile, no logo.
pub(crate) fn tile(provider: ProviderId) -> Markup {
    let (letters, colour) = match provider {
        ProviderId::OpenAi => ("OA", "a"),
        ProviderId::Anthropic => ("An", "c"),
        ProviderId::Google => ("Go", "b"),
        ProviderId::XAi => ("xA", ""),
        ProviderId::Azure => ("Az", "b"),
        ProviderId::HuggingFace => ("HF", "c"),
        ProviderId::OpenRouter => ("OR", "d"),
        ProviderId::Groq => ("Gq", "e"),
        ProviderId::Mistral => ("Mi", "c"),
        ProviderId::Fireworks => ("Fw", "d"),
        ProviderId::Ollama => ("Ol", ""),
        ProviderId::LmStudio => ("LM", "d"),
        ProviderId::Custom => ("…", ""),
    };
    html! { span class={ "tile " (colour) } aria-hidden="true" { (letters) } }
}

/// A moment: a script writes it in the reader's own time and words.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-when { (at) } }
}

/// `14:05`, in UTC, rounded up to the minute.
pub(crate) fn clock_time(at: Timestamp) -> String {
    let minutes = (at.as_seconds() + 59).div_euclid(60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Code with a button that copies it.
pub(crate) fn copyable(code: &str, what: &str) -> Markup {
    html! {
        div.code {
            pre tabindex="0" aria-label=(what) { code { (code) } }
            button.quiet.little type="button" data-copy=(code) aria-label={ "Copy " (what) } { (icon(Icon::Copy)) "Copy" }
        }
    }
}
