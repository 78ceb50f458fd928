//! What models write, what attackers write, and what comes in pieces.

use super::*;

/// Answers of all kinds.
const TEXTS: [&str; 18] = [
    "Hello",
    "Hello\n",
    "# One\n\nTwo *three* **four** `five`\n\n- a\n- b\n\n  more\n\n1. x\n2. y\n\n> quote\n> on\n\nend",
    "Text\n-----\nmore\n\n***\n\nTitle\n===\n",
    "```rust\nfn main() {}\n```\n\nafter",
    "```\nopen [a]: b\n\nstill",
    "~~~~\n```\n~~~~\n    indented\n\ntext\n\n    code\n",
    "| a | b |\n|---|--:|\n| 1 | 2 |\n| `x` | **y** |\n\nafter",
    "[link](https://example.org/a?b=c&d=e) [bad](javascript:alert(1)) ![pic](https://example.org/p.png)",
    "see [one] and [two][one]\n\n[one]: https://example.org\n\nafter [one]\n\n[one]: https://other.example\n",
    "- a\n  - b\n    - c\n- d\n\n  para\n\n      code\n- [ ] todo\n- [x] done\n",
    "1. one\n1. two\n1. three\n\ntext\n\n7. seven\n8. eight\n",
    "<div onclick=\"x\">\n\n*em*\n\n</div>\n\n<script>alert(1)</script>\n\ntext <b>bold</b>",
    "<!-- open\n\n*em*\n\n```\nx\n",
    "> a\nlazy\n> - b\nlazy\n\n> c\n",
    "a\r\nb\r\n\r\n- c\r\n- d\r\n",
    "text\n\n[one\ntwo]: https://example.org\n\nmore\n",
    "\n\n\n   \n\tcode\n\n+ a\n* b\n12) c\n",
];

fn in_pieces(pieces: &[&str]) -> String {
    let mut rendering = Rendering::default();
    let mut blocks: Vec<String> = Vec::new();
    let mut take = |changed: Vec<Block>, frozen: &mut usize| {
        for block in changed {
            assert!(block.index >= *frozen, "a block that was final changes");
            assert!(block.index <= blocks.len(), "a block is left out");
            if block.index == blocks.len() {
                blocks.push(String::new());
            }
            if block.is_final {
                *frozen = block.index + 1;
            }
            blocks[block.index] = block.html;
            // An open block is the last one there is.
            blocks.truncate(block.index + 1);
        }
        blocks.concat()
    };
    let mut frozen = 0;
    for piece in pieces {
        take(rendering.push(piece), &mut frozen);
    }
    take(rendering.finish(), &mut frozen)
}

#[test]
fn whatever_the_pieces_the_end_is_what_the_whole_text_comes_to() {
    for text in TEXTS {
        let expected = whole(text);
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (one, two) = text.split_at(at);
            assert_eq!(in_pieces(&[one, two]), expected, "{text:?} split at {at}");
        }
        let characters: Vec<String> = text.chars().map(String::from).collect();
        let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
        assert_eq!(in_pieces(&characters), expected, "{text:?} character by character");
    }
}

#[test]
fn a_long_list_is_sent_item_by_item_and_keeps_its_numbers() {
    let items: Vec<String> = (1..=400).map(|_| format!("1. {}\n", "word ".repeat(10).trim_end())).collect();
    let text = items.concat();
    let mut rendering = Rendering::default();
    let sent: Vec<Block> = items.iter().flat_map(|item| rendering.push(item)).collect();
    let frozen: Vec<&Block> = sent.iter().filter(|block| block.is_final).collect();
    assert!(frozen.len() > 3, "{} pieces", frozen.len());
    assert!(frozen[0].html.starts_with("<ol>\n<li>"));
    let before = frozen[0].html.matches("<li>").count();
    assert!(frozen[1].html.starts_with(&format!("<ol start=\"{}\">", before + 1)), "{}", frozen[1].html);
    let longest = sent.iter().map(|block| block.html.len()).max().unwrap();
    assert!(longest < 12 * 1024, "a block of {longest} bytes was sent");
    let pieces: Vec<&str> = items.iter().map(String::as_str).collect();
    assert_eq!(in_pieces(&pieces), whole(&text));
    assert_eq!(whole(&text).matches("<li>").count(), 400);
}

#[test]
fn a_block_is_not_sent_again_when_nothing_of_it_changed() {
    let mut rendering = Rendering::default();
    assert_eq!(rendering.push("Hello"), [Block { index: 0, html: "<p>Hello</p>\n".to_owned(), is_final: false }]);
    assert_eq!(rendering.push("\n"), []);
    let blocks = rendering.push("\nWorld\n");
    let shown: Vec<(usize, &str, bool)> =
        blocks.iter().map(|block| (block.index, block.html.as_str(), block.is_final)).collect();
    assert_eq!(shown, [(0, "<p>Hello</p>\n", true), (1, "<p>World</p>\n", false)]);
}

