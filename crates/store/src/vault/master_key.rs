//! The master keys: read, refused when weak, and told apart by their ids.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE};
use domain::{Entropy, MasterKeyId};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE_ANY: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD_ANY: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// A key of fewer different bytes was not drawn at random.
const MIN_DISTINCT_BYTES: usize = 16;

/// Keys that everybody can read: the Fernet specification's test key, and the
/// bytes counted up from zero and from one that test vectors are fond of.
const PUBLISHED: [&str; 3] = [
    "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
];

/// Why a master key is not taken. `Display` is a sentence for the operator.
/// The process exits with 78.
#[derive(Debug, Error)]
pub enum MasterKeyProblem {
    /// Nothing there.
    #[error("The master key is empty. Make one: `openssl rand -base64 32 | tr '+/' '-_'`.")]
    Empty,
    /// Not 32 bytes of base64.
    #[error("Master key {position} is not 32 bytes in base64. Make one: `openssl rand -base64 32 | tr '+/' '-_'`.")]
    Malformed {
        /// Which of the list, from 1.
        position: usize,
    },
    /// Too regular, or text.
    #[error(
        "Master key {position} is too weak: {reason}. Make a random one: `openssl rand -base64 32 | tr '+/' '-_'`."
    )]
    Weak {
        /// Which of the list, from 1.
        position: usize,
        /// Why.
        reason: &'static str,
    },
    /// Others can read the file.
    #[error("The key file {path} can be read by others (mode {mode:03o}). Run: chmod 600 {path}")]
    Exposed {
        /// Which file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("The key file {path} cannot be read: {source}.")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The list of master keys. The first seals, all open.
pub struct MasterKeys {
    pub(super) keys: Vec<Arc<MasterKey>>,
}

pub(super) struct MasterKey {
    pub(super) kid: MasterKeyId,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

impl MasterKeys {
    /// Reads one or more keys, separated by commas.
    ///
    /// # Errors
    /// When one is malformed or weak.
    pub fn parse(text: &str) -> Result<Self, MasterKeyProblem> {
        let mut keys = Vec::new();
        for (index, part) in text.split(',').map(str::trim).enumerate() {
            let position = index + 1;
            if part.is_empty() {
                return Err(MasterKeyProblem::Empty);
            }
            let bytes = decode(part).ok_or(MasterKeyProblem::Malformed { position })?;
            if let Some(reason) = weakness(&bytes) {
                return Err(MasterKeyProblem::Weak { position, reason });
            }
            keys.push(Arc::new(MasterKey::new(bytes)));
        }
        Ok(Self { keys })
    }

    /// A new random key, and its text for the key file.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> (Self, Zeroizing<String>) {
        let bytes = Zeroizing::new(entropy.bytes::<32>());
        let text = Zeroizing::new(URL_SAFE.encode(bytes.as_slice()));
        (Self { keys: vec![Arc::new(MasterKey::new(bytes))] }, text)
    }

    /// The ids of the keys, the sealing one first.
    pub fn kids(&self) -> impl Iterator<Item = MasterKeyId> {
        self.keys.iter().map(|key| key.kid)
    }
}

impl MasterKey {
    fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let digest = Sha256::new().chain_update(b"ownkey-kid").chain_update(bytes.as_slice()).finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
        Self { kid: MasterKeyId([a, b, c, d]), bytes }
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(URL_SAFE_ANY.decode(text).or_else(|_| STANDARD_ANY.decode(text)).ok()?);
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}

fn weakness(key: &[u8; 32]) -> Option<&'static str> {
    let distinct: std::collections::BTreeSet<u8> = key.iter().copied().collect();
    if PUBLISHED.iter().filter_map(|text| decode(text)).any(|published| *published == *key) {
        Some("it is published in a specification, so everybody has it")
    } else if distinct.len() < MIN_DISTINCT_BYTES {
        Some("fewer than 16 of its bytes differ")
    } else if key.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        Some("its bytes are all printable text, so it was typed and not drawn")
    } else {
        None
    }
}

/// Reads a key file that only its owner can read.
///
/// # Errors
/// When it cannot be read, or others can read it.
pub fn read_key_file(path: &Path) -> Result<Zeroizing<String>, MasterKeyProblem> {
    let shown = || path.display().to_string();
    let file = |source| MasterKeyProblem::File { path: shown(), source };
    let mode = mode_of(&std::fs::metadata(path).map_err(file)?);
    if mode & 0o077 != 0 {
        return Err(MasterKeyProblem::Exposed { path: shown(), mode });
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(file)
}

#[cfg(unix)]
fn mode_of(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o777
}

/// Elsewhere the file system has no such bits; the folder's rights have to do.
#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> u32 {
    0o600
}

#[cfg(test)]
mod tests;
