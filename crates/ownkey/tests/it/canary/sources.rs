//! A secret is opened where it is used and nowhere else.

use std::path::{Path, PathBuf};

/// How often secrets are exposed outside tests, at most.
const MOST: usize = 10;

/// Where: the vault, the upstream client, reveal, and our own secret at the
/// OpenID provider.
const ALLOWED: [&str; 4] =
    ["store/src/vault", "llm/src/client", "app/src/credentials.rs", "app/src/sign_in/oidc/provider.rs"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn secrets_are_exposed_in_the_vault_the_upstream_client_and_reveal_only() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&crates).unwrap() {
        let directory = entry.unwrap().path().join("src");
        if directory.is_dir() {
            sources(&directory, &mut files);
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    let mut sites = Vec::new();
    for file in files {
        let name = file.strip_prefix(&crates).unwrap().to_string_lossy().replace('\\', "/");
        if name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (at, line) in product.lines().enumerate().filter(|(_, line)| line.contains(".expose()")) {
            assert!(ALLOWED.iter().any(|place| name.starts_with(place)), "{name}:{}: {line}", at + 1);
            sites.push(format!("{name}:{}", at + 1));
        }
    }
    assert!((1..=MOST).contains(&sites.len()), "{sites:#?}");
}
