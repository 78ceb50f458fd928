//! Markdown's events as HTML. Every tag is written here; nothing of the text
//! reaches the page but escaped.

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, LinkType, Parser, Tag};

use super::blocks::options;
use super::colour;

/// Deeper than this, what stands within what is no longer shown.
const DEEPEST: usize = 24;

/// The most characters of a language's name.
const LONGEST_LANGUAGE: usize = 30;

/// The HTML of a text. `number` is the first number of a list it begins with, where
/// that is known better; code that is still coming is not coloured.
pub(super) fn rendered(text: &str, number: Option<u64>, is_final: bool) -> String {
    let mut writer = Writer { number, is_final, ..Writer::default() };
    for event in Parser::new_ext(text, options()) {
        writer.take(event);
    }
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// What closes what is open.
    open: Vec<Closer>,
    number: Option<u64>,
    is_final: bool,
    code: Option<Code>,
    /// Within how many links.
    links: usize,
    /// How the columns of a table stand, and which is written.
    columns: Vec<Alignment>,
    column: usize,
    is_head: bool,
}

/// Code being gathered.
struct Code {
    language: String,
    text: String,
}

/// What closes something.
enum Closer {
    Words(&'static str),
    Heading(u8),
    Code,
    Link,
    /// A picture's link, and where its text begins.
    Picture {
        address: String,
        begins: usize,
        is_link: bool,
    },
    Head,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let closer = self.start(tag);
                self.open.push(closer);
            }
            Event::End(_) => {
                if let Some(closer) = self.open.pop() {
                    self.close(closer);
                }
            }
            Event::Code(text) => {
                self.out.push_str("<code>");
                self.text(&text);
                self.out.push_str("</code>");
            }
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(is_done) => self.out.push_str(if is_done { "☑ " } else { "☐ " }),
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.text.push_str(text),
            None => escape(&mut self.out, text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) -> Closer {
        if let Tag::CodeBlock(kind) = tag {
            self.code = Some(Code { language: language_of(&kind), text: String::new() });
            return Closer::Code;
        }
        // Thousands of nested quotes are one page of a browser's memory each.
        if self.open.len() >= DEEPEST {
            return Closer::Words("");
        }
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.words("<p>", "</p>\n"),
            Tag::Heading { level, .. } => {
                // Above them are the page's own.
                let level = (level as u8 + 2).min(6);
                self.out.push_str(&format!("<h{level}>"));
                Closer::Heading(level)
            }
            Tag::BlockQuote(_) => self.words("<blockquote>\n", "</blockquote>\n"),
            Tag::List(None) => self.words("<ul>\n", "</ul>\n"),
            Tag::List(Some(first)) => self.numbered(first),
            Tag::Item => self.words("<li>", "</li>\n"),
            Tag::Emphasis => self.words("<em>", "</em>"),
            Tag::Strong => self.words("<strong>", "</strong>"),
            Tag::Strikethrough => self.words("<del>", "</del>"),
            Tag::Superscript => self.words("<sup>", "</sup>"),
            Tag::Subscript => self.words("<sub>", "</sub>"),
            Tag::Table(columns) => {
                self.columns = columns;
                self.words(
                    "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>",
                    "</tbody></table></div>\n",
                )
            }
            Tag::TableHead => {
                (self.is_head, self.column) = (true, 0);
                self.out.push_str("<thead><tr>");
                Closer::Head
            }
            Tag::TableRow => {
                self.column = 0;
                self.words("<tr>", "</tr>\n")
            }
            Tag::TableCell => self.cell(),
            Tag::Link { link_type, dest_url, .. } => self.link(link_type, &dest_url),
            Tag::Image { dest_url, .. } => self.picture(&dest_url),
            // Not read with our options.
            _ => Closer::Words(""),
        }
    }

    fn words(&mut self, opens: &str, closes: &'static str) -> Closer {
        self.out.push_str(opens);
        Closer::Words(closes)
    }

    fn numbered(&mut self, first: u64) -> Closer {
        let known = if self.open.is_empty() { self.number.take() } else { None };
        match known.unwrap_or(first) {
            1 => self.out.push_str("<ol>\n"),
            number => self.out.push_str(&format!("<ol start=\"{number}\">\n")),
        }
        Closer::Words("</ol>\n")
    }

    fn cell(&mut self) -> Closer {
        let class = match self.columns.get(self.column) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            _ => "",
        };
        self.column += 1;
        if self.is_head {
            self.out.push_str(&format!("<th scope=\"col\"{class}>"));
            Closer::Words("</th>")
        } else {
            self.out.push_str(&format!("<td{class}>"));
            Closer::Words("</td>")
        }
    }

    /// A link to where links may lead; else its text only.
    fn link(&mut self, kind: LinkType, to: &CowStr<'_>) -> Closer {
        let address = if kind == LinkType::Email { format!("mailto:{to}") } else { to.to_string() };
        if self.links > 0 || !may_lead_to(&address) {
            return Closer::Words("");
        }
        self.open_link(&address);
        Closer::Link
    }

    /// A picture is not loaded: whoever has it would learn who looks, and when.
    fn picture(&mut self, address: &CowStr<'_>) -> Closer {
        let is_link = self.links == 0 && may_lead_to(address);
        if is_link {
            self.open_link(address);
        }
        Closer::Picture { address: address.to_string(), begins: self.out.len(), is_link }
    }

    fn open_link(&mut self, address: &str) {
        self.links += 1;
        self.out.push_str("<a href=\"");
        escape(&mut self.out, address);
        self.out.push_str("\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">");
    }

    fn close(&mut self, closer: Closer) {
        match closer {
            Closer::Words(words) => self.out.push_str(words),
            Closer::Heading(level) => self.out.push_str(&format!("</h{level}>\n")),
            Closer::Code => self.listing(),
            Closer::Link => self.close_link(),
            Closer::Picture { address, begins, is_link } => {
                if self.out.len() == begins {
                    escape(&mut self.out, &address);
                }
                if is_link {
                    self.close_link();
                }
            }
            Closer::Head => {
                self.is_head = false;
                self.out.push_str("</tr></thead><tbody>\n");
            }
        }
    }

    fn close_link(&mut self) {
        self.links = self.links.saturating_sub(1);
        self.out.push_str("</a>");
    }

    /// Code with its language, to be copied and to be wrapped.
    fn listing(&mut self) {
        let Some(Code { language, text }) = self.code.take() else { return };
        let shown = if language.is_empty() { "text" } else { &language };
        self.out.push_str("<figure class=\"listing\"><figcaption><span>");
        escape(&mut self.out, shown);
        self.out.push_str("</span>");
        if self.is_final {
            self.out.push_str(
                "<button class=\"quiet little\" type=\"button\" data-code=\"wrap\" aria-pressed=\"false\">Wrap</button>\
                 <button class=\"quiet little\" type=\"button\" data-code=\"copy\">Copy</button>",
            );
        }
        self.out.push_str("</figcaption><pre tabindex=\"0\" role=\"group\" aria-label=\"Code, ");
        escape(&mut self.out, shown);
        self.out.push_str("\"><code>");
        if self.is_final {
            for (piece, class) in colour::pieces(&language, &text) {
                self.piece(piece, class);
            }
        } else {
            escape(&mut self.out, &text);
        }
        self.out.push_str("</code></pre></figure>\n");
    }

    /// A piece of code, as what it is.
    fn piece(&mut self, text: &str, class: Option<&str>) {
        match class {
            Some(class) => {
                self.out.push_str("<span class=\"");
                self.out.push_str(class);
                self.out.push_str("\">");
                escape(&mut self.out, text);
                self.out.push_str("</span>");
            }
            None => escape(&mut self.out, text),
        }
    }
}

/// The first word after a fence.
fn language_of(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '.' | '_');
    word.chars().filter(is_plain).take(LONGEST_LANGUAGE).collect()
}

/// Whether a link may lead there: the web, or somebody's mail.
fn may_lead_to(address: &str) -> bool {
    let starts_with = |scheme: &str| address.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "mailto:"].into_iter().any(starts_with) && !address.contains(char::is_control)
}

/// Text as HTML has it, within elements and within attributes.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
