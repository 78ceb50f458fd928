//! The table against a second reading of the same rules, written with plain
//! number comparisons, and against addresses a person can check by eye.

use proptest::prelude::*;

use super::*;

#[test]
fn addresses_a_person_can_check() {
    for (address, class) in [
        ("127.0.0.1", AddressClass::Loopback),
        ("127.255.255.254", AddressClass::Loopback),
        ("::1", AddressClass::Loopback),
        ("::ffff:127.0.0.1", AddressClass::Loopback),
        ("64:ff9b::7f00:1", AddressClass::Loopback),
        ("10.1.2.3", AddressClass::Private),
        ("172.16.0.1", AddressClass::Private),
        ("172.32.0.1", AddressClass::Public),
        ("192.168.1.1", AddressClass::Private),
        ("100.64.0.1", AddressClass::Private),
        ("100.100.100.200", AddressClass::Denied),
        ("fc00::1", AddressClass::Private),
        ("fd12:3456::1", AddressClass::Private),
        ("fd00:ec2::254", AddressClass::Denied),
        ("fd20:ce::254", AddressClass::Denied),
        ("0.0.0.0", AddressClass::Denied),
        ("0.1.2.3", AddressClass::Denied),
        ("169.254.169.254", AddressClass::Denied),
        ("::ffff:169.254.169.254", AddressClass::Denied),
        ("168.63.129.16", AddressClass::Denied),
        ("255.255.255.255", AddressClass::Denied),
        ("240.0.0.1", AddressClass::Denied),
        ("224.0.0.1", AddressClass::Denied),
        ("::", AddressClass::Denied),
        ("::7f00:1", AddressClass::Denied),
        ("64:ff9b:1::1", AddressClass::Denied),
        ("2001:db8::1", AddressClass::Denied),
        ("2002:7f00:1::", AddressClass::Denied),
        ("fe80::1", AddressClass::Denied),
        ("fec0::1", AddressClass::Denied),
        ("ff02::1", AddressClass::Denied),
        ("4000::1", AddressClass::Denied),
        ("8.8.8.8", AddressClass::Public),
        ("::ffff:8.8.8.8", AddressClass::Public),
        ("2606:4700::6810:84e5", AddressClass::Public),
    ] {
        assert_eq!(classify(address.parse().unwrap()), class, "{address}");
    }
}

/// The same rules as numbers.
pub(in crate::egress) fn reference_v4(address: u32) -> AddressClass {
    match address {
        0x6464_64c8 | 0xa83f_8110 => AddressClass::Denied,
        0x7f00_0000..=0x7fff_ffff => AddressClass::Loopback,
        0x0a00_0000..=0x0aff_ffff
        | 0xac10_0000..=0xac1f_ffff
        | 0xc0a8_0000..=0xc0a8_ffff
        | 0x6440_0000..=0x647f_ffff => AddressClass::Private,
        0..=0x00ff_ffff
        | 0xa9fe_0000..=0xa9fe_ffff
        | 0xc000_0000..=0xc000_00ff
        | 0xc000_0200..=0xc000_02ff
        | 0xc058_6300..=0xc058_63ff
        | 0xc612_0000..=0xc613_ffff
        | 0xc633_6400..=0xc633_64ff
        | 0xcb00_7100..=0xcb00_71ff
        | 0xe000_0000..=0xffff_ffff => AddressClass::Denied,
        _ => AddressClass::Public,
    }
}

pub(in crate::egress) fn reference_v6(address: u128) -> AddressClass {
    let top = |bits: u32| address >> (128 - bits);
    let low = u32::try_from(address & 0xffff_ffff).unwrap();
    if top(96) == 0xffff || top(96) == 0x0064_ff9b << 64 {
        return reference_v4(low);
    }
    if address == 1 {
        return AddressClass::Loopback;
    }
    if top(32) == 0xfd00_0ec2 || top(32) == 0xfd20_00ce {
        return AddressClass::Denied;
    }
    if top(7) == 0xfc >> 1 {
        return AddressClass::Private;
    }
    let is_reserved = top(23) == 0x2001_0000 >> 9 || top(32) == 0x2001_0db8 || top(16) == 0x2002 || top(20) == 0x3fff0;
    if top(3) == 1 && !is_reserved { AddressClass::Public } else { AddressClass::Denied }
}

/// Any address, and often one close to an edge of the table.
fn interesting_v6() -> impl Strategy<Value = u128> {
    let edges: Vec<u128> = V6
        .iter()
        .map(|(net, _)| net)
        .chain(&EMBEDDED_V4)
        .flat_map(|net| [u128::from(net.network()), u128::from(net.broadcast())])
        .collect();
    prop_oneof![
        any::<u128>(),
        (proptest::sample::select(edges), -2_i8..=2)
            .prop_map(|(edge, step)| edge.wrapping_add_signed(i128::from(step))),
        any::<u32>().prop_map(|low| 0xffff_0000_0000 | u128::from(low)),
        any::<u32>().prop_map(|low| (0x0064_ff9b << 96) | u128::from(low)),
    ]
}

fn interesting_v4() -> impl Strategy<Value = u32> {
    let edges: Vec<u32> =
        V4.iter().flat_map(|(net, _)| [u32::from(net.network()), u32::from(net.broadcast())]).collect();
    prop_oneof![
        any::<u32>(),
        (proptest::sample::select(edges), -2_i8..=2).prop_map(|(edge, step)| edge.wrapping_add_signed(i32::from(step))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_agrees_with_the_second_reading_on_ipv4(address in interesting_v4()) {
        prop_assert_eq!(classify(IpAddr::V4(address.into())), reference_v4(address));
    }

    #[test]
    fn the_table_agrees_with_the_second_reading_on_ipv6(address in interesting_v6()) {
        prop_assert_eq!(classify(IpAddr::V6(address.into())), reference_v6(address));
    }
}
