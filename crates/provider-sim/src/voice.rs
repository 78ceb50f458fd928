//! What the demo provider says: friendly, about what was asked, and clear that no model is behind it.

use std::fmt::Write;

/// What the voice knows about a request.
#[derive(Debug)]
pub(crate) struct Heard<'a> {
    /// The last user message, without markers.
    pub(crate) question: &'a str,
    /// How many images came with it.
    pub(crate) images: usize,
    /// The model asked for.
    pub(crate) model: &'a str,
    /// What a tool answered, when that was the last message.
    pub(crate) tool_result: Option<&'a str>,
    /// How many paragraphs are wanted; 0: the usual answer.
    pub(crate) paragraphs: usize,
}

/// The answer.
pub(crate) fn answer(heard: &Heard<'_>) -> String {
    let mut text = format!(
        "This is Ownkey's built-in demo provider, answering as `{}`. No real model is running and nothing is billed.\n\n",
        heard.model
    );
    if let Some(result) = heard.tool_result {
        // Writing to a string cannot fail.
        let _ok = write!(text, "The tool answered: {}. A real model would now go on from there.", shortened(result));
        return text;
    }
    if heard.images > 0 {
        let plural = if heard.images == 1 { "image" } else { "images" };
        let _ok = write!(text, "I received {} {plural} with your message. ", heard.images);
    }
    if heard.question.is_empty() {
        text.push_str("You sent no text, so there is nothing to repeat.");
    } else {
        let _ok = write!(text, "You asked:\n\n> {}\n\n", shortened(heard.question).replace('\n', "\n> "));
        text.push_str(body(&heard.question.to_lowercase()));
    }
    for number in 1..=heard.paragraphs {
        let _ok = write!(text, "\n\n**Paragraph {number}.** {PARAGRAPH}");
    }
    text
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 400 {
        return text.to_owned();
    }
    text.chars().take(400).chain(['…']).collect()
}

/// Some Markdown that suits the question.
fn body(question: &str) -> &'static str {
    let asks = |words: &[&str]| words.iter().any(|word| question.contains(word));
    if asks(&["code", "function", "rust", "python", "script", "program"]) {
        CODE
    } else if asks(&["table", "compare"]) {
        TABLE
    } else if asks(&["list", "steps", "ideas", "markdown", "how do", "how can"]) {
        LIST
    } else {
        PLAIN
    }
}

const PLAIN: &str = "A real model would answer this now. What you see is real all the same: the key that was chosen, \
                     the stream, the token counts and the line in your usage page all came about exactly as they will \
                     with your own provider key.";

const LIST: &str = "Here is a list, as a real model might give you one:\n\n\
                    1. **Add a provider key** on the keys page; it is sealed before it is stored.\n\
                    2. **Pick a model** that the key opens.\n\
                    3. **Ask again.** The answer then comes from the provider, and the usage page says whose key paid.\n\n\
                    - Faults can be tried too: put `[[sim:429]]` or `[[sim:truncate]]` into your message.\n\
                    - Nothing here leaves your machine.";

const CODE: &str = "Here is a small example, as a real model might write one:\n\n\
                    ```rust\n\
                    /// Greets whoever brings their own key.\n\
                    fn greet(name: &str) -> String {\n    \
                    format!(\"Hello, {name}! Your key, your money, proven.\")\n\
                    }\n\
                    ```\n\n\
                    With a real provider key in place the answer would fit your question.";

const TABLE: &str = "Here is a table, as a real model might draw one:\n\n\
                     | | demo provider | your own key |\n\
                     |---|---|---|\n\
                     | answers | these lines | the model's |\n\
                     | costs | nothing | what the provider bills |\n\
                     | usage page | yes | yes |\n\n\
                     With a real provider key in place the answer would fit your question.";

const PARAGRAPH: &str = "Gateways are at their best when nobody notices them: the words arrive as fast as the provider \
                         sends them, the right key pays, and the count at the end is the count on the invoice.";
