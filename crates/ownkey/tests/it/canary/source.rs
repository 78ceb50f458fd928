//! Where the source may look into a secret.

use std::path::{Path, PathBuf};

/// The files that may, and how often in all.
const ALLOWED: [&str; 3] = ["app/src/credentials.rs", "llm/src/client.rs", "store/src/vault.rs"];
const MOST: usize = 5;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            rust_files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn secrets_are_opened_in_three_files_and_nowhere_else() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let mut sites = Vec::new();
    for entry in std::fs::read_dir(&crates).unwrap().map(|entry| entry.unwrap().path().join("src")) {
        let mut files = Vec::new();
        if entry.is_dir() {
            rust_files(&entry, &mut files);
        }
        for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
            let place = file.strip_prefix(&crates).unwrap().display().to_string();
            let text = std::fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            sites.extend(text.lines().filter(|line| line.contains(".expose()")).map(|_| place.clone()));
        }
    }
    assert!(sites.len() <= MOST, "{sites:?}");
    assert!(sites.iter().all(|site| ALLOWED.contains(&site.as_str())), "{sites:?}");
}
