//! Branches, titles, and what a message may hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::*;

fn id(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(number))
}

fn said(number: u128, parent: Option<u128>) -> Message {
    Message {
        id: id(number),
        conversation: ConversationId(Uuid::nil()),
        parent: parent.map(id),
        author: if number % 2 == 1 { Author::User } else { Author::Assistant },
        parts: vec![Part::Text { text: number.to_string() }],
        reasoning: String::new(),
        reasoning_ms: None,
        state: MessageState::Done,
        model: None,
        provider: None,
        credential: None,
        scope: None,
        request: None,
        tokens: None,
        cost: None,
        first_token_ms: None,
        latency_ms: None,
        finish: None,
        dropped: Vec::new(),
        failure: None,
        created_at: Timestamp::from_seconds(0),
    }
}

/// 1 ─ 2 ─ 3 ─ 4, with 5 ─ 6 beside 3.
fn tree() -> Vec<Message> {
    vec![said(1, None), said(2, Some(1)), said(3, Some(2)), said(4, Some(3)), said(5, Some(2)), said(6, Some(5))]
}

#[test]
fn a_path_leads_from_the_first_message_to_the_asked_one() {
    let tree = tree();
    let numbers = |leaf| path(&tree, leaf).iter().map(|message| message.text()).collect::<Vec<_>>().join(" ");
    assert_eq!(numbers(Some(id(4))), "1 2 3 4");
    assert_eq!(numbers(Some(id(6))), "1 2 5 6");
    assert_eq!(numbers(Some(id(99))), "");
    assert_eq!(numbers(None), "");
}

#[test]
fn a_ring_of_parents_is_walked_only_so_far() {
    let ring = vec![said(1, Some(2)), said(2, Some(1))];
    assert_eq!(path(&ring, Some(id(1))).len(), DEEPEST);
    assert_eq!(subtree(&ring, id(1)).len(), 2 + 1, "the ring's first once more, and no further");
}

#[test]
fn a_branch_goes_with_everything_that_follows() {
    let mut gone = subtree(&tree(), id(5));
    gone.sort_unstable();
    assert_eq!(gone, [id(5), id(6)]);
    assert_eq!(subtree(&tree(), id(1)).len(), 6);
}

#[test]
fn the_newest_branch_is_the_one_begun_last() {
    assert_eq!(newest_leaf(&tree(), None), Some(id(6)));
    assert_eq!(newest_leaf(&tree(), Some(id(3))), Some(id(4)));
    assert_eq!(newest_leaf(&[] as &[Message], None), None);
}

#[test]
fn a_title_is_the_first_line_that_says_something() {
    for (text, title) in [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("\n\n## Plan\nmore", "Plan"),
        ("```\ncode", "code"),
        ("a\tb\u{202e}  c", "a b c"),
        ("   \n ", "Untitled"),
        ("", "Untitled"),
    ] {
        assert_eq!(title_of(text), title, "{text:?}");
    }
    let long = title_of(&"word ".repeat(40));
    assert!(long.ends_with("word…") && long.chars().count() <= MADE_TITLE + 1, "{long}");
    assert_eq!(title_of(&"é".repeat(100)).chars().count(), MADE_TITLE + 1);
}

fn image(media_type: &str, bytes: &[u8]) -> Part {
    Part::Image { media_type: media_type.to_owned(), name: None, data: STANDARD.encode(bytes) }
}

#[test]
fn pictures_are_what_they_say_they_are() {
    let png = b"\x89PNG\r\n\x1a\nrest";
    assert_eq!(check_parts(&[image("image/png", png)]), Ok(()));
    assert_eq!(check_parts(&[image("image/webp", b"RIFF\0\0\0\0WEBPrest")]), Ok(()));
    assert_eq!(check_parts(&[image("image/webp", b"RIFF\0\0\0\0WAVErest")]), Err(PartProblem::UnknownImage));
    assert_eq!(check_parts(&[image("image/jpeg", png)]), Err(PartProblem::UnknownImage));
    assert_eq!(check_parts(&[image("image/svg+xml", b"<svg>")]), Err(PartProblem::UnknownImage));
    let bad = Part::Image { media_type: "image/png".to_owned(), name: None, data: "§".to_owned() };
    assert_eq!(check_parts(&[bad]), Err(PartProblem::NotBase64));
}

#[test]
fn what_is_attached_is_bounded() {
    let file = |name: &str, text: &str| Part::File { name: name.to_owned(), text: text.to_owned() };
    assert_eq!(check_parts(&[]), Err(PartProblem::Empty));
    assert_eq!(check_parts(&[Part::Text { text: "  ".to_owned() }]), Err(PartProblem::Empty));
    assert_eq!(check_parts(&vec![file("a.txt", "x"); 11]), Err(PartProblem::TooMany(11)));
    assert_eq!(check_parts(&[file("a.txt", &"x".repeat(TEXT_BYTES))]), Ok(()));
    let long = "x".repeat(TEXT_BYTES + 1);
    assert_eq!(check_parts(&[file("a.txt", &long)]), Err(PartProblem::LongText(TEXT_BYTES + 1)));
    assert_eq!(check_parts(&[file("a\nb", "x")]), Err(PartProblem::Name));
    assert_eq!(check_parts(&[file("a.bin", "\0")]), Err(PartProblem::Binary));
    let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
    large.resize(IMAGE_BYTES, 0);
    assert_eq!(check_parts(&[image("image/png", &large)]), Ok(()));
    large.push(0);
    assert_eq!(check_parts(&[image("image/png", &large)]), Err(PartProblem::LargeImage(IMAGE_BYTES + 1)));
}

#[test]
fn parts_and_parameters_are_read_back_as_they_were_written() {
    let parts = vec![
        Part::Text { text: "Look".to_owned() },
        image("image/png", b"\x89PNG\r\n\x1a\n"),
        Part::File { name: "a.rs".to_owned(), text: "fn main() {}".to_owned() },
    ];
    let text = serde_json::to_string(&parts).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Part>>(&text).unwrap(), parts);
    let parameters = Parameters { temperature: Some(0.5), ..Parameters::default() };
    let text = serde_json::to_string(&parameters).unwrap();
    assert_eq!(text, r#"{"temperature":0.5}"#);
    assert_eq!(serde_json::from_str::<Parameters>(&text).unwrap(), parameters);
}
