//! Below the thread: what stands in the way, and where one writes. And what an
//! empty conversation begins with.

use domain::ProviderId;
use maud::{Markup, html};

use super::scene::{Chat, Desk, Lock};
use crate::ui::keys::paste_box;
use crate::ui::view::{Icon, complaint, icon};

/// What may be asked first.
const EXAMPLES: [&str; 3] = [
    "Explain what an API gateway does, in five sentences.",
    "Write a shell script that finds the ten largest files below a directory.",
    "Compare SQLite and PostgreSQL for a small web service, as a table.",
];

/// Where a person gets a key for the first time.
const FIRST_KEYS: [ProviderId; 4] =
    [ProviderId::OpenAi, ProviderId::Anthropic, ProviderId::Google, ProviderId::OpenRouter];

/// The form in which one writes.
pub(super) fn composer(chat: &Chat, desk: &Desk, say: &str) -> Markup {
    let action = if chat.id.is_some() { format!("{}/messages", chat.path()) } else { "/chat".to_owned() };
    let is_locked = desk.lock.as_ref().is_some_and(Lock::is_hard);
    html! {
        form #composer method="post" action=(action) aria-label="Message" {
            (choice(chat, desk))
            fieldset disabled[is_locked] {
                ul #files hidden aria-label="Attached files" {}
                label.sr for="message" { "Message" }
                textarea #message name="content" rows="1" maxlength="524288" required placeholder="Write a message" autocomplete="off" autofocus[!is_locked] aria-describedby="lock" { (say) }
                div.tools {
                    input #file type="file" multiple hidden;
                    button.bare.icon-only #attach type="button" hidden aria-label="Attach pictures or text files" { (icon(Icon::Clip)) }
                    @if chat.id.is_none() {
                        label.check.small { input type="checkbox" name="is_temporary" value="true" checked[chat.is_temporary]; "Temporary" }
                    }
                    span.grow {}
                    span.small.only-wide.keys { kbd { "Enter" } " sends, " kbd { "Shift" } " " kbd { "Enter" } " breaks the line" }
                    button.icon-only #send type="submit" aria-label="Send" { (icon(Icon::Send)) }
                    button.icon-only #stop type="button" data-act="stop" aria-label="Stop the answer" aria-keyshortcuts="Escape" { (icon(Icon::Stop)) }
                }
            }
        }
    }
}

/// What goes along unseen.
fn choice(chat: &Chat, desk: &Desk) -> Markup {
    html! {
        div #choice data-live="" {
            @if chat.id.is_some() {
                input type="hidden" name="parent_id" value=(chat.leaf.as_deref().unwrap_or_default());
            } @else {
                input type="hidden" name="model" value=(desk.model_name);
                @if let Some(key) = desk.pinned { input type="hidden" name="credential_id" value=(key); }
            }
        }
    }
}

/// What stands in the way, and what to do; wakes up by itself.
pub(super) fn lock(chat: &Chat, desk: &Desk) -> Markup {
    let path = chat.path();
    html! {
        div #lock data-live="" role="status" {
            @match &desk.lock {
                None => {}
                Some(Lock::NoModel { keys }) if keys.is_empty() => { span.sr data-locks { "No key opens a model yet. Paste one above to begin." } }
                Some(Lock::NoModel { keys }) => {
                    div.banner.notice data-locks {
                        (icon(Icon::Warning))
                        div.grow {
                            @if let [key] = keys.as_slice() { "Your key " (key) " opens no model now." } @else { "None of your " (keys.len()) " keys opens a model now." }
                            div.row { a.button.little href="/keys" { "See the keys" } }
                        }
                    }
                }
                Some(Lock::Key { sentence, replaceable, is_hard }) => {
                    div.banner.complaint[*is_hard].notice[!*is_hard] data-locks[*is_hard] {
                        (icon(Icon::Warning))
                        div.grow {
                            (sentence)
                            div.row {
                                @if let Some(key) = replaceable {
                                    a.button.little href={ "/chat/keys/" (key) "?back=" (chat.id.as_deref().unwrap_or_default()) } data-sheet { "Replace key" }
                                }
                                a.button.quiet.little href={ (path) "/switch" } data-sheet { "Choose another key" }
                            }
                        }
                    }
                }
                Some(Lock::Model { sentence }) => {
                    div.banner.complaint data-locks {
                        (icon(Icon::Warning))
                        div.grow {
                            (sentence)
                            div.row { a.button.little href={ (path) "/switch" } data-sheet { "Choose a model" } }
                        }
                    }
                }
            }
        }
    }
}

/// What a conversation begins with, where somebody answers.
pub(super) fn hello(desk: &Desk) -> Markup {
    html! {
        h2.hello { "What would you like to know?" }
        ul.examples {
            @for example in EXAMPLES {
                li { a.example href={ "/chat?say=" (super::head::urlencoded(example)) } data-example=(example) { (example) } }
            }
        }
        @if desk.is_only_local {
            p.small.soft { (icon(Icon::Machine)) " Answers come from this machine and cost nothing. " a href="/keys" { "Add a provider key" } " for the models of OpenAI, Anthropic and others." }
        }
    }
}

/// The paste box of somebody without any key: the one of `/keys`.
pub(super) fn first_key(is_admin: bool, problem: Option<&str>, results: &Markup) -> Markup {
    html! {
        h2.hello { "Paste a key, and chat" }
        p.soft { "Ownkey keeps it sealed on this server and calls the provider with it. Only you use it." }
        (complaint(problem))
        (paste_box("/chat/keys", is_admin, true, results))
        p.small.row.gets {
            "Get a key: "
            @for provider in FIRST_KEYS {
                a href=(provider.facts().key_url) rel="noopener noreferrer" target="_blank" { (provider.display_name()) }
            }
        }
        p.small.soft { "No key at hand? Start " a href="/status" { "Ollama or LM Studio" } " on this machine, and its models appear here by themselves." }
    }
}

/// What a script clones to edit a question.
pub(super) fn editing() -> Markup {
    html! {
        template #editing {
            form.editing {
                label { span.sr { "Your message" } textarea required {} }
                div.row { button.little type="submit" { "Send again" } button.quiet.little type="reset" { "Cancel" } }
            }
        }
    }
}

/// What the keys do.
pub(super) fn shortcuts() -> Markup {
    let all: [(&[&str], &str); 7] = [
        (&["Enter"], "Send the message"),
        (&["Shift", "Enter"], "Begin a new line"),
        (&["Esc"], "Stop the answer"),
        (&["Shift", "Esc"], "Go to where one writes"),
        (&["⌘ or Ctrl", "K"], "Search the conversations"),
        (&["⌘ or Ctrl", "Shift", "O"], "Begin a new chat"),
        (&["?"], "Show this list"),
    ];
    html! {
        dialog #shortcuts aria-labelledby="shortcuts-title" {
            h2 #shortcuts-title { "Keyboard shortcuts" }
            dl.shortcuts {
                @for (keys, what) in all {
                    dt { @for key in keys { kbd { (key) } " " } }
                    dd { (what) }
                }
            }
            div.end { button.quiet type="button" data-close { "Close" } }
        }
    }
}
