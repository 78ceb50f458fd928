//! Where a key may be sent: scheme, host and port. A stored key is sealed to
//! its origin and travels nowhere else.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A canonical origin, `https://api.openai.com` or `http://127.0.0.1:11434`.
/// The default port is left out; `localhost` and `[::1]` are written as
/// `127.0.0.1`, because one server answers to all three names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// The origin of a URL; `None` for anything but http and https with a host.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = match url.host()? {
            host if is_this_machine(&host) => "127.0.0.1".to_owned(),
            Host::Domain(name) => name.to_lowercase(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => format!("[{address}]"),
        };
        Some(Self(match url.port() {
            Some(port) => format!("{}://{host}:{port}", url.scheme()),
            None => format!("{}://{host}", url.scheme()),
        }))
    }

    /// An origin read back from where [`Origin::as_str`] was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port as people write them: `api.openai.com`, `127.0.0.1:11434`.
    #[must_use]
    pub fn host_and_port(&self) -> &str {
        self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => *address == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => *address == std::net::Ipv6Addr::LOCALHOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<String> {
        Origin::of(&Url::parse(url).unwrap()).map(|origin| origin.to_string())
    }

    #[test]
    fn one_server_has_one_origin_whatever_its_spelling() {
        for (url, origin) in [
            ("https://api.openai.com/v1", "https://api.openai.com"),
            ("https://API.OpenAI.com:443/v1/", "https://api.openai.com"),
            ("http://localhost:11434", "http://127.0.0.1:11434"),
            ("http://[::1]:11434/v1", "http://127.0.0.1:11434"),
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
            ("http://0x7f000001:80/", "http://127.0.0.1"),
        ] {
            assert_eq!(of(url).as_deref(), Some(origin), "{url}");
        }
    }

    #[test]
    fn scheme_host_and_port_all_tell_origins_apart() {
        assert_ne!(of("https://a.example"), of("http://a.example"));
        assert_ne!(of("https://a.example"), of("https://a.example:8443"));
        assert_ne!(of("https://a.example"), of("https://b.example"));
        assert_eq!(of("ftp://a.example"), None);
    }
}
