//! Where the shared windows are: `redis://` or `rediss://`, as people write it.

use std::fmt;

use redis::RedisConnectionInfo;
use thiserror::Error;
use url::{Host, Url};

const PORT: u16 = 6379;

/// Why an address cannot be used. `Display` follows the name of the setting, and
/// repeats nothing of the address, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no address of a Redis; write redis://host:6379, or rediss://user:password@host:6380/0 for TLS")]
pub struct AddressProblem;

/// The address. Shown without user and password.
#[derive(Clone)]
pub struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
    pub(super) info: RedisConnectionInfo,
    database: i64,
}

impl Address {
    /// Reads `redis[s]://[[user]:password@]host[:port][/database]`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, AddressProblem> {
        let url = Url::parse(text.trim()).map_err(|_| AddressProblem)?;
        let is_tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(AddressProblem),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressProblem);
        }
        let host = match url.host().ok_or(AddressProblem)? {
            Host::Domain(name) if !name.is_empty() => name.to_owned(),
            Host::Domain(_) => return Err(AddressProblem),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let database: i64 = match url.path().trim_matches('/') {
            "" => 0,
            number => number.parse().ok().filter(|number| (0..=65_535).contains(number)).ok_or(AddressProblem)?,
        };
        let decoded = |text: &str| decode(text).ok_or(AddressProblem);
        let mut info = RedisConnectionInfo::default().set_db(database).set_skip_set_lib_name();
        if !url.username().is_empty() {
            info = info.set_username(decoded(url.username())?);
        }
        if let Some(password) = url.password() {
            info = info.set_password(decoded(password)?);
        }
        Ok(Self { host, port: url.port().unwrap_or(PORT), is_tls, info, database })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{}{close}:{}/{}", self.host, self.port, self.database)
    }
}

/// Text with `%XX` in it as it was before.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_password() {
        for (text, shown, user, password) in [
            ("redis://localhost", "redis://localhost:6379/0", None, None),
            ("redis://:s%40fe%2F@10.0.0.5:7000/3", "redis://10.0.0.5:7000/3", None, Some("s@fe/")),
            ("rediss://ann:pa%20ss@cache.example.org", "rediss://cache.example.org:6379/0", Some("ann"), Some("pa ss")),
            ("valkey://[::1]:6380/", "redis://[::1]:6380/0", None, None),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!((address.info.username(), address.info.password()), (user, password), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        for text in [
            "",
            "localhost:6379",
            "http://localhost",
            "redis://",
            "redis://host/x",
            "redis://:%zz@host",
            "redis://h?a=b",
        ] {
            let problem = Address::parse(text).err().map(|problem| problem.to_string());
            assert!(problem.is_some_and(|problem| !problem.contains("zz")), "{text}");
        }
    }
}
