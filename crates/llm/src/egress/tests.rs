//! Which texts are endpoints, and which endpoints may be called.

use std::sync::Mutex;

use domain::ProviderId;
use proptest::prelude::*;

use super::address::tests::{reference_v4, reference_v6};
use super::*;

fn guard() -> EgressGuard {
    let own = vec!["127.0.0.1:8000".parse().unwrap(), "0.0.0.0:8001".parse().unwrap()];
    let local = LocalEndpoints::parse(
        "http://127.0.0.1:11434, http://127.0.0.1:1234, http://192.168.1.5:8080, http://gpu.lan:9000, \
         http://127.0.0.1:8000, http://127.0.0.1:5432",
    );
    EgressGuard::new(local.unwrap(), own)
}

fn check(text: &str) -> Result<String, EndpointProblem> {
    guard().check_literal(ProviderId::Custom, text).map(|endpoint| endpoint.base().to_owned())
}

/// The word that stands for a problem in the corpus.
fn verdict(text: &str) -> &'static str {
    match check(text) {
        Ok(_) => "ok",
        Err(EndpointProblem::Empty | EndpointProblem::NotAUrl | EndpointProblem::TooLong) => "unreadable",
        Err(EndpointProblem::BadCharacter) => "character",
        Err(EndpointProblem::NoScheme) => "scheme",
        Err(EndpointProblem::UserInfo) => "user",
        Err(EndpointProblem::Query | EndpointProblem::Fragment) => "query",
        Err(EndpointProblem::TrailingDot | EndpointProblem::UnusualHost { .. }) => "spelling",
        Err(EndpointProblem::BadPort | EndpointProblem::PortDenied { .. }) => "port",
        Err(EndpointProblem::OwnListener { .. }) => "own",
        Err(EndpointProblem::PlainHttp { .. }) => "http",
        Err(EndpointProblem::NotListed { .. }) => "unlisted",
        Err(EndpointProblem::AddressDenied { .. }) => "denied",
        Err(_) => "network",
    }
}

