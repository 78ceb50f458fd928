//! Passwords: argon2id with bounded concurrency, and the same work for a user
//! who does not exist.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::Entropy;
use domain::secret::Password;
use thiserror::Error as ThisError;
use tokio::sync::Semaphore;

use crate::error::{Code, Error, Result};

/// Hashes computed at once: 19 MiB each.
const PERMITS: usize = 4;

/// The shortest password taken, in characters.
const MIN_LENGTH: usize = 8;

/// The longest password taken, in characters.
const MAX_LENGTH: usize = 1_000;

/// Why a password is not taken. `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum PasswordProblem {
    /// Too short to guard keys.
    #[error("The password is too short. Use at least {MIN_LENGTH} characters.")]
    TooShort,
    /// Longer than anything typed.
    #[error("The password is too long. Use at most {MAX_LENGTH} characters.")]
    TooLong,
}

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    dummy: Arc<str>,
    entropy: Entropy,
}

impl Passwords {
    /// A hasher with a dummy of its own.
    #[must_use]
    pub fn new(entropy: &Entropy) -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)), dummy: dummy(entropy).into(), entropy: entropy.clone() }
    }

    /// The hash to store, in PHC form.
    ///
    /// # Errors
    /// `invalid_request` when the password is too short or too long.
    pub async fn hash(&self, password: Password) -> Result<String> {
        check_length(&password)
            .map_err(|problem| Error::new(Code::InvalidRequest, problem.to_string()).of_field("password"))?;
        let salt = self.entropy.bytes::<16>();
        self.work(move || hash_now(password.as_bytes(), &salt)).await?.ok_or_else(|| broken("hashing failed"))
    }

    /// Whether `password` is the one of `hash`. Without a hash the same work is
    /// done for nothing, so that unknown users take as long as known ones.
    ///
    /// # Errors
    /// When the machine is shutting down.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool> {
        let dummy = Arc::clone(&self.dummy);
        self.work(move || {
            let is_real = hash.is_some();
            let text = hash.unwrap_or_else(|| dummy.to_string());
            let matches = PasswordHash::new(&text).is_ok_and(|parsed| {
                argon2().is_some_and(|argon2| argon2.verify_password(password.as_bytes(), &parsed).is_ok())
            });
            matches && is_real
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| broken("the hasher is closed"))?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|_| broken("the hasher stopped"))
    }
}

/// Whether a password may be set.
///
/// # Errors
/// The reason why not.
fn check_length(password: &Password) -> std::result::Result<(), PasswordProblem> {
    match password.length() {
        length if length < MIN_LENGTH => Err(PasswordProblem::TooShort),
        length if length > MAX_LENGTH => Err(PasswordProblem::TooLong),
        _ => Ok(()),
    }
}

/// 19 MiB, two passes, one lane.
fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &[u8], salt: &[u8]) -> Option<String> {
    let hash = argon2()?.hash_password_with_salt(password, salt).ok()?;
    Some(hash.to_string())
}

/// A hash of nothing: random where a password's would be. Comparing with it is
/// the same work, and making it none.
fn dummy(entropy: &Entropy) -> String {
    let (salt, hash) = (entropy.bytes::<16>(), entropy.bytes::<32>());
    format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash))
}

fn broken(why: &'static str) -> Error {
    Error::new(Code::Internal, "Passwords cannot be checked just now. Try again shortly.").because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(&Entropy::new(|bytes| bytes.fill(7)))
    }

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let passwords = passwords();
        let hash = passwords.hash(Password::new("correct horse".into())).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Password::new("correct horse".into()), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(Password::new("wrong horse".into()), Some(hash)).await.unwrap());
    }

    #[test]
    fn the_dummy_is_the_same_work_as_a_password() {
        let text = dummy(&Entropy::new(|bytes| bytes.fill(7)));
        let (dummy, real) = (PasswordHash::new(&text).unwrap(), hash_now(b"correct horse", &[7; 16]).unwrap());
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!((dummy.algorithm, dummy.version, &dummy.params), (real.algorithm, real.version, &real.params));
        assert_eq!(dummy.hash.unwrap().len(), real.hash.unwrap().len());
        assert_eq!(dummy.salt.unwrap().len(), real.salt.unwrap().len());
    }

    #[tokio::test]
    async fn nobody_passes_without_a_hash_even_with_the_dummys_password() {
        let passwords = passwords();
        let dummy = String::from_utf8(vec![7; 16]).unwrap();
        assert!(!passwords.verify(Password::new(dummy), None).await.unwrap());
    }
}
