//! Which master keys are taken.

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use crate::testing::{KEY, OTHER_KEY, entropy};

fn problem(text: &str) -> String {
    MasterKeys::parse(text).err().unwrap().to_string()
}

#[test]
fn every_spelling_of_32_random_bytes_is_taken() {
    let bytes = URL_SAFE.decode(KEY).unwrap();
    for text in [KEY.to_owned(), STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes), format!(" {KEY} ")] {
        let keys = MasterKeys::parse(&text).unwrap();
        assert_eq!(keys.kids().collect::<Vec<_>>(), MasterKeys::parse(KEY).unwrap().kids().collect::<Vec<_>>());
    }
}

#[test]
fn a_list_keeps_its_order() {
    let one = |text: &str| MasterKeys::parse(text).unwrap().kids().map(|kid| kid.to_string()).collect::<Vec<_>>();
    assert_eq!(one(&format!("{KEY},{OTHER_KEY}")), [one(KEY), one(OTHER_KEY)].concat());
}

#[test]
fn weak_keys_are_refused_with_a_sentence() {
    let typed = URL_SAFE.encode(b"correct horse battery staple 123");
    let regular = URL_SAFE.encode([0x80, 7].repeat(16));
    assert!(problem("").starts_with("The master key is empty"));
    assert!(problem(&format!("{KEY},")).starts_with("The master key is empty"));
    assert!(problem("c2hvcnQ=").starts_with("Master key 1 is not 32 bytes"));
    assert!(problem(&format!("{KEY},nonsense!")).starts_with("Master key 2 is not 32 bytes"));
    assert!(problem(&typed).contains("printable text"));
    assert!(problem(&regular).contains("fewer than 16"));
    assert!(problem("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=").contains("published"));
}

#[test]
fn a_generated_key_reads_back_as_itself() {
    let (keys, text) = MasterKeys::generate(&entropy());
    assert_eq!(keys.kids().collect::<Vec<_>>(), MasterKeys::parse(&text).unwrap().kids().collect::<Vec<_>>());
}

#[test]
#[cfg(unix)]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    std::fs::write(&path, KEY).unwrap();
    for (mode, is_taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read_key_file(&path).is_ok(), is_taken, "{mode:o}");
    }
    assert!(read_key_file(&directory.path().join("none")).is_err());
}
