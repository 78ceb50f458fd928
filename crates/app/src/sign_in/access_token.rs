//! Access tokens: a signed pointer to a session row, in the form clients know
//! as a JWT (RFC 7519, HS256). The row decides whether it is still valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use domain::ids::{SessionId, UserId};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

/// The only header ever issued or accepted, compared as bytes.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[derive(Deserialize)]
struct Claims {
    sid: SessionId,
}

/// A token that points to `session`.
#[must_use]
pub(crate) fn issue(key: &[u8; 32], user: UserId, session: SessionId, expires_at: Timestamp) -> String {
    let claims = json!({"sub": user, "sid": session, "exp": expires_at.as_seconds()}).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
    let signature = mac(key, &signed).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The session that `token` points to, when we signed it.
#[must_use]
pub(crate) fn session_of(key: &[u8; 32], token: &str) -> Option<SessionId> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    if header != URL_SAFE_NO_PAD.encode(HEADER) {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(key, signed)?.verify_slice(&signature).ok()?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.sid)
}

fn mac(key: &[u8; 32], signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const KEY: [u8; 32] = [1; 32];

    fn token() -> String {
        issue(&KEY, UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)), Timestamp::from_seconds(3))
    }

    #[test]
    fn a_token_leads_back_to_its_session() {
        assert_eq!(session_of(&KEY, &token()), Some(SessionId(Uuid::from_u128(2))));
    }

    #[test]
    fn a_changed_token_another_key_and_another_algorithm_lead_nowhere() {
        let token = token();
        assert_eq!(session_of(&[2; 32], &token), None);
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for forged in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}A.{}", parts[0], parts[1], parts[2]),
            "..".to_owned(),
            String::new(),
        ] {
            assert_eq!(session_of(&KEY, &forged), None, "{forged}");
        }
    }
}
