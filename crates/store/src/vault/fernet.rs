//! Fernet, strictly: version 0x80, AES-128-CBC with PKCS#7, HMAC-SHA256 over
//! everything before it, URL-safe base64 in its one canonical, padded form.
//! Specification: <https://github.com/fernet/spec/blob/master/Spec.md>.

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

const VERSION: u8 = 0x80;
const HEADER_BYTES: usize = 1 + 8 + 16;
const BLOCK_BYTES: usize = 16;
const MAC_BYTES: usize = 32;
/// How far a clock may be ahead of ours, in seconds.
const CLOCK_SKEW_SECONDS: u64 = 60;

/// A 32-byte key: 16 bytes that sign, then 16 that encrypt.
pub type Key = [u8; 32];

/// The token is not one that this key made. Deliberately says no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a valid Fernet token under this key")]
pub struct Invalid;

/// HMAC-SHA256 of the parts, one after another.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; MAC_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Seals `plain` at `seconds` since the epoch. `iv` must be random.
#[must_use]
pub fn seal(key: &Key, plain: &[u8], seconds: u64, iv: [u8; 16]) -> String {
    let (signing, encryption) = halves(key);
    let body = cbc::Encryptor::<Aes128>::new(encryption.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain);
    let mut token = Vec::with_capacity(HEADER_BYTES + body.len() + MAC_BYTES);
    token.push(VERSION);
    token.extend_from_slice(&seconds.to_be_bytes());
    token.extend_from_slice(&iv);
    token.extend_from_slice(&body);
    let mac = hmac_sha256(signing, &[&token]);
    token.extend_from_slice(&mac);
    URL_SAFE.encode(token)
}

/// Opens a token of any age: stored secrets do not age.
///
/// # Errors
/// [`Invalid`] for everything that [`seal`] under this key did not write.
pub fn open(key: &Key, token: &str) -> Result<Zeroizing<Vec<u8>>, Invalid> {
    read(key, token).map(|(_, plain)| plain)
}

/// Opens a token made at most `ttl` seconds before `now`, both in seconds.
///
/// # Errors
/// [`Invalid`] as [`open`], and for tokens that are too old or from the future.
pub fn open_within(key: &Key, token: &str, now: u64, ttl: u64) -> Result<Zeroizing<Vec<u8>>, Invalid> {
    let (made, plain) = read(key, token)?;
    let is_too_old = made.saturating_add(ttl) < now;
    let is_from_the_future = made > now.saturating_add(CLOCK_SKEW_SECONDS);
    if is_too_old || is_from_the_future { Err(Invalid) } else { Ok(plain) }
}

/// When a token was made, in seconds, and what it holds.
pub(super) fn read(key: &Key, token: &str) -> Result<(u64, Zeroizing<Vec<u8>>), Invalid> {
    let (signing, encryption) = halves(key);
    let bytes = URL_SAFE.decode(token).map_err(|_| Invalid)?;
    let (signed, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(Invalid)?;
    let expected = hmac_sha256(signing, &[signed]);
    if !bool::from(expected.ct_eq(mac)) {
        return Err(Invalid);
    }
    let (version, rest) = signed.split_first().ok_or(Invalid)?;
    let (made, rest) = rest.split_first_chunk::<8>().ok_or(Invalid)?;
    let (iv, body) = rest.split_first_chunk::<16>().ok_or(Invalid)?;
    if *version != VERSION || body.is_empty() || !body.len().is_multiple_of(BLOCK_BYTES) {
        return Err(Invalid);
    }
    let plain = cbc::Decryptor::<Aes128>::new(encryption.into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(body)
        .map_err(|_| Invalid)?;
    Ok((u64::from_be_bytes(*made), Zeroizing::new(plain)))
}

/// The signing half and the encrypting half.
fn halves(key: &Key) -> (&[u8; 16], &[u8; 16]) {
    let (signing, encryption) = key.split_at(16);
    match (signing.first_chunk(), encryption.first_chunk()) {
        (Some(signing), Some(encryption)) => (signing, encryption),
        _ => unreachable!("a key has 32 bytes"),
    }
}

#[cfg(test)]
mod tests;
