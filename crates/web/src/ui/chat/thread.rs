//! The thread: what was asked and what was answered.

use maud::{Markup, html};

use super::figures::{dollars, grouped, speed, time};
use super::rail::moment;
use super::scene::{Answer, Failure, Figures, File, Progress, Said, Siblings, Turn};
use crate::ui::view::{Icon, icon, tile};

/// The messages of a conversation.
pub(super) fn thread(chat: &str, turns: &[Turn]) -> Markup {
    html! {
        @for turn in turns { (article(chat, turn)) }
    }
}

fn article(chat: &str, turn: &Turn) -> Markup {
    match &turn.said {
        Said::Question { text, files } => question(chat, turn, text, files),
        Said::Answer(answer) => self::answer(chat, turn, answer),
    }
}

fn question(chat: &str, turn: &Turn, text: &str, files: &[File]) -> Markup {
    let source = source(chat, turn);
    html! {
        article.turn.question id={ "m-" (turn.id) } data-message=(turn.id) {
            h2.sr { "You" }
            @if !files.is_empty() { ul.files { @for file in files { (attachment(file)) } } }
            div.said hidden[text.is_empty()] { (text) }
            div.under.acts {
                (siblings(chat, &turn.siblings))
                a.act href={ (source) "#edit" } data-act="edit" { (icon(Icon::Pen)) span.sr { "Edit" } }
                a.act href=(source) data-act="copy" { (icon(Icon::Copy)) span.sr { "Copy" } }
                a.act href=(source) data-sheet { (icon(Icon::More)) span.sr { "More" } }
                (moment(turn.at))
            }
        }
    }
}