#[test]
fn html_is_shown_and_never_obeyed() {
    for attack in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<svg/onload=alert(1)>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "```\"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```",
        "`</code><script>`",
        "| <script> |\n|---|\n| </td><script> |",
        "[x](https://example.org/\"onmouseover=\"alert(1))",
        "[x](<https://example.org/\"><script>>)",
        "![\"><script>](https://example.org/p.png)",
        "<style>*{display:none}</style>",
        "<!--><script>alert(1)</script>-->",
    ] {
        let html = whole(attack);
        // Whatever is between the brackets that reached the page.
        let tags: Vec<&str> = html.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
        for tag in tags {
            let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
            let ours = [
                "p",
                "/p",
                "a",
                "/a",
                "code",
                "/code",
                "pre",
                "/pre",
                "figure",
                "/figure",
                "figcaption",
                "/figcaption",
                "span",
                "/span",
                "button",
                "/button",
                "div",
                "/div",
                "table",
                "/table",
                "thead",
                "/thead",
                "tbody",
                "/tbody",
                "tr",
                "/tr",
                "th",
                "/th",
                "td",
                "/td",
            ];
            assert!(ours.contains(&name.as_str()), "{attack:?} writes <{tag}: {html}");
            assert!(!tag.contains(" on") && !tag.contains("style="), "{attack:?} writes <{tag}");
        }
    }
}

#[test]
fn links_lead_to_the_web_and_to_mail_only() {
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "java&#10;script:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/keys",
        "#top",
        "blob:https://example.org/x",
        "ftp://example.org",
    ] {
        for text in [format!("[x](<{address}>)"), format!("<{address}>"), format!("![x](<{address}>)")] {
            assert!(!whole(&text).contains("href"), "{text}: {}", whole(&text));
        }
    }
    let anchor = |to: &str| format!("<a href=\"{to}\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">");
    assert!(whole("[x](https://example.org/?a=1&b=2)").contains(&anchor("https://example.org/?a=1&amp;b=2")));
    assert!(whole("<HTTP://example.org>").contains(&anchor("HTTP://example.org")));
    assert!(whole("<ann@example.org>").contains(&anchor("mailto:ann@example.org")));
}

#[test]
fn a_picture_is_a_link_and_nothing_is_loaded() {
    let html = whole("![A cat](https://example.org/cat.png) ![](https://example.org/dog.png)");
    assert!(!html.contains("<img"));
    assert!(html.contains(">A cat</a>") && html.contains(">https://example.org/dog.png</a>"), "{html}");
    let nested = whole("[![badge](https://example.org/b.svg)](https://example.org)");
    assert_eq!(nested.matches("<a ").count(), 1, "{nested}");
}

#[test]
fn links_by_reference_are_not_resolved_and_their_definitions_stay_readable() {
    let html = whole("see [one]\n\n[one]: https://example.org \"t\"\n\n- [two]: https://example.org\n");
    assert!(!html.contains("<a "), "{html}");
    assert!(html.contains("[one]: https://example.org") && html.contains("[two]: https://example.org"), "{html}");
    assert!(whole("```\n[one]: x\n```").contains("<code>[one]: x"), "code stays as it is");
}

#[test]
fn depth_and_size_are_bounded() {
    for deep in ["> ".repeat(20_000), "- ".repeat(20_000), "*a **b ".repeat(10_000), "[".repeat(50_000)] {
        let html = whole(&deep);
        let depth = html.matches("<blockquote>").count().max(html.matches("<ul>").count());
        assert!(depth <= 24, "{depth} deep");
    }
    let many = "[a]: b\n\n".repeat(20_000);
    assert_eq!(whole(&many).matches("[a]: b").count(), 20_000);
}

#[test]
fn code_says_its_language_and_can_be_copied_when_all_of_it_is_there() {
    let html = whole("```rust ignore\nlet a = \"<b>\";\n```");
    assert!(html.contains("<span>rust</span>") && html.contains("data-code=\"copy\""), "{html}");
    let coloured = "<span class=\"k\">let</span> a = <span class=\"s\">&quot;&lt;b&gt;&quot;</span>;";
    assert!(html.contains(coloured), "{html}");
    let mut rendering = Rendering::default();
    let open = rendering.push("```rust\nlet a");
    assert!(!open[0].is_final && !open[0].html.contains("data-code"), "{open:?}");
}

#[test]
fn an_open_block_that_is_large_is_not_read_for_each_word() {
    let mut rendering = Rendering::default();
    let mut told = String::from("```\n");
    rendering.push(&told);
    let mut times = 0;
    while told.len() < 512 * 1024 {
        let words = "many words of one line of code\n".repeat(8);
        times += usize::from(!rendering.push(&words).is_empty());
        told.push_str(&words);
    }
    assert!((270..310).contains(&times), "shown {times} times");
    told.push_str("```\n\nThe end.");
    rendering.push("```\n\nThe end.");
    let end: String = rendering.finish().into_iter().map(|block| block.html).collect();
    assert_eq!(end, whole(&told));
}
