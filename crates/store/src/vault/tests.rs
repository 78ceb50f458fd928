//! A secret opens in its own row and nowhere else.

use domain::credential::{Credential, Scope};
use domain::ids::{CredentialId, OrganizationId, UserId};
use domain::{Origin, ProviderId};

use super::*;
use crate::testing::{KEY, NOW, OTHER_KEY, credential, entropy};

const SECRET: &str = "sk-proj-canary-0123456789";

fn vault(keys: &str) -> Vault {
    Vault::new(MasterKeys::parse(keys).unwrap())
}

fn row() -> Credential {
    credential(UserId::generate(NOW, &entropy()), "work")
}

fn sealed(vault: &Vault, row: &Credential) -> Sealed {
    vault.seal(&Secret::new(SECRET.to_owned()), &RowIdentity::of(row), NOW, &entropy())
}

#[test]
fn a_secret_opens_under_its_own_identity() {
    let (vault, row) = (vault(KEY), row());
    let sealed = sealed(&vault, &row);
    assert!(sealed.as_str().starts_with("ok1:") && !sealed.as_str().contains(SECRET));
    assert_eq!(vault.open(&sealed, &RowIdentity::of(&row)).ok().unwrap().expose(), SECRET);
}

type Move = (&'static str, fn(&mut Credential));

#[test]
fn a_secret_moved_anywhere_else_does_not_open() {
    let (vault, row) = (vault(KEY), row());
    let sealed = sealed(&vault, &row);
    let moves: [Move; 7] = [
        ("row", |row| row.id = CredentialId::generate(NOW, &entropy())),
        ("owner", |row| row.owner = Some(UserId::generate(NOW, &entropy()))),
        ("organization", |row| {
            (row.scope, row.owner) = (Scope::Organization, None);
            row.organization = Some(OrganizationId::generate(NOW, &entropy()));
        }),
        ("scope", |row| row.scope = Scope::System),
        ("provider", |row| row.provider = ProviderId::Groq),
        ("origin", |row| row.origin = Origin::stored("https://evil.example".to_owned())),
        ("version", |row| row.secret_version += 1),
    ];
    for (name, change) in moves {
        let mut moved = row.clone();
        change(&mut moved);
        assert_eq!(vault.open(&sealed, &RowIdentity::of(&moved)).err(), Some(Undecryptable), "{name}");
    }
    let other_field = RowIdentity { field: "headers", ..RowIdentity::of(&row) };
    assert_eq!(vault.open(&sealed, &other_field).err(), Some(Undecryptable));
}

#[test]
fn all_keys_of_the_list_open_and_the_first_seals() {
    let row = row();
    let old = sealed(&vault(KEY), &row);
    let both = vault(&format!("{OTHER_KEY},{KEY}"));
    assert!(both.open(&old, &RowIdentity::of(&row)).is_ok());
    let new = sealed(&both, &row);
    assert!(vault(OTHER_KEY).open(&new, &RowIdentity::of(&row)).is_ok());
    assert_eq!(vault(KEY).open(&new, &RowIdentity::of(&row)).err(), Some(Undecryptable));
}

#[test]
fn a_bare_or_altered_text_does_not_open() {
    let (vault, row) = (vault(KEY), row());
    let text = sealed(&vault, &row).0;
    let bare = text.rsplit(':').next().unwrap().to_owned();
    for wrong in [bare, text.replacen("ok1", "ok2", 1), text.replacen("ok1:", "ok1:00000000", 1), String::new()] {
        assert_eq!(vault.open(&Sealed(wrong), &RowIdentity::of(&row)).err(), Some(Undecryptable));
    }
}

#[test]
fn the_sealed_text_is_a_genuine_fernet_token_under_the_derived_key() {
    let (vault, row) = (vault(KEY), row());
    let text = sealed(&vault, &row).0;
    let key = derive(&vault.ring().sealing().bytes, &RowIdentity::of(&row).context());
    assert_eq!(fernet::open(&key, text.rsplit(':').next().unwrap()).unwrap().as_slice(), SECRET.as_bytes());
}

#[test]
fn the_same_secret_has_the_same_fingerprint_and_only_under_the_same_key() {
    let print = |vault: &Vault, text: &str| vault.fingerprint(&Secret::new(text.to_owned()));
    let one = vault(KEY).with_fingerprint_key(Zeroizing::new([1; 32]));
    let two = vault(KEY).with_fingerprint_key(Zeroizing::new([2; 32]));
    assert_eq!(print(&one, SECRET).len(), 32);
    assert_eq!(print(&one, SECRET), print(&one, SECRET));
    assert_ne!(print(&one, SECRET), print(&one, "sk-other"));
    assert_ne!(print(&one, SECRET), print(&two, SECRET));
}