fn attachment(file: &File) -> Markup {
    html! {
        li {
            @match file {
                File::Picture { name, address } => {
                    a href=(address) { img src=(address) alt={ "Picture “" (name) "”" } loading="lazy" decoding="async"; }
                }
                File::Text { name, bytes } => { span.clip { (name) } span.small { (size(*bytes)) } }
            }
        }
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1_024 { format!("{bytes} bytes") } else { format!("{} kB", bytes.div_ceil(1_024)) }
}

fn answer(chat: &str, turn: &Turn, answer: &Answer) -> Markup {
    let is_running = answer.progress == Progress::Running;
    html! {
        article.turn.answer id={ "m-" (turn.id) } data-message=(turn.id) data-state=(answer.progress.as_str()) aria-busy=[is_running.then_some("true")] {
            div.answer-head {
                @if let Some(provider) = answer.provider { span.tile-little { (tile(provider)) } }
                h2.name { (answer.model) }
                (moment(turn.at))
            }
            @if !answer.thoughts.is_empty() { (thoughts(&answer.thoughts, answer.thought_ms)) }
            div.md { (answer.html) }
            @if is_running { (running(chat, turn)) }
            @if let Some(failure) = &answer.failure { (self::failure(chat, turn, failure)) }
            @if !is_running { (foot(chat, turn, answer)) }
        }
    }
}

/// What stands below an answer that comes: gone at its end.
fn running(chat: &str, turn: &Turn) -> Markup {
    html! {
        div.under.coming {
            span.dots aria-hidden="true" { span {} span {} span {} }
            // Shown by the style sheet alone, where nothing has come for a while.
            p.silence { "No word from the provider yet. It may still come; Stop (" kbd { "Esc" } ") ends the wait." }
            form.only-plain method="post" action=(source(chat, turn)) {
                button.quiet.little type="submit" name="action" value="stop" { "Stop" }
                a.button.quiet.little href={ "/chat/" (chat) } { "Read on" }
            }
        }
    }
}

/// What a model thought, folded.
fn thoughts(text: &str, millis: Option<u64>) -> Markup {
    html! {
        details.thoughts {
            summary { @if let Some(millis) = millis { "Thought for " (time(millis)) } @else { "Thoughts" } }
            div.thought { (text) }
        }
    }
}

/// What a script clones when a model begins to think.
pub(super) fn thinking() -> Markup {
    html! { template #thinking { details.thoughts { summary { "Thinking" } div.thought {} } } }
}

/// Why there is no answer, and the ways on.
fn failure(chat: &str, turn: &Turn, failure: &Failure) -> Markup {
    html! {
        div.complaint.failure {
            (icon(Icon::Warning))
            div.grow {
                p.why { (failure.sentence) }
                div.row {
                    form method="post" action=(source(chat, turn)) {
                        button.quiet.little type="submit" name="action" value="regenerate" data-act="regenerate" { (icon(Icon::Turning)) "Try again" }
                    }
                    a.button.quiet.little href={ "/chat/" (chat) "/switch" } data-sheet {
                        @if failure.is_about_the_key { "Choose another key or model" } @else { "Choose another model" }
                    }
                    @if let Some(request) = &failure.request { span.small.request { "Request " code { (request) } } }
                }
            }
        }
    }
}

fn foot(chat: &str, turn: &Turn, answer: &Answer) -> Markup {
    let source = source(chat, turn);
    html! {
        div.under {
            p.figures {
                @if answer.progress == Progress::Stopped { span { "stopped" } }
                @for told in told(&answer.figures) { span { (told) } }
            }
            div.acts {
                (siblings(chat, &turn.siblings))
                form method="post" action=(source) {
                    button.act type="submit" name="action" value="regenerate" data-act="regenerate" { (icon(Icon::Turning)) span.sr { "Regenerate" } }
                }
                a.act href=(source) data-act="copy" { (icon(Icon::Copy)) span.sr { "Copy as Markdown" } }
                a.act href={ "/chat/" (chat) "?to=" (turn.id) } { (icon(Icon::Branch)) span.sr { "Branch from here" } }
                a.act href=(source) data-sheet { (icon(Icon::More)) span.sr { "More" } }
            }
        }
    }
}

/// What is known of an answer, in the order in which it is read.
fn told(figures: &Figures) -> Vec<String> {
    let tokens = |count: Option<u64>, word: &str| {
        count.filter(|count| *count > 0).map(|count| format!("{} {word}", grouped(count)))
    };
    let speed = match (figures.output, figures.first_token_ms, figures.duration_ms) {
        (Some(output), Some(first), Some(all)) => speed(output, first, all).map(|speed| format!("{speed} tokens/s")),
        _ => None,
    };
    [
        figures.payer.clone(),
        tokens(figures.input, "in"),
        tokens(figures.output, "out"),
        tokens(figures.cached, "cached"),
        tokens(figures.reasoning, "reasoning"),
        figures.first_token_ms.map(|millis| format!("{} to first token", time(millis))),
        speed,
        figures.cost.map(dollars),
        figures.is_cut.then(|| "cut off at the longest answer".to_owned()),
        (!figures.left_out.is_empty()).then(|| format!("left out: {}", figures.left_out.join(", "))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `‹ 2/3 ›`, where there is more than one.
fn siblings(chat: &str, siblings: &Siblings) -> Markup {
    let step = |to: Option<&String>, mark: Icon, word: &str| {
        html! {
            @if let Some(to) = to {
                a.act href={ "/chat/" (chat) "?at=" (to) "#m-" (to) } data-act="sibling" data-to=(to) { (icon(mark)) span.sr { (word) } }
            } @else {
                span.act.off { (icon(mark)) }
            }
        }
    };
    html! {
        @if siblings.count > 1 {
            span.siblings {
                (step(siblings.before.as_ref(), Icon::Left, "Version before"))
                span { span.sr { "Version " } (siblings.place) "/" (siblings.count) }
                (step(siblings.after.as_ref(), Icon::Right, "Version after"))
            }
        }
    }
}

/// The page of one message.
fn source(chat: &str, turn: &Turn) -> String {
    format!("/chat/{chat}/messages/{}", turn.id)
}

#[cfg(test)]
mod tests {
    use domain::{Nanos, Timestamp};

    use super::*;

    const EVIL: &str = "\"><script>alert(1)</script>";

    fn turn(said: Said) -> Turn {
        Turn { id: "m".to_owned(), at: Timestamp::from_seconds(0), siblings: Siblings::default(), said }
    }

    #[test]
    fn what_people_models_and_providers_write_stays_text() {
        let evil = || EVIL.to_owned();
        let files = vec![File::Text { name: evil(), bytes: 3 }, File::Picture { name: evil(), address: evil() }];
        let failure = Failure { sentence: evil(), is_about_the_key: true, request: Some(evil()) };
        let answer = Answer {
            progress: Progress::Failed,
            html: html! {},
            thoughts: evil(),
            thought_ms: None,
            model: evil(),
            provider: None,
            figures: Figures { payer: Some(evil()), left_out: vec![evil()], ..Figures::default() },
            failure: Some(failure),
        };
        let turns = [turn(Said::Question { text: evil(), files }), turn(Said::Answer(Box::new(answer)))];
        let page = thread("c", &turns).into_string();
        assert_eq!(page.matches("&lt;script&gt;").count(), 11, "{page}");
        assert!(!page.contains("<script") && !page.contains("\">\""), "{page}");
    }

    #[test]
    fn only_a_message_with_other_versions_counts_them() {
        let of = |count| {
            siblings("c", &Siblings { place: 2, count, before: Some("a".to_owned()), after: None }).into_string()
        };
        assert_eq!(of(1), "");
        assert!(of(3).contains("2/3") && of(3).contains("?at=a#m-a"));
    }

    #[test]
    fn figures_say_only_what_is_known() {
        assert!(told(&Figures::default()).is_empty());
        let figures = Figures {
            payer: Some("your key “work”".to_owned()),
            input: Some(1_204),
            output: Some(100),
            cached: Some(0),
            reasoning: None,
            first_token_ms: Some(500),
            duration_ms: Some(1_500),
            cost: Some(Nanos(2_300_000)),
            is_cut: true,
            left_out: vec!["temperature".to_owned()],
        };
        let words = [
            "your key “work”",
            "1,204 in",
            "100 out",
            "500 ms to first token",
            "100 tokens/s",
            "$0.0023",
            "cut off at the longest answer",
            "left out: temperature",
        ];
        assert_eq!(told(&figures), words);
    }
}
