//! The master keys: read, refused when weak, and told apart by their ids.

use std::path::Path;

use domain::Entropy;
use thiserror::Error;
use zeroize::Zeroizing;

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
    pub(super) keys: Vec<MasterKey>,
}

pub(super) struct MasterKey {
    pub(super) kid: String,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

impl MasterKeys {
    /// Reads one or more keys, separated by commas.
    ///
    /// # Errors
    /// When one is malformed or weak.
    pub fn parse(text: &str) -> Result<Self, MasterKeyProblem> {
        let _ = text;
        todo!()
    }

    /// A new random key, and its text for the key file.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> (Self, Zeroizing<String>) {
        let _ = entropy;
        todo!()
    }

    /// The ids of the keys, the sealing one first.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.kid.as_str())
    }
}

/// Reads a key file that only its owner can read.
///
/// # Errors
/// When it cannot be read, or others can read it.
pub fn read_key_file(path: &Path) -> Result<Zeroizing<String>, MasterKeyProblem> {
    let _ = path;
    todo!()
}
