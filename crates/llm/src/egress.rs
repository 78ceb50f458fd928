//! The one guard on the way out. It is asked when an endpoint is saved, when a
//! key is checked and when a call is made, and it makes every connection: the
//! address that was classified is the address that is connected to.
//!
//! There is no redirect, no proxy and no switch that opens it; loopback and
//! private addresses are reached through the operator's lists alone.

pub mod address;
mod connect;
pub mod endpoint;
pub mod local;
pub mod problem;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Origin, ProviderId};
use tokio::net::TcpStream;
use url::Host;

pub use address::{AddressClass, classify};
pub use endpoint::Endpoint;
pub use local::LocalEndpoints;
pub use problem::EndpointProblem;

/// The answer of a name look-up, still to come.
pub type LookupAnswer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Turns a host name and a port into addresses. The real one asks the operating
/// system; tests script it.
pub type Lookup = Arc<dyn Fn(String, u16) -> LookupAnswer + Send + Sync>;

/// A connection, still to come.
pub type DialAnswer = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// Connects to an address that was classified. The real one opens a socket to it
/// and to no other; tests script it.
pub type Dial = Arc<dyn Fn(SocketAddr) -> DialAnswer + Send + Sync>;

/// Ports below the ephemeral range where something else than HTTP listens.
const DENIED_PORTS: [u16; 51] = [
    1, 7, 9, 11, 13, 19, 20, 21, 22, 23, 25, 37, 43, 53, 69, 79, 110, 111, 113, 119, 123, 135, 137, 139, 143, 161, 179,
    389, 445, 465, 512, 513, 514, 515, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2375, 2379, 3306, 3389, 5432, 5672,
    6379, 11211, 27017,
];

/// The most addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// The rules in force. Cheap to clone; all clones follow one list.
#[derive(Clone)]
pub struct EgressGuard {
    policy: Arc<RwLock<Arc<Policy>>>,
    lookup: Lookup,
    dial: Dial,
}

struct Policy {
    version: u64,
    local: LocalEndpoints,
    own_listeners: Vec<SocketAddr>,
}

