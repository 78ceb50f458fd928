//! What has to be remembered while somebody is at the provider: sealed into a
//! cookie of the browser that began, and good for ten minutes.

use std::time::Duration;

use domain::ids::SessionId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::vault::fernet;
use url::Url;

use crate::App;

/// How long somebody may take.
pub const LIFE: Duration = Duration::from_secs(10 * 60);

/// Binds the key to this one use.
const PURPOSE: &[u8] = b"ownkey: a sign-in under way, 1";

/// The longest address of our own that somebody is led back to, in bytes.
const MAX_NEXT: usize = 512;

/// A sign-in under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Voyage {
    /// Comes back in the address.
    pub(super) state: String,
    /// Comes back in the ID token.
    pub(super) nonce: String,
    /// Shown with the code, and never to the provider's page.
    pub(super) verifier: String,
    /// To whom they went.
    pub(super) issuer: String,
    /// When, in seconds since the epoch.
    pub(super) began: i64,
    /// The session that proves itself again; `None`: a sign-in.
    pub(super) session: Option<SessionId>,
    /// Where they go on.
    pub(super) next: String,
}

impl Voyage {
    /// As it is kept in the browser.
    pub(super) fn sealed(&self, app: &App) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        fernet::seal(&key(app), &plain, seconds(app), app.entropy.bytes())
    }

    /// Read back; `None` for anything that this server did not seal within the
    /// last ten minutes.
    pub(super) fn opened(app: &App, cookie: &str) -> Option<Self> {
        let plain = fernet::open_within(&key(app), cookie, seconds(app), LIFE.as_secs()).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn seconds(app: &App) -> u64 {
    u64::try_from(app.clock.now().as_seconds()).unwrap_or_default()
}

/// The same on all nodes, and gone when nobody can open the server's secrets.
fn key(app: &App) -> fernet::Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(app.store.server_secrets().access_token())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(PURPOSE);
    mac.finalize().into_bytes().into()
}

/// `next` where it is a page of ours, else the first page: nobody is sent
/// elsewhere.
pub(super) fn own_page(next: &str) -> &str {
    let base = Url::parse("http://own.invalid/");
    let joined = base.as_ref().ok().and_then(|base| base.join(next).ok());
    let is_ours = next.starts_with('/')
        && next.len() <= MAX_NEXT
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !next.starts_with("//")
        && joined.is_some_and(|url| base.is_ok_and(|base| url.origin() == base.origin()));
    if is_ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for ours in ["/", "/keys", "/keys?provider=openai&q=a%20b#top"] {
            assert_eq!(own_page(ours), ours);
        }
        for elsewhere in [
            "",
            "keys",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/keys\r\nset-cookie: a=b",
            "/ümlaut",
            "/x\u{0}",
        ] {
            assert_eq!(own_page(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(own_page(&format!("/{}", "a".repeat(MAX_NEXT))), "/");
    }
}
