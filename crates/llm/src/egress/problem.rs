//! Why an endpoint is refused, in sentences for the person who typed it. They
//! name host and port only: the rest of a URL may hold a secret.

use std::net::IpAddr;

use super::address::AddressClass;

/// Why an endpoint may not be used. `Display` is a full sentence: what, why,
/// what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointProblem {
    /// Nothing was typed.
    #[error("The base URL is empty. Write it in full, such as https://api.example.com/v1.")]
    Empty,
    /// Longer than any URL has to be.
    #[error("The base URL is longer than 2,048 characters. Write only scheme, host, port and path.")]
    TooLong,
    /// Blanks, control characters and backslashes are read differently by
    /// different programs.
    #[error("The base URL contains a blank, a backslash or a control character. Remove it and try again.")]
    BadCharacter,
    /// No scheme, or one that is not HTTP.
    #[error("The base URL must begin with https:// so that we know how to reach it. Write it in full.")]
    NoScheme,
    /// A name or password before the host.
    #[error(
        "The base URL contains a user name or password (something@host), which would be stored in the clear. \
         Leave it out and give the key as the key."
    )]
    UserInfo,
    /// A `?` part.
    #[error(
        "The base URL contains a query (?…), which would be sent with every call. Leave it out; keys do not belong there."
    )]
    Query,
    /// A `#` part.
    #[error("The base URL contains a fragment (#…), which is never sent. Leave it out.")]
    Fragment,
    /// The parser found no URL in it.
    #[error("The base URL cannot be read as a URL. Write it in full, such as https://api.example.com/v1.")]
    NotAUrl,
    /// A dot at the end of the host.
    #[error("The host of the base URL ends in a dot, which makes it another name for the same server. Leave it out.")]
    TrailingDot,
    /// An address or name in an unusual spelling.
    #[error("The host of the base URL is written in an unusual way. Write it as {canonical}.")]
    UnusualHost {
        /// How to write it.
        canonical: String,
    },
    /// Port 0, or no number.
    #[error("The port of the base URL is not a port between 1 and 65535. Correct it or leave it out.")]
    BadPort,
    /// A port where other protocols listen.
    #[error(
        "Port {port} belongs to another protocol, not to a model server, so calls to it are refused. \
         Run the server on another port."
    )]
    PortDenied {
        /// The port.
        port: u16,
    },
    /// This very server.
    #[error("{host} is this server itself, so calls would run in a circle. Give the provider's own address.")]
    OwnListener {
        /// Host and port.
        host: String,
    },
    /// Plain http to somewhere unlisted.
    #[error(
        "{host} would be called over plain http, where anyone on the way can read the key. Use https://, or, \
         if it is your own server, have the operator set {line}"
    )]
    PlainHttp {
        /// Host and port.
        host: String,
        /// The setting that would allow it.
        line: String,
    },
    /// Loopback or private, and not listed.
    #[error(
        "{host} is {place}, and Ownkey calls such addresses only when the server's operator lists them. \
         To allow it, start Ownkey with {line}"
    )]
    NotListed {
        /// Host and port.
        host: String,
        /// `this machine` or `a private network address`.
        place: &'static str,
        /// The setting that would allow it.
        line: String,
    },
    /// An address nothing may be sent to.
    #[error(
        "{host} leads to an address that is reserved for other purposes, such as cloud metadata, so keys are never \
         sent there. Give the provider's public address."
    )]
    AddressDenied {
        /// Host and port.
        host: String,
    },
    /// No address for this name.
    #[error("The name {host} could not be found. Check its spelling and this server's network.")]
    NameNotFound {
        /// Host and port.
        host: String,
    },
    /// Found, but no connection came about.
    #[error("No connection to {host} could be made. Check that the server is running and reachable from here.")]
    NotReached {
        /// Host and port.
        host: String,
    },
    /// Connected to someone else than asked.
    #[error("The connection to {host} ended at another address than the one that was checked, so it was closed.")]
    WrongPeer {
        /// Host and port.
        host: String,
    },
}

impl EndpointProblem {
    /// Whether the endpoint is against the rules; else the rules allow it and
    /// the network did not get there.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::NameNotFound { .. } | Self::NotReached { .. })
    }

    /// The problem of an address of this class that is not on the list.
    pub(super) fn of_class(class: AddressClass, host: &str, line: String) -> Self {
        let host = host.to_owned();
        match class {
            AddressClass::Loopback => Self::NotListed { host, place: "an address of this machine", line },
            AddressClass::Private => Self::NotListed { host, place: "an address of a private network", line },
            AddressClass::Denied | AddressClass::Public => Self::AddressDenied { host },
        }
    }

    pub(super) fn unusual(canonical: impl Into<String>) -> Self {
        Self::UnusualHost { canonical: canonical.into() }
    }

    pub(super) fn unusual_address(address: impl Into<IpAddr>) -> Self {
        Self::unusual(address.into().to_string())
    }
}
