//! What can be done with a whole conversation: parameters, name, export, end.

use maud::{Markup, html};

use super::scene::{Chat, Desk, Parameters};
use crate::ui::view::{Icon, complaint, icon};

/// The efforts that are offered where a model does not say which it takes.
const EFFORTS: [&str; 4] = ["minimal", "low", "medium", "high"];

/// The page, which a script shows in a dialog.
pub(super) fn sheet(chat: &Chat, desk: &Desk, problem: Option<&str>) -> Markup {
    let path = chat.path();
    let id = chat.id.as_deref().unwrap_or_default();
    html! {
        div.sheet-page data-sheet-content {
            h1 { "This chat" }
            (complaint(problem))
            form.form method="post" action=(path) data-says="Renamed" {
                div.field {
                    label for="title" { "Name" }
                    div.paste-row {
                        input #title name="title" value=(chat.title) maxlength="200" required autocomplete="off";
                        button.quiet type="submit" name="action" value="rename" { "Rename" }
                    }
                }
            }
            hr;
            (parameters(&path, &chat.parameters, desk))
            hr;
            div.row.spread {
                div.row {
                    a.button.quiet.little href={ "/v2/conversations/" (id) "/export?format=markdown" } download { (icon(Icon::Download)) "Export as Markdown" }
                    a.button.quiet.little href={ "/v2/conversations/" (id) "/export?format=json" } download { (icon(Icon::Download)) "Export as JSON" }
                }
                details.sure {
                    summary.button.quiet.little.danger { (icon(Icon::Bin)) "Delete" }
                    form method="post" action=(path) data-leads {
                        p { "“" (chat.title) "” and everything said in it will be gone for good." }
                        button.danger.sure type="submit" name="action" value="delete" { "Delete this chat" }
                    }
                }
            }
            p.small.soft {
                @if chat.is_temporary { "This chat is temporary: it stands in no list and is deleted a day after its last message." }
                @else { "Chats are stored on this server, readable by its operator. A new chat can be made temporary." }
            }
            p.only-plain { a href=(path) { "Back to the chat" } }
        }
    }
}

fn parameters(path: &str, set: &Parameters, desk: &Desk) -> Markup {
    let facts = desk.model.as_ref().map(|line| &line.facts);
    let known: Vec<&str> =
        facts.map_or(&[][..], |facts| facts.restrictions.efforts.as_slice()).iter().map(String::as_str).collect();
    let efforts = if known.is_empty() { EFFORTS.to_vec() } else { known };
    html! {
        form.form method="post" action=(path) data-says="Kept for the next messages" {
            div.field {
                label for="system_prompt" { "System prompt" }
                textarea #system_prompt name="system_prompt" rows="3" maxlength="100000" placeholder="What the model is told before everything else" { (set.system_prompt) }
            }
            div.columns {
                (number("temperature", "Temperature", &set.temperature, "0", "2", "0.05", "0 to 2"))
                (number("top_p", "Top-p", &set.top_p, "0", "1", "0.01", "0 to 1"))
                (number("max_tokens", "Longest answer, in tokens", &set.max_tokens, "1", "1000000", "1", "The model's own"))
                div.field {
                    label for="reasoning_effort" { "Reasoning effort" }
                    select #reasoning_effort name="reasoning_effort" {
                        option value="" { "The model's own" }
                        @for effort in &efforts { option value=(effort) selected[set.reasoning_effort == **effort] { (effort) } }
                        @if !set.reasoning_effort.is_empty() && !efforts.contains(&set.reasoning_effort.as_str()) {
                            option value=(set.reasoning_effort) selected { (set.reasoning_effort) }
                        }
                    }
                }
            }
            p.small.soft { "Empty: the model's own. What a model does not take is left out, and said under its answer." }
            button type="submit" name="action" value="settings" { "Save" }
        }
    }
}

fn number(name: &str, label: &str, value: &str, min: &str, max: &str, step: &str, hint: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="number" value=(value) min=(min) max=(max) step=(step) placeholder=(hint) inputmode="decimal";
        }
    }
}
