//! The origins that are ours: what a browser may name as host and as the page
//! it comes from. A host outside the list is somebody's DNS trick.

use std::net::{IpAddr, SocketAddr};

use app::error::{Code, Error};
use domain::Origin;
use http::HeaderValue;
use url::Url;

/// Our origins, and the name of our cookie.
#[derive(Debug)]
pub struct Origins {
    origins: Vec<Origin>,
    hosts: Vec<String>,
    cookie: String,
    is_https: bool,
}

impl Origins {
    /// The origins of a server with this public URL and listen address.
    #[must_use]
    pub fn new(public_url: &str, listen: SocketAddr) -> Self {
        let port = listen.port();
        let mut urls = vec![
            public_url.to_owned(),
            format!("http://localhost:{port}"),
            format!("http://127.0.0.1:{port}"),
            format!("http://[::1]:{port}"),
        ];
        if !listen.ip().is_unspecified() {
            urls.push(match listen.ip() {
                IpAddr::V4(address) => format!("http://{address}:{port}"),
                IpAddr::V6(address) => format!("http://[{address}]:{port}"),
            });
        }
        let parsed: Vec<Url> = urls.iter().filter_map(|url| Url::parse(url).ok()).collect();
        let hosts = parsed
            .iter()
            .filter_map(|url| {
                let host = url.host_str()?.to_owned();
                Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
            })
            .collect();
        let is_https = public_url.starts_with("https://");
        Self {
            origins: parsed.iter().filter_map(Origin::of).collect(),
            hosts,
            cookie: if is_https { "__Host-ownkey".to_owned() } else { format!("ownkey_{port}") },
            is_https,
        }
    }

    /// The session cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.cookie
    }

    /// The `Set-Cookie` value for a session, or one that removes it.
    #[must_use]
    pub fn set_cookie(&self, secret: Option<&str>, max_age_seconds: u64) -> String {
        self.written(&self.cookie, secret, max_age_seconds)
    }

    fn written(&self, name: &str, secret: Option<&str>, max_age_seconds: u64) -> String {
        let (value, age) = secret.map_or(("", 0), |secret| (secret, max_age_seconds));
        let secure = if self.is_https { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
    }

    /// The name of the cookie of a sign-in that is under way elsewhere.
    #[must_use]
    pub fn journey_cookie_name(&self) -> String {
        format!("{}_journey", self.cookie)
    }

    /// The `Set-Cookie` value for such a sign-in, or one that removes it. It comes
    /// back with whoever is sent here from another site.
    #[must_use]
    pub fn set_journey_cookie(&self, sealed: Option<&str>, max_age_seconds: u64) -> String {
        self.written(&self.journey_cookie_name(), sealed, max_age_seconds)
    }

    /// Whether an `Origin` header names one of ours.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        Url::parse(origin).ok().and_then(|url| Origin::of(&url)).is_some_and(|origin| self.origins.contains(&origin))
    }

    /// Passes when the `Host` header names one of ours.
    ///
    /// # Errors
    /// `misdirected_request`.
    pub fn check_host(&self, host: Option<&HeaderValue>) -> Result<(), Error> {
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or("").to_ascii_lowercase();
        if self.hosts.contains(&host) {
            return Ok(());
        }
        Err(Error::new(
            Code::Misdirected,
            "This server does not answer under that name. Set OWNKEY_PUBLIC_URL to the address people use.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Origins {
        Origins::new("http://127.0.0.1:8000", "127.0.0.1:8000".parse().unwrap())
    }

    #[test]
    fn the_names_of_this_machine_are_ours_and_strangers_are_not() {
        let origins = local();
        for origin in ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"] {
            assert!(origins.contains(origin), "{origin}");
        }
        for origin in ["https://evil.example", "http://127.0.0.1:8001", "http://127.0.0.1", "null", ""] {
            assert!(!origins.contains(origin), "{origin}");
        }
        assert!(origins.check_host(Some(&HeaderValue::from_static("localhost:8000"))).is_ok());
        assert!(origins.check_host(Some(&HeaderValue::from_static("evil.example:8000"))).is_err());
        assert!(origins.check_host(None).is_err());
    }

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let origins = Origins::new("https://keys.example.org", "10.0.0.1:8000".parse().unwrap());
        assert_eq!(
            origins.set_cookie(Some("abc"), 60),
            "__Host-ownkey=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert_eq!(
            origins.set_journey_cookie(Some("abc"), 60),
            "__Host-ownkey_journey=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert_eq!(local().set_cookie(None, 60), "ownkey_8000=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
