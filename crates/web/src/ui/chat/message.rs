//! One message by itself: its text as Markdown, all that is known of it, and
//! what can be done with it.

use maud::{Markup, html};

use super::scene::{Said, Turn};
use crate::ui::view::{Icon, copyable, icon};

/// The page, which a script shows in a dialog.
pub(super) fn sheet(chat: &str, turn: &Turn, markdown: &str, raw: &str) -> Markup {
    let path = format!("/chat/{chat}/messages/{}", turn.id);
    let is_question = matches!(turn.said, Said::Question { .. });
    html! {
        div.sheet-page data-sheet-content {
            h1 { @if is_question { "Your message" } @else { "This answer" } }
            @if is_question { (edit(&path, markdown)) } @else { (again(chat, &turn.id)) }
            details open[!is_question] {
                summary { "As Markdown" }
                pre #markdown tabindex="0" aria-label="The text as Markdown" { (markdown) }
            }
            details {
                summary { "As JSON" }
                (copyable(raw, "the message as JSON"))
            }
            details.sure {
                summary.button.quiet.little.danger { (icon(Icon::Bin)) "Delete" }
                form method="post" action=(path) data-leads {
                    p { "This message and everything that follows it on this branch will be gone for good." }
                    button.danger.sure type="submit" name="action" value="delete" { "Delete it" }
                }
            }
            p.only-plain { a href={ "/chat/" (chat) "#m-" (turn.id) } { "Back to the chat" } }
        }
    }
}

fn edit(path: &str, text: &str) -> Markup {
    html! {
        form.form #edit method="post" action=(path) data-leads {
            div.field {
                label for="new-text" { "Edit it and ask again; the version before stays" }
                textarea #new-text name="content" rows="6" required { (text) }
            }
            div.row { button type="submit" name="action" value="edit" { "Send again" } }
        }
    }
}

fn again(chat: &str, message: &str) -> Markup {
    html! {
        p.row {
            a.button.quiet.little href={ "/chat/" (chat) "/switch?again=" (message) } data-sheet { (icon(Icon::Turning)) "Answer again with another model" }
            a.button.quiet.little href={ "/chat/" (chat) "?to=" (message) } { (icon(Icon::Branch)) "Branch from here" }
        }
    }
}
