//! What the outside relies on: files in `contract/`, each made again by a test
//! and compared. `UPDATE_CONTRACT=1` writes them anew; the diff is for review.

use std::path::Path;

/// Compares `made` with `contract/<name>`, or writes it there.
///
/// # Panics
/// With the first line that differs.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says so in the environment")]
pub fn assert_contract(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract").join(name);
    if std::env::var("UPDATE_CONTRACT").is_ok_and(|wish| wish == "1") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, made).expect("the contract is written");
        return;
    }
    let promised = std::fs::read_to_string(&path).unwrap_or_default();
    if promised == made {
        return;
    }
    let (mut old, mut new) = (promised.lines(), made.lines());
    let mut line = 0;
    let (was, is) = loop {
        line += 1;
        match (old.next(), new.next()) {
            (was, is) if was != is || was.is_none() => break (was, is),
            _ => {}
        }
    };
    panic!(
        "contract/{name} changed at line {line}.\n  promised: {}\n  now:      {}\nIf that is meant, run again with UPDATE_CONTRACT=1 and look at the diff.",
        was.unwrap_or("(the end)"),
        is.unwrap_or("(the end)")
    );
}
