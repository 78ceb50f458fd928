//! A base URL, read and normalised: the syntactic half of the guard. What the
//! text says is what the client will do; spellings that two programs could read
//! differently are refused.

use std::net::{IpAddr, Ipv6Addr};

use domain::{Origin, ProviderId};
use http::Uri;
use url::{Host, Url};

use super::problem::EndpointProblem;

/// The longest base URL, in characters.
const MAX_LENGTH: usize = 2_048;

/// A base URL that is well formed. Whether it may be called is decided by
/// [`super::EgressGuard`], again at every use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    provider: ProviderId,
    url: Url,
    base: String,
    origin: Origin,
    /// Provider, scheme and host as typed: whose connections may be shared.
    line: String,
}

impl Endpoint {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub(super) fn parse(provider: ProviderId, text: &str) -> Result<Self, EndpointProblem> {
        let text = if provider == ProviderId::Azure { resource(text) } else { text };
        let url = strict_url(text)?;
        let path = normal_path(provider, &url);
        Self::of(provider, url, &path)
    }

    fn of(provider: ProviderId, mut url: Url, path: &str) -> Result<Self, EndpointProblem> {
        url.set_path(path);
        let origin = Origin::of(&url).ok_or(EndpointProblem::NoScheme)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        let path = url.path().trim_end_matches('/');
        let line = format!("{provider} {}", base.strip_suffix(path).unwrap_or(&base));
        Ok(Self { provider, url, base, origin, line })
    }

    /// The whole URL without a trailing slash: `https://api.openai.com/v1`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Scheme, host and port, canonical.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The provider it was typed for.
    #[must_use]
    pub const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The address of `path` (which begins with a slash) below the base;
    /// `None` when the two make no URL.
    #[must_use]
    pub fn join(&self, path: &str) -> Option<Uri> {
        if !path.starts_with('/') {
            return None;
        }
        format!("{}{path}", self.base).parse().ok()
    }

    /// The same endpoint without a final `/v1`, where local servers keep their
    /// own API.
    #[must_use]
    pub fn without_version(&self) -> Self {
        let path = self.url.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
        Self::of(self.provider, self.url.clone(), &path).unwrap_or_else(|_| self.clone())
    }

    /// Whether the base ends in `/v1`.
    #[must_use]
    pub fn has_version(&self) -> bool {
        self.base.ends_with("/v1")
    }

    /// Host and port as people write them.
    #[must_use]
    pub fn host_and_port(&self) -> &str {
        self.origin.host_and_port()
    }

    /// Names the endpoints that share connections: of one provider, at one
    /// scheme, host and port, with the host as it was typed.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn host(&self) -> Option<Host<&str>> {
        self.url.host()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(0)
    }

    /// The address, when the host is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

/// Parses the URL and refuses every spelling that is not the plain one.
fn strict_url(text: &str) -> Result<Url, EndpointProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(EndpointProblem::Empty);
    }
    if text.chars().count() > MAX_LENGTH {
        return Err(EndpointProblem::TooLong);
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(EndpointProblem::BadCharacter);
    }
    let (scheme, rest) = text.split_once("://").ok_or(EndpointProblem::NoScheme)?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(EndpointProblem::NoScheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(EndpointProblem::UserInfo);
    }
    if rest.contains('#') {
        return Err(EndpointProblem::Fragment);
    }
    if rest.contains('?') {
        return Err(EndpointProblem::Query);
    }
    let host = plain_host(authority)?;
    let url = Url::parse(text).map_err(|_| EndpointProblem::NotAUrl)?;
    compare_host(host, &url)?;
    Ok(url)
}

/// The host as typed; the port is judged on the way.
fn plain_host(authority: &str) -> Result<&str, EndpointProblem> {
    let (host, port) = match authority.rfind(']') {
        Some(_) => match authority.rsplit_once("]:") {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if let Some(port) = port {
        let is_plain = port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port);
        if !is_plain {
            return Err(EndpointProblem::BadPort);
        }
    }
    if host.is_empty() {
        return Err(EndpointProblem::NotAUrl);
    }
    if host.ends_with('.') {
        return Err(EndpointProblem::TrailingDot);
    }
    Ok(host)
}

/// The host must already be what the parser makes of it: `127.1`, `0x7f.1`,
/// full-width digits and percent-encoding all come out changed.
fn compare_host(typed: &str, url: &Url) -> Result<(), EndpointProblem> {
    match url.host() {
        None => Err(EndpointProblem::NotAUrl),
        Some(Host::Ipv4(address)) if address.to_string() == typed => Ok(()),
        Some(Host::Ipv4(address)) => Err(EndpointProblem::unusual_address(address)),
        Some(Host::Ipv6(address)) if is_usual_v6(typed, address) => Ok(()),
        Some(Host::Ipv6(address)) => Err(EndpointProblem::unusual(format!("[{address}]"))),
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case(typed) && !name.is_empty() => Ok(()),
        Some(Host::Domain(name)) => Err(EndpointProblem::unusual(name)),
    }
}

/// The two usual spellings of an IPv6 address: with an embedded IPv4 address in
/// dots, and without.
fn is_usual_v6(typed: &str, address: Ipv6Addr) -> bool {
    // The port, where there is one, took the closing bracket with it.
    let Some(typed) = typed.strip_prefix('[').map(|typed| typed.trim_end_matches(']')) else { return false };
    let plain = Host::<&str>::Ipv6(address).to_string();
    typed.eq_ignore_ascii_case(&address.to_string()) || typed.eq_ignore_ascii_case(plain.trim_matches(['[', ']']))
}

/// An Azure resource, of whichever of its addresses: what begins with `/openai`,
/// the query included, is a part of each path.
fn resource(text: &str) -> &str {
    let begins = |at: &usize| {
        text.get(*at + "/openai".len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    let cut = text.match_indices("/openai").map(|(at, _)| at).find(begins);
    cut.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// What people paste along with a base URL; the longer ones first.
const PASTED: [&str; 6] = ["/chat/completions", "/completions", "/embeddings", "/responses", "/messages", "/models"];

/// The path without what people paste along, and with what they forget.
fn normal_path(provider: ProviderId, url: &Url) -> String {
    let mut path = url.path().trim_end_matches('/');
    let own: &[&str] =
        if provider == ProviderId::Ollama { &["/api/chat", "/api/generate", "/api/tags", "/api"] } else { &[] };
    for pasted in PASTED.iter().chain(own) {
        if let Some(rest) = path.strip_suffix(pasted) {
            path = rest.trim_end_matches('/');
            break;
        }
    }
    if provider == ProviderId::Anthropic {
        // Its version is a part of each path.
        path = path.strip_suffix("/v1").unwrap_or(path);
    }
    if provider == ProviderId::Google {
        // Its version is a part of each path, and its OpenAI layer is not used.
        let versions = ["/v1beta/openai", "/v1beta", "/v1"];
        path = versions.into_iter().find_map(|version| path.strip_suffix(version)).unwrap_or(path);
    }
    if !path.is_empty() {
        return path.to_owned();
    }
    match provider {
        ProviderId::Ollama | ProviderId::LmStudio => "/v1".to_owned(),
        _ => default_path(provider, url).unwrap_or_default(),
    }
}

/// The path of the provider's own base, when the host is the provider's own.
fn default_path(provider: ProviderId, url: &Url) -> Option<String> {
    let default = Url::parse(provider.facts().default_base?).ok()?;
    (default.origin() == url.origin()).then(|| default.path().trim_end_matches('/').to_owned())
}