/// Spellings of base URLs, and the word for what becomes of them.
const CORPUS: &[(&str, &str)] = &[
    ("https://api.openai.com/v1", "ok"),
    ("  https://API.OpenAI.com:443/v1/ \n", "ok"),
    ("https://8.8.8.8/v1", "ok"),
    ("https://[2606:4700::6810:84e5]/v1", "ok"),
    ("https://[::ffff:8.8.8.8]/v1", "ok"),
    ("http://127.0.0.1:11434", "ok"),
    ("http://localhost:11434/v1", "ok"),
    ("http://LOCALHOST:1234", "ok"),
    ("http://[::1]:11434", "ok"),
    ("http://192.168.1.5:8080/v1", "ok"),
    ("http://gpu.lan:9000", "ok"),
    ("https://xn--bcher-kva.example", "ok"),
    ("http://127.0.0.1:11435", "unlisted"),
    ("https://127.0.0.1:11434", "unlisted"),
    ("https://localhost", "unlisted"),
    ("https://app.localhost", "unlisted"),
    ("https://127.8.9.1", "unlisted"),
    ("https://[::1]", "unlisted"),
    ("https://[::ffff:127.0.0.1]", "unlisted"),
    ("https://[::ffff:7f00:1]", "unlisted"),
    ("https://[64:ff9b::7f00:1]", "unlisted"),
    ("https://10.0.0.1", "unlisted"),
    ("https://192.168.1.5:8080", "unlisted"),
    ("https://172.31.255.255", "unlisted"),
    ("https://100.64.0.1", "unlisted"),
    ("https://[fd12:3456::1]", "unlisted"),
    ("https://[::ffff:10.0.0.1]", "unlisted"),
    ("https://0.0.0.0", "denied"),
    ("https://0.1.2.3", "denied"),
    ("https://169.254.169.254/latest/meta-data", "denied"),
    ("https://[::ffff:169.254.169.254]", "denied"),
    ("https://168.63.129.16", "denied"),
    ("https://100.100.100.200", "denied"),
    ("https://240.0.0.1", "denied"),
    ("https://255.255.255.255", "denied"),
    ("https://[::]", "denied"),
    ("https://[::7f00:1]", "denied"),
    ("https://[2002:7f00:1::]", "denied"),
    ("https://[fd00:ec2::254]", "denied"),
    ("https://[fe80::1]", "denied"),
    ("https://0x7f000001", "spelling"),
    ("https://0x7f.0.0.1", "spelling"),
    ("https://0177.0.0.1", "spelling"),
    ("https://127.1", "spelling"),
    ("https://127.0.1", "spelling"),
    ("https://2130706433", "spelling"),
    ("https://0", "spelling"),
    ("https://１２７.０.０.１", "spelling"),
    ("https://127。0。0。1", "spelling"),
    ("https://%31%32%37.0.0.1", "spelling"),
    ("https://ⓛocalhost", "spelling"),
    ("https://127.0.0.1.", "spelling"),
    ("https://api.openai.com.", "spelling"),
    ("https://bücher.example", "spelling"),
    ("http:127.0.0.1", "scheme"),
    ("http:/127.0.0.1", "scheme"),
    ("//127.0.0.1", "scheme"),
    ("api.openai.com/v1", "scheme"),
    ("ftp://api.openai.com", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://127.0.0.1:6379/_", "scheme"),
    ("http:///127.0.0.1", "unreadable"),
    ("https://", "unreadable"),
    ("", "unreadable"),
    ("https://[fe80::1%25eth0]", "unreadable"),
    ("https://1.2.3.4.5", "unreadable"),
    ("https://127.0.\t0.1", "character"),
    ("https://127.0.0\n.1", "character"),
    ("https://a b.example", "character"),
    ("https://good.example\\@127.0.0.1", "character"),
    ("https://good.example\u{0}.evil", "character"),
    ("https://user:pass@api.openai.com", "user"),
    ("https://api.openai.com@127.0.0.1", "user"),
    ("https://@127.0.0.1", "user"),
    ("https://api.openai.com/v1?key=abc", "query"),
    ("https://api.openai.com/v1?", "query"),
    ("https://api.openai.com/v1#", "query"),
    ("https://api.openai.com#@127.0.0.1", "query"),
    ("https://api.openai.com:0", "port"),
    ("https://api.openai.com:", "port"),
    ("https://api.openai.com:00443", "port"),
    ("https://api.openai.com:65536", "port"),
    ("https://api.openai.com:22", "port"),
    ("https://api.openai.com:25", "port"),
    ("https://api.openai.com:6379", "port"),
    ("http://127.0.0.1:5432", "port"),
    ("http://127.0.0.1:8000", "own"),
    ("http://localhost:8000/v1", "own"),
    ("https://127.0.0.9:8001", "own"),
    ("https://[::1]:8001", "own"),
    ("http://api.openai.com/v1", "http"),
    ("http://8.8.8.8", "http"),
    ("http://gpu.lan:9001", "http"),
];

#[test]
fn the_corpus_of_spellings_is_judged_as_intended() {
    assert!(CORPUS.len() >= 44);
    for (text, expected) in CORPUS {
        assert_eq!(verdict(text), *expected, "{text:?}: {:?}", check(text));
    }
}

#[test]
fn what_people_paste_is_made_into_the_base() {
    for (provider, typed, base) in [
        (ProviderId::Custom, "https://llm.example/", "https://llm.example"),
        (ProviderId::Custom, "https://llm.example/v1/chat/completions", "https://llm.example/v1"),
        (ProviderId::Custom, "https://llm.example/v1/embeddings/", "https://llm.example/v1"),
        (ProviderId::Ollama, "http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/v1"),
        (ProviderId::Ollama, "http://127.0.0.1:11434/api", "http://127.0.0.1:11434/v1"),
        (ProviderId::Custom, "https://llm.example/v1/models/", "https://llm.example/v1"),
        (ProviderId::Custom, "https://LLM.example:443/Api//", "https://llm.example/Api"),
        (ProviderId::Ollama, "http://localhost:11434", "http://localhost:11434/v1"),
        (ProviderId::Ollama, "http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1"),
        (ProviderId::LmStudio, "http://127.0.0.1:1234", "http://127.0.0.1:1234/v1"),
        (ProviderId::OpenAi, "https://api.openai.com", "https://api.openai.com/v1"),
        (ProviderId::Groq, "https://api.groq.com/", "https://api.groq.com/openai/v1"),
        (ProviderId::OpenAi, "https://proxy.example", "https://proxy.example"),
        (ProviderId::Azure, "https://acme.openai.azure.com/", "https://acme.openai.azure.com"),
        (ProviderId::Azure, "https://acme.openai.azure.com/openai/v1/", "https://acme.openai.azure.com"),
        (
            ProviderId::Azure,
            "https://acme.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
            "https://acme.openai.azure.com",
        ),
        (ProviderId::Azure, "https://gate.example/openai-eu/openai", "https://gate.example/openai-eu"),
    ] {
        let endpoint = guard().check_literal(provider, typed).unwrap();
        assert_eq!(endpoint.base(), base, "{typed}");
        assert_eq!(guard().check_literal(provider, endpoint.base()), Ok(endpoint), "a base stays as it is");
    }
}

#[test]
fn what_is_cut_off_an_azure_address_hides_nothing() {
    for typed in ["https://u@a.example/openai", "https://a.example?x=/openai", "https:///openai", "/openai"] {
        assert!(guard().check_literal(ProviderId::Azure, typed).is_err(), "{typed}");
    }
}

#[test]
fn a_path_joins_below_the_base_and_never_changes_the_host() {
    let endpoint = guard().check_literal(ProviderId::Custom, "https://llm.example").unwrap();
    assert_eq!(endpoint.join("/models").unwrap().to_string(), "https://llm.example/models");
    assert_eq!(endpoint.join("@evil.example/x"), None);
    assert_eq!(endpoint.join("/@evil.example").unwrap().host(), Some("llm.example"));
    let ollama = guard().check_literal(ProviderId::Ollama, "http://127.0.0.1:11434").unwrap();
    assert_eq!(ollama.without_version().join("/api/version").unwrap().path(), "/api/version");
}

#[test]
fn every_default_base_of_a_provider_is_admitted_as_it_stands() {
    let guard = EgressGuard::new(LocalEndpoints::default(), Vec::new());
    for provider in ProviderId::all() {
        if let Some(base) = provider.facts().default_base {
            assert_eq!(guard.check_literal(provider, base).unwrap().base(), base);
        }
    }
}

#[test]
fn a_refusal_prints_the_line_that_would_allow_it() {
    let guard = EgressGuard::new(LocalEndpoints::default(), Vec::new());
    let problem = guard.check_literal(ProviderId::Custom, "http://localhost:8080/v1").unwrap_err();
    let line = "OWNKEY_LOCAL_ENDPOINTS=http://127.0.0.1:11434,http://127.0.0.1:1234,http://127.0.0.1:8080";
    assert!(problem.to_string().ends_with(line), "{problem}");
    let value = line.split_once('=').unwrap().1;
    guard.replace(LocalEndpoints::parse(value).unwrap(), Vec::new());
    assert!(guard.check_literal(ProviderId::Custom, "http://localhost:8080/v1").is_ok());
    assert_eq!(guard.version(), 2);
}

#[test]
fn a_refusal_never_repeats_what_may_be_secret() {
    for typed in ["https://u:hunter2@10.0.0.1/", "http://10.0.0.1/hunter2", "https://a.example/?key=hunter2"] {
        let problem = check(typed).unwrap_err();
        assert!(!format!("{problem} {problem:?}").contains("hunter2"), "{problem}");
    }
}

#[test]
fn the_list_takes_origins_and_nothing_else() {
    for bad in ["127.0.0.1:11434", "http://127.0.0.1:11434/v1", "http://169.254.169.254", "http://127.1:80", "ftp://x"]
    {
        assert!(LocalEndpoints::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(LocalEndpoints::parse(""), Ok(LocalEndpoints::none()));
    assert_eq!(
        LocalEndpoints::parse("http://localhost:11434/,http://[::1]:1234"),
        Ok(LocalEndpoints::default()),
        "three names, one origin"
    );
}

#[test]
fn the_operators_words_are_completed_and_listed_for_their_provider() {
    for (provider, words, base) in [
        (ProviderId::Ollama, "0.0.0.0", "http://127.0.0.1:11434/v1"),
        (ProviderId::Ollama, "0.0.0.0:9999", "http://127.0.0.1:9999/v1"),
        (ProviderId::Ollama, ":9999", "http://127.0.0.1:9999/v1"),
        (ProviderId::Ollama, "box.lan", "http://box.lan:11434/v1"),
        (ProviderId::Ollama, "localhost", "http://localhost:11434/v1"),
        (ProviderId::Ollama, "https://ollama.com", "https://ollama.com/v1"),
        (ProviderId::LmStudio, "http://0.0.0.0/v1", "http://127.0.0.1:1234/v1"),
        (ProviderId::OpenAi, "https://10.1.2.3:8443/v1", "https://10.1.2.3:8443/v1"),
    ] {
        let mut local = LocalEndpoints::none();
        assert_eq!(local.operator_words(provider, words).as_deref(), Ok(base), "{words}");
        let guard = EgressGuard::new(local, Vec::new());
        assert!(guard.check_literal(provider, base).is_ok(), "{words}");
    }
    let mut local = LocalEndpoints::none();
    local.operator_words(ProviderId::Ollama, "0.0.0.0").unwrap();
    let guard = EgressGuard::new(local, Vec::new());
    assert!(guard.check_literal(ProviderId::Custom, "http://127.0.0.1:11434").is_err(), "for its provider only");
    assert!(LocalEndpoints::none().operator_words(ProviderId::Ollama, "169.254.169.254").is_err());
}

#[test]
fn the_embedded_provider_is_exempt_by_its_exact_address() {
    let address: SocketAddr = "127.0.0.1:40123".parse().unwrap();
    let guard = EgressGuard::new(LocalEndpoints::none().with_embedded(address), Vec::new());
    assert!(guard.check_literal(ProviderId::OpenAi, "http://127.0.0.1:40123/v1").is_ok());
    let problem = guard.check_literal(ProviderId::OpenAi, "http://127.0.0.1:40124/v1").unwrap_err();
    assert!(!problem.to_string().contains("40123"), "it is not part of the list: {problem}");
}

/// A look-up that gives these answers, one call after the other, the last one
/// for ever.
pub(crate) fn scripted(answers: &[&[&str]]) -> Lookup {
    let mut answers: Vec<Vec<SocketAddr>> = answers
        .iter()
        .map(|answer| answer.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
        .collect();
    answers.reverse();
    let answers = Mutex::new(answers);
    Arc::new(move |_, _| {
        let mut answers = answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() };
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    })
}

async fn resolve(base: &str, answers: &[&str]) -> Result<Vec<SocketAddr>, EndpointProblem> {
    let local = LocalEndpoints::parse("http://gpu.lan:9000").unwrap();
    let guard = EgressGuard::with_lookup(local, vec!["10.0.0.7:9000".parse().unwrap()], scripted(&[answers]));
    guard.resolve(&guard.check_literal(ProviderId::Custom, base)?).await
}

#[tokio::test]
async fn one_bad_answer_fails_the_host() {
    let good = resolve("https://llm.example", &["93.184.216.34", "2606:4700::1"]).await.unwrap();
    assert_eq!(good, ["93.184.216.34:443".parse().unwrap(), "[2606:4700::1]:443".parse().unwrap()]);
    for bad in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00:ec2::254"] {
        let problem = resolve("https://llm.example", &["93.184.216.34", bad]).await.unwrap_err();
        assert!(problem.is_refusal(), "{bad}: {problem}");
    }
}

#[tokio::test]
async fn a_listed_name_may_be_private_but_never_metadata_or_ourselves() {
    assert!(resolve("http://gpu.lan:9000", &["10.0.0.8"]).await.is_ok());
    assert!(matches!(
        resolve("http://gpu.lan:9000", &["169.254.169.254"]).await,
        Err(EndpointProblem::AddressDenied { .. })
    ));
    assert!(matches!(resolve("http://gpu.lan:9000", &["10.0.0.7"]).await, Err(EndpointProblem::OwnListener { .. })));
}

#[tokio::test]
async fn a_listed_network_opens_its_private_addresses_and_nothing_else() {
    let local = LocalEndpoints::none().with_networks("192.168.0.0/16, 100.64.0.0/10,fd12::/16").unwrap();
    let own = vec!["192.168.0.9:8000".parse().unwrap()];
    let answers: &[&[&str]] = &[&["192.168.7.7"], &["192.168.7.7", "10.0.0.1"]];
    let guard = EgressGuard::with_lookup(local, own, scripted(answers));
    let check = |text: &str| guard.check_literal(ProviderId::Custom, text);
    for good in [
        "http://192.168.7.7:9000/v1",
        "https://192.168.0.1",
        "https://[fd12::1]:8443",
        "http://[::ffff:192.168.1.1]:9000",
    ] {
        assert!(check(good).is_ok(), "{good}: {:?}", check(good));
    }
    for bad in [
        "http://10.0.0.1:9000",
        "http://127.0.0.1:9000",
        "https://[fd13::1]",
        "http://192.168.0.9:8000",
        "http://8.8.8.8",
        "http://100.100.100.200:9000",
        "http://gpu.lan:9000",
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
    let name = check("https://gpu.lan:9000").unwrap();
    assert!(guard.resolve(&name).await.is_ok());
    assert!(matches!(guard.resolve(&name).await, Err(EndpointProblem::NotListed { .. })), "one address is outside");
}

#[test]
fn only_whole_private_networks_can_be_listed() {
    for (entry, words) in [
        ("192.168.1.0", "no network"),
        ("192.168.1.5/24", "Write 192.168.1.0/24"),
        ("0.0.0.0/0", "not private as a whole"),
        ("127.0.0.0/8", "not private as a whole"),
        ("169.254.0.0/16", "not private as a whole"),
        ("192.0.0.0/8", "not private as a whole"),
        ("::/0", "not private as a whole"),
        ("fe80::/10", "not private as a whole"),
        ("http://10.0.0.1", "no network"),
    ] {
        let problem = LocalEndpoints::none().with_networks(entry).unwrap_err();
        assert!(problem.contains(words) && problem.contains("OWNKEY_LOCAL_CIDRS"), "{entry}: {problem}");
    }
    assert_eq!(LocalEndpoints::none().with_networks(" , "), Ok(LocalEndpoints::none()));
}

#[tokio::test]
async fn a_name_nobody_knows_is_no_refusal() {
    let problem = resolve("https://nowhere.example", &[]).await.unwrap_err();
    assert!(!problem.is_refusal());
    assert!(problem.to_string().contains("nowhere.example"));
}

#[tokio::test]
async fn this_machine_is_tried_on_both_families() {
    let guard = EgressGuard::new(LocalEndpoints::default(), Vec::new());
    for base in ["http://localhost:11434", "http://127.0.0.1:11434", "http://[::1]:11434"] {
        let endpoint = guard.check_literal(ProviderId::Ollama, base).unwrap();
        let addresses = guard.resolve(&endpoint).await.unwrap();
        assert_eq!(addresses, ["127.0.0.1:11434".parse().unwrap(), "[::1]:11434".parse().unwrap()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_admitted_is_admitted_again_and_means_the_same(text in "https?://[a-z0-9.:\\[\\]/%@?#\\\\ -]{0,40}") {
        if let Ok(endpoint) = guard().check_literal(ProviderId::Custom, &text) {
            let again = guard().check_literal(ProviderId::Custom, endpoint.base());
            prop_assert_eq!(again.map(|again| again.origin().clone()), Ok(endpoint.origin().clone()));
            let uri = endpoint.join("/models").unwrap();
            prop_assert_eq!(uri.host().map(str::to_owned), endpoint.host().map(|host| host.to_string()));
        }
    }

    #[test]
    fn an_address_is_admitted_in_its_usual_spelling_only(address: u32, spelling in 0_usize..10) {
        let [a, b, c, d] = address.to_be_bytes();
        let low = u32::from(c) << 8 | u32::from(d);
        let spelt = match spelling {
            0 => format!("{address}"),
            1 => format!("0x{address:x}"),
            2 => format!("0x{a:x}.{b}.{c}.{d}"),
            3 => format!("0{a:o}.{b}.{c}.{d}"),
            4 => format!("{a}.{b}.{low}"),
            5 => format!("{a}.{b}.{c}.{d}."),
            6 => format!("{a:03}.{b:03}.{c:03}.0{d}"),
            7 => format!("{a}.{b}.{c}.%{:02x}", b'0' + d % 10),
            8 => format!("{a}.{b}.{c}.{}", char::from_u32(0xff10 + u32::from(d % 10)).unwrap()),
            _ => format!("{a}\u{3002}{b}.{c}.{d}"),
        };
        prop_assume!(spelt != format!("{a}.{b}.{c}.{d}"));
        prop_assert!(check(&format!("https://{spelt}:4433")).is_err(), "{}", spelt);
    }

    #[test]
    fn an_ipv6_address_is_admitted_in_its_usual_spellings_only(
        segments in prop::collection::vec(prop_oneof![Just(0_u16), any::<u16>()], 7), spelling in 0_usize..4,
    ) {
        // Public, so that only the spelling can be at fault.
        let mut all = [0x2606_u16; 8];
        all[1..].copy_from_slice(&segments);
        let address = Ipv6Addr::from(all);
        let full = all.map(|segment| format!("{segment:x}")).join(":");
        let spelt = match spelling {
            0 => address.to_string(),
            1 => full,
            2 => all.map(|segment| format!("{segment:04x}")).join(":"),
            _ => address.to_string().to_uppercase(),
        };
        let is_usual = spelt.eq_ignore_ascii_case(&address.to_string());
        prop_assert_eq!(check(&format!("https://[{spelt}]:4433")).is_ok(), is_usual, "{}", spelt);
    }

    #[test]
    fn whatever_host_is_admitted_is_a_name_or_a_public_address_to_another_reader_too(
        host in prop_oneof![
            "[0-9a-fx.:\\[\\]]{1,24}",
            "[0-9]{1,3}(\\.[0-9]{1,3}){0,4}",
            "\\[[0-9a-f:.]{2,24}\\]",
            "[a-z0-9-]{1,8}(\\.[a-z0-9x-]{1,8}){0,3}\\.?",
        ],
    ) {
        if check(&format!("https://{host}:4433")).is_ok() {
            if let Ok(address) = host.parse::<Ipv4Addr>() {
                prop_assert_eq!(reference_v4(address.into()), AddressClass::Public, "{}", host);
            } else if let Some(inner) = host.strip_prefix('[') {
                let address: Ipv6Addr = inner.strip_suffix(']').unwrap().parse().unwrap();
                prop_assert_eq!(reference_v6(address.into()), AddressClass::Public, "{}", host);
            } else {
                // A name: its last label is no number in any base, so nobody reads an address in it.
                let last = host.rsplit('.').next().unwrap();
                let digits = last.strip_prefix("0x").unwrap_or(last);
                let is_number = !last.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()) && (last.starts_with("0x") || last.chars().all(|c| c.is_ascii_digit()));
                prop_assert!(!is_number && !last.is_empty(), "{}", host);
            }
        }
    }

    #[test]
    fn a_literal_address_is_admitted_exactly_when_it_is_public(address in any::<u32>()) {
        let address = Ipv4Addr::from(address);
        let admitted = check(&format!("https://{address}:4433")).is_ok();
        prop_assert_eq!(admitted, classify(address.into()) == AddressClass::Public);
    }
}
