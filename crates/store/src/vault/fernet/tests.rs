//! The specification's vectors, every strictness of ours, and Python's opinion.

use std::process::Command;

use super::*;
use crate::testing::is_ci;

const SPEC_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const SPEC_TOKEN: &str =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
const SPEC_NOW: u64 = 499_162_800;

fn spec_key() -> Key {
    URL_SAFE.decode(SPEC_KEY).unwrap().try_into().unwrap()
}

/// A token with a right signature over whatever `signed` is.
fn signed(mut signed: Vec<u8>) -> String {
    let mac = hmac_sha256(&spec_key()[..16], &[&signed]);
    signed.extend_from_slice(&mac);
    URL_SAFE.encode(signed)
}

fn parts() -> Vec<u8> {
    let bytes = URL_SAFE.decode(SPEC_TOKEN).unwrap();
    bytes[..bytes.len() - MAC_BYTES].to_vec()
}

#[test]
fn the_specifications_token_is_generated_and_read() {
    let iv = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!(seal(&spec_key(), b"hello", SPEC_NOW, iv), SPEC_TOKEN);
    assert_eq!(open_within(&spec_key(), SPEC_TOKEN, SPEC_NOW + 1, 60).unwrap().as_slice(), b"hello");
}

#[test]
fn the_specifications_invalid_tokens_are_refused() {
    let vectors = [
        (
            "incorrect mac",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
        ),
        ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="),
        (
            "invalid base64",
            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        ),
        (
            "payload size",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
        ),
        (
            "payload padding",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
        ),
        (
            "far future",
            "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
        ),
        (
            "expired",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        ),
        (
            "incorrect iv",
            "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
        ),
    ];
    for (name, token) in vectors {
        let now = if name == "expired" { SPEC_NOW + 121 } else { SPEC_NOW };
        assert_eq!(open_within(&spec_key(), token, now, 60).map(|_| ()), Err(Invalid), "{name}");
    }
}

#[test]
fn a_right_signature_does_not_save_a_wrong_body() {
    let mut wrong_version = parts();
    wrong_version[0] = 0x81;
    let mut wrong_padding = parts();
    wrong_padding[9] ^= 0xff;
    let cut = parts()[..30].to_vec();
    let empty = parts()[..HEADER_BYTES].to_vec();
    let ragged = parts()[..HEADER_BYTES + 9].to_vec();
    for (name, bytes) in [("version", wrong_version), ("cut", cut), ("empty", empty), ("ragged", ragged)] {
        assert_eq!(open(&spec_key(), &signed(bytes)).map(|_| ()), Err(Invalid), "{name}");
    }
    // Another IV changes the first block, here also its padding length.
    let mut last = parts();
    last[24] ^= 0x40;
    assert_eq!(open(&spec_key(), &signed(last)).map(|_| ()), Err(Invalid));
}

#[test]
fn only_the_canonical_spelling_of_a_token_is_read() {
    let key = spec_key();
    let token = seal(&key, b"sk-canonical-text", SPEC_NOW, [7; 16]);
    assert!(open(&key, &token).is_ok());
    let padded = token.trim_end_matches('=');
    let padding = "=".repeat(token.len() - padded.len());
    assert_ne!(padded, token, "the example must have padding");
    let mut shortened = padded.to_owned();
    let last = shortened.pop().unwrap();
    let next = char::from_u32(u32::from(last) + 1).unwrap();
    let trailing_bits = format!("{shortened}{next}{padding}");
    let (head, tail) = token.split_at(20);
    for (name, wrong) in [
        ("garbage inside", format!("{head}!!{tail}")),
        ("trailing bits", trailing_bits),
        ("unpadded", padded.to_owned()),
        ("blank before", format!(" {token}")),
        ("line break after", format!("{token}\n")),
        ("nothing", String::new()),
    ] {
        assert_eq!(open(&key, &wrong).map(|_| ()), Err(Invalid), "{name}");
    }
}

#[test]
fn stored_secrets_do_not_age_but_a_limit_is_kept_where_asked_for() {
    let key = spec_key();
    let future = seal(&key, b"later", SPEC_NOW + 315_360_000, [1; 16]);
    assert_eq!(open(&key, &future).unwrap().as_slice(), b"later");
    assert_eq!(open_within(&key, &future, SPEC_NOW, 60).map(|_| ()), Err(Invalid));
    assert_eq!(open_within(&key, SPEC_TOKEN, SPEC_NOW + 61, 60).map(|_| ()), Err(Invalid));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = URL_SAFE.decode(SPEC_TOKEN).unwrap();
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(open(&spec_key(), &URL_SAFE.encode(flipped)).is_err(), "bit {at}");
    }
}

#[test]
fn python_reads_ours_and_we_read_pythons() {
    let script = "import sys; from cryptography.fernet import Fernet; f = Fernet(sys.argv[1]); \
                  print(f.decrypt(sys.argv[2].encode()).decode()); print(f.encrypt(b'from python').decode())";
    let key = spec_key();
    let ours = seal(&key, b"from ownkey", 1_795_248_000, [9; 16]);
    let Ok(output) = Command::new("python3").args(["-c", script, SPEC_KEY, &ours]).output() else {
        assert!(!is_ci(), "CI must have python3 with cryptography");
        return println!("skipped: no python3");
    };
    let said = String::from_utf8(output.stdout).unwrap();
    if String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") {
        assert!(!is_ci(), "CI must have python3 with cryptography");
        return println!("skipped: python3 has no cryptography");
    }
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("from ownkey"));
    assert_eq!(open(&key, lines.next().unwrap()).unwrap().as_slice(), b"from python");
}
