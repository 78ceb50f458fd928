//! The endpoints that may be local: what the operator of the server wrote, and
//! nobody else.

use std::net::{IpAddr, SocketAddr};

use domain::provider::ProviderKind;
use domain::{Origin, ProviderId};
use ipnet::IpNet;
use url::Url;

use super::address::{AddressClass, classify, is_private, is_within};
use super::endpoint::Endpoint;
use super::problem::EndpointProblem;

/// What the variable is called in sentences.
const VARIABLE: &str = "OWNKEY_LOCAL_ENDPOINTS";

/// The variable of whole networks.
const NETWORKS: &str = "OWNKEY_LOCAL_CIDRS";

/// Exact origins that may be loopback or private and may speak plain http.
/// `localhost`, `127.0.0.1` and `[::1]` with one port are one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEndpoints {
    /// For every provider: the list as the operator wrote it.
    listed: Vec<Origin>,
    /// For one provider: the operator's own `*_BASE_URL`.
    of_provider: Vec<(ProviderId, Origin)>,
    /// The provider embedded in this very process (`--demo`).
    embedded: Vec<Origin>,
    /// Private networks, whole.
    networks: Vec<IpNet>,
}

impl Default for LocalEndpoints {
    /// Ollama and LM Studio where they listen unless told otherwise.
    fn default() -> Self {
        let listed = ["http://127.0.0.1:11434", "http://127.0.0.1:1234"];
        let listed = listed.map(|origin| Origin::stored(origin.to_owned())).to_vec();
        Self { listed, ..Self::none() }
    }
}

impl LocalEndpoints {
    /// Nothing local at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { listed: Vec::new(), of_provider: Vec::new(), embedded: Vec::new(), networks: Vec::new() }
    }

    /// Reads a comma-separated list of origins. An empty text is an empty list.
    ///
    /// # Errors
    /// Names the entry that is no origin, and says what it should look like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut list = Self::none();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            list = list.with(Self::origin_of(entry)?);
        }
        Ok(list)
    }

    fn origin_of(entry: &str) -> Result<Origin, String> {
        let endpoint = Endpoint::parse(ProviderId::Custom, entry)
            .map_err(|problem| format!("{VARIABLE} has an entry that cannot be used. {problem}"))?;
        let origin = endpoint.origin().clone();
        if endpoint.base().matches('/').count() > 2 {
            return Err(format!("{VARIABLE} lists origins without a path. Write {origin} instead of the whole URL."));
        }
        if endpoint.address().is_some_and(|address| classify(address) == AddressClass::Denied) {
            let problem = EndpointProblem::AddressDenied { host: endpoint.host_and_port().to_owned() };
            return Err(format!("{VARIABLE} has an entry that cannot be used. {problem}"));
        }
        Ok(origin)
    }

    /// The list with whole private networks, comma-separated, such as
    /// `192.168.1.0/24`. This machine and reserved addresses are never part of it.
    ///
    /// # Errors
    /// Names the entry that is no private network, and says how to write one.
    pub fn with_networks(mut self, text: &str) -> Result<Self, String> {
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let network: IpNet = entry.parse().map_err(|_| {
                format!("{NETWORKS} has the entry “{entry}”, which is no network. Write it like 192.168.1.0/24.")
            })?;
            if network.trunc() != network {
                let whole = network.trunc();
                return Err(format!(
                    "{NETWORKS} has the entry “{entry}”, which is an address within a network. Write {whole}."
                ));
            }
            if !is_private(&network) {
                return Err(format!(
                    "{NETWORKS} has the entry “{entry}”, which is not private as a whole. Give a part of 10.0.0.0/8, \
                     172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or fc00::/7."
                ));
            }
            self.networks.push(network);
        }
        Ok(self)
    }

    /// Whether an address lies in a listed network.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| is_within(address, network))
    }

    /// The list with one origin more, for every provider.
    #[must_use]
    pub fn with(mut self, origin: Origin) -> Self {
        if !self.listed.contains(&origin) {
            self.listed.push(origin);
        }
        self
    }

    /// The list with the provider that runs inside this process, at exactly
    /// this loopback address.
    #[must_use]
    pub fn with_embedded(mut self, address: SocketAddr) -> Self {
        if let Some(origin) = Url::parse(&format!("http://{address}")).ok().as_ref().and_then(Origin::of) {
            self.embedded.push(origin);
        }
        self
    }

    /// Reads a base URL from the operator's own environment (`OLLAMA_HOST`,
    /// `OPENAI_BASE_URL`, …), where a bare host, `0.0.0.0`, a missing scheme or
    /// a missing port mean the provider's usual ones, and lists its origin for
    /// that provider. Returns the whole base URL.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn operator_words(&mut self, provider: ProviderId, text: &str) -> Result<String, EndpointProblem> {
        let endpoint = Endpoint::parse(provider, &completed(provider, text.trim()))?;
        if endpoint.address().is_some_and(|address| classify(address) == AddressClass::Denied) {
            return Err(EndpointProblem::AddressDenied { host: endpoint.host_and_port().to_owned() });
        }
        let entry = (provider, endpoint.origin().clone());
        if !self.of_provider.contains(&entry) {
            self.of_provider.push(entry);
        }
        Ok(endpoint.base().to_owned())
    }

    /// The origins listed for every provider, in order.
    #[must_use]
    pub fn listed(&self) -> &[Origin] {
        &self.listed
    }

    pub(super) fn allows(&self, endpoint: &Endpoint) -> bool {
        let origin = endpoint.origin();
        self.listed.contains(origin)
            || self.embedded.contains(origin)
            || self.of_provider.iter().any(|(provider, listed)| *provider == endpoint.provider() && listed == origin)
    }

    /// The setting that would allow this origin too.
    pub(super) fn line_allowing(&self, origin: &Origin) -> String {
        let all: Vec<_> = self.listed.iter().chain([origin]).map(Origin::as_str).collect();
        format!("{VARIABLE}={}", all.join(","))
    }
}

/// `0.0.0.0`, `:9999`, `box` or `box:9999` as a whole URL; a text that has a
/// scheme keeps its port.
fn completed(provider: ProviderId, text: &str) -> String {
    let is_local = provider.facts().kind == ProviderKind::Local;
    let usual = provider.facts().default_base.and_then(|base| Url::parse(base).ok());
    let usual_port = if is_local { usual.as_ref().and_then(Url::port) } else { None };
    let (scheme, rest, has_scheme) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest, true),
        None => (if is_local { "http" } else { "https" }, text, false),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = if matches!(host, "" | "0.0.0.0" | "[::]" | "*") { "127.0.0.1" } else { host };
    let port = match port {
        Some(port) => format!(":{port}"),
        None if !has_scheme || host == "127.0.0.1" => usual_port.map(|port| format!(":{port}")).unwrap_or_default(),
        None => String::new(),
    };
    format!("{scheme}://{host}{port}{path}")
}
