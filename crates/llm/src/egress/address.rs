//! What an IP address is to us: somewhere a key may go, or not. The table is
//! data; the operating system's own notions (`is_private`, `is_loopback`) miss
//! embedded and reserved ranges and are not asked.
//!
//! Source: the IANA special-purpose registries for IPv4 and IPv6, and the
//! metadata addresses of the large clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What an address is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// Reserved, link-local, multicast, metadata: never, whatever is listed.
    Denied,
    /// This machine: only through the local-endpoint list.
    Loopback,
    /// A private network: only through the local-endpoint list.
    Private,
    /// The internet.
    Public,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// IPv4, the first row that contains an address decides; none: public.
static V4: [(Ipv4Net, AddressClass); 17] = [
    (v4(100, 100, 100, 200, 32), AddressClass::Denied), // Alibaba Cloud metadata, inside 100.64/10
    (v4(168, 63, 129, 16, 32), AddressClass::Denied),   // Azure wire server
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::Private), // carrier-grade NAT
    (v4(0, 0, 0, 0, 8), AddressClass::Denied),      // 0.0.0.0 reaches this machine
    (v4(169, 254, 0, 0, 16), AddressClass::Denied), // link-local, metadata
    (v4(192, 0, 0, 0, 24), AddressClass::Denied),
    (v4(192, 0, 2, 0, 24), AddressClass::Denied),
    (v4(192, 88, 99, 0, 24), AddressClass::Denied),
    (v4(198, 18, 0, 0, 15), AddressClass::Denied),
    (v4(198, 51, 100, 0, 24), AddressClass::Denied),
    (v4(203, 0, 113, 0, 24), AddressClass::Denied),
    (v4(224, 0, 0, 0, 4), AddressClass::Denied), // multicast
    (v4(240, 0, 0, 0, 4), AddressClass::Denied), // reserved, broadcast
];

/// Ranges whose last 32 bits are an IPv4 address that the packet ends up at.
static EMBEDDED_V4: [Ipv6Net; 2] = [
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96),    // IPv4-mapped
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), // NAT64
];

/// IPv6, the first row that contains an address decides; none: denied.
static V6: [(Ipv6Net, AddressClass); 18] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), AddressClass::Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), AddressClass::Denied), // unspecified, IPv4-compatible
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), AddressClass::Denied), // local-use NAT64
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), AddressClass::Denied), // discard
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), AddressClass::Denied), // Teredo and protocol assignments
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), AddressClass::Denied),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), AddressClass::Denied), // 6to4
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), AddressClass::Denied),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), AddressClass::Denied),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), AddressClass::Denied), // AWS metadata
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0], 32), AddressClass::Denied),  // Google Cloud metadata
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), AddressClass::Denied),     // link-local
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), AddressClass::Denied),     // site-local, deprecated
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), AddressClass::Denied),      // multicast
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), AddressClass::Private),     // unique local
    (v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2), AddressClass::Denied),      // unassigned
    (v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1), AddressClass::Denied),      // unassigned
    (v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), AddressClass::Public),
];

/// What this address is to us. An IPv6 address that carries an IPv4 address is
/// judged by the one it carries.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => classify_v4(inner),
            None => first(&V6, |range| range.contains(&address)).unwrap_or(AddressClass::Denied),
        },
    }
}

/// Whether a network holds nothing but private addresses.
pub(super) fn is_private(network: &IpNet) -> bool {
    let within_v4 =
        |network: &Ipv4Net| V4.iter().any(|(range, class)| *class == AddressClass::Private && range.contains(network));
    let within_v6 =
        |network: &Ipv6Net| V6.iter().any(|(range, class)| *class == AddressClass::Private && range.contains(network));
    match network {
        IpNet::V4(network) => within_v4(network),
        IpNet::V6(network) => within_v6(network),
    }
}

/// Whether a packet to `address` ends up in `network`.
pub(super) fn is_within(address: IpAddr, network: &IpNet) -> bool {
    match address {
        IpAddr::V4(_) => network.contains(&address),
        IpAddr::V6(v6) => network.contains(&embedded_v4(v6).map_or(address, IpAddr::V4)),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    first(&V4, |range| range.contains(&address)).unwrap_or(AddressClass::Public)
}

fn first<Range>(table: &[(Range, AddressClass)], contains: impl Fn(&Range) -> bool) -> Option<AddressClass> {
    table.iter().find(|(range, _)| contains(range)).map(|(_, class)| *class)
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    EMBEDDED_V4.iter().any(|range| range.contains(&address)).then(|| Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
pub(super) mod tests;