impl fmt::Debug for EgressGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressGuard").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl EgressGuard {
    /// Rules with this list of local endpoints. `own_listeners` are refused
    /// always: this server, and what it keeps its data in.
    #[must_use]
    pub fn new(local: LocalEndpoints, own_listeners: Vec<SocketAddr>) -> Self {
        Self::with_lookup(local, own_listeners, Arc::new(ask_the_system))
    }

    /// The same with another way to look up names.
    #[must_use]
    pub fn with_lookup(local: LocalEndpoints, own_listeners: Vec<SocketAddr>, lookup: Lookup) -> Self {
        Self::with_network(local, own_listeners, lookup, Arc::new(connect::dial))
    }

    /// The same with another way to connect.
    #[must_use]
    pub fn with_network(local: LocalEndpoints, own_listeners: Vec<SocketAddr>, lookup: Lookup, dial: Dial) -> Self {
        let policy = Policy { version: 1, local, own_listeners };
        Self { policy: Arc::new(RwLock::new(Arc::new(policy))), lookup, dial }
    }

    /// The rules for an address that came with a request: https to public
    /// addresses, whatever the operator listed for providers.
    #[must_use]
    pub fn public_only(&self) -> Self {
        self.with_local(LocalEndpoints::none())
    }

    /// The rules for a service that the operator named: as for an address that
    /// came with a request, but this one origin may be on this network.
    #[must_use]
    pub fn only(&self, named: &Origin) -> Self {
        self.with_local(LocalEndpoints::none().with(named.clone()))
    }

    fn with_local(&self, local: LocalEndpoints) -> Self {
        let policy = self.policy();
        let public = Policy { version: policy.version, local, own_listeners: policy.own_listeners.clone() };
        Self {
            policy: Arc::new(RwLock::new(Arc::new(public))),
            lookup: Arc::clone(&self.lookup),
            dial: Arc::clone(&self.dial),
        }
    }

    /// Puts another list in force for all clones. Pooled connections made under
    /// the old one are not used again.
    pub fn replace(&self, local: LocalEndpoints, own_listeners: Vec<SocketAddr>) {
        let mut policy = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        *policy = Arc::new(Policy { version: policy.version + 1, local, own_listeners });
    }

    /// Counts the changes of the rules.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.policy().version
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads a base URL once, for one who has it judged by
    /// [`EgressGuard::admit`] before each use.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn read(provider: ProviderId, text: &str) -> Result<Endpoint, EndpointProblem> {
        Endpoint::parse(provider, text)
    }

    /// Reads a base URL and judges all that can be judged without the network.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn check_literal(&self, provider: ProviderId, text: &str) -> Result<Endpoint, EndpointProblem> {
        let endpoint = Endpoint::parse(provider, text)?;
        self.admit(&endpoint)?;
        Ok(endpoint)
    }

    /// Judges an endpoint again, under the rules of now.
    ///
    /// # Errors
    /// As [`EgressGuard::check_literal`].
    pub fn admit(&self, endpoint: &Endpoint) -> Result<(), EndpointProblem> {
        self.policy().admit(endpoint)
    }

    /// Whether it is the operator's list that lets this endpoint be reached: a
    /// server that everybody here may share.
    #[must_use]
    pub fn is_local(&self, endpoint: &Endpoint) -> bool {
        let policy = self.policy();
        policy.local.allows(endpoint) || endpoint.address().is_some_and(|address| policy.is_in_listed_network(address))
    }

    /// Whether this endpoint lies out in the world, by every address it has now.
    ///
    /// # Errors
    /// As [`EgressGuard::resolve`].
    pub async fn is_public(&self, endpoint: &Endpoint) -> Result<bool, EndpointProblem> {
        let addresses = self.resolve(endpoint).await?;
        let is_outside = |address: &SocketAddr| classify(address.ip()) == AddressClass::Public;
        Ok(!self.is_local(endpoint) && addresses.iter().all(is_outside))
    }

    /// The addresses that may be connected to. All answers of the name must
    /// pass; one bad address fails the host.
    ///
    /// # Errors
    /// The refusal, or that the name was not found.
    pub async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, EndpointProblem> {
        let policy = self.policy();
        policy.admit(endpoint)?;
        let addresses = self.addresses_of(endpoint).await?;
        for address in &addresses {
            policy.admit_address(endpoint, *address)?;
        }
        Ok(addresses)
    }

    async fn addresses_of(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, EndpointProblem> {
        let port = endpoint.port();
        let literal = |address: IpAddr| vec![SocketAddr::new(address, port)];
        let not_found = || EndpointProblem::NameNotFound { host: endpoint.host_and_port().to_owned() };
        if is_this_machine(endpoint) {
            // One server answers to all three names, on either family.
            return Ok([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                .map(|address| SocketAddr::new(address, port))
                .to_vec());
        }
        let mut addresses = match endpoint.host().ok_or_else(not_found)? {
            Host::Ipv4(address) => literal(address.into()),
            Host::Ipv6(address) => literal(address.into()),
            Host::Domain(name) => (self.lookup)(name.to_owned(), port).await.map_err(|_| not_found())?,
        };
        addresses.iter_mut().for_each(|address| address.set_port(port));
        if addresses.is_empty() || addresses.len() > MAX_ADDRESSES {
            return Err(not_found());
        }
        Ok(addresses)
    }
}

impl Policy {
    fn admit(&self, endpoint: &Endpoint) -> Result<(), EndpointProblem> {
        let port = endpoint.port();
        if DENIED_PORTS.contains(&port) {
            return Err(EndpointProblem::PortDenied { port });
        }
        if is_this_machine(endpoint) {
            for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
                self.admit_address(endpoint, SocketAddr::new(address, port))?;
            }
        } else if let Some(address) = endpoint.address() {
            self.admit_address(endpoint, SocketAddr::new(address, port))?;
        } else if is_name_of_this_machine(endpoint) && !self.local.allows(endpoint) {
            return Err(self.problem(AddressClass::Loopback, endpoint));
        }
        // A name over plain http would be whatever its look-up says: it has to be listed itself.
        let is_in_network = endpoint.address().is_some_and(|address| self.is_in_listed_network(address));
        if !endpoint.is_https() && !self.local.allows(endpoint) && !is_in_network {
            let line = self.local.line_allowing(endpoint.origin());
            return Err(EndpointProblem::PlainHttp { host: endpoint.host_and_port().to_owned(), line });
        }
        Ok(())
    }

    fn admit_address(&self, endpoint: &Endpoint, address: SocketAddr) -> Result<(), EndpointProblem> {
        if self.own_listeners.iter().any(|own| is_own(*own, address)) {
            return Err(EndpointProblem::OwnListener { host: endpoint.host_and_port().to_owned() });
        }
        match classify(address.ip()) {
            AddressClass::Public => Ok(()),
            AddressClass::Loopback | AddressClass::Private if self.local.allows(endpoint) => Ok(()),
            AddressClass::Private if self.is_in_listed_network(address.ip()) => Ok(()),
            class => Err(self.problem(class, endpoint)),
        }
    }

    /// The whole networks that the operator listed hold private addresses only.
    fn is_in_listed_network(&self, address: IpAddr) -> bool {
        classify(address) == AddressClass::Private && self.local.holds(address)
    }

    fn problem(&self, class: AddressClass, endpoint: &Endpoint) -> EndpointProblem {
        EndpointProblem::of_class(class, endpoint.host_and_port(), self.local.line_allowing(endpoint.origin()))
    }
}

/// Whether connecting to `address` would reach the listener `own`. A listener
/// on all addresses is reached through any loopback address.
fn is_own(own: SocketAddr, address: SocketAddr) -> bool {
    let (own_ip, ip) = (own.ip().to_canonical(), address.ip().to_canonical());
    own.port() == address.port()
        && (own_ip == ip || (own_ip.is_unspecified() && classify(ip) == AddressClass::Loopback))
}

/// `localhost`, `127.0.0.1` and `[::1]`, which are one origin.
fn is_this_machine(endpoint: &Endpoint) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// Names that mean this machine by convention (RFC 6761).
fn is_name_of_this_machine(endpoint: &Endpoint) -> bool {
    matches!(endpoint.host(), Some(Host::Domain(name)) if name.ends_with(".localhost"))
}

#[expect(clippy::disallowed_methods, reason = "this is the place where names are looked up, before classification")]
fn ask_the_system(host: String, port: u16) -> LookupAnswer {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}

#[cfg(test)]
pub(crate) mod tests;
