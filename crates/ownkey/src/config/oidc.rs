//! The OpenID provider that people may sign in through, as the operator names it.

use app::sign_in::oidc::Oidc;
use domain::admission::{self, Admission};
use domain::{Origin, Secret};
use serde::Deserialize;
use url::{Host, Url};

use super::choice;
use super::environment::Environment;
use crate::Failure;

/// What is asked for unless the operator says otherwise.
const SCOPES: &str = "openid email profile groups";

/// The `oidc_…` words of `ownkey.toml`, under `[oidc]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OidcFile {
    issuer: Option<String>,
    name: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scopes: Option<String>,
    groups_claim: Option<String>,
    admin_groups: Option<String>,
    group_map: Option<String>,
    allowed_domains: Option<String>,
    allowed_groups: Option<String>,
    link: Option<String>,
    passwords: Option<String>,
}

/// Reads what is said of the provider; `None`: there is none.
///
/// # Errors
/// A sentence about the first setting that cannot be used.
pub(super) fn read(environment: &Environment, file: OidcFile) -> Result<Option<Oidc>, Failure> {
    let setting = |name: &str, from_file: Option<String>| -> Result<Option<String>, Failure> {
        Ok(environment.value(name)?.map(|found| found.value).or(from_file).filter(|value| !value.trim().is_empty()))
    };
    let list =
        |name: &str, from_file| Ok::<_, Failure>(admission::list(&setting(name, from_file)?.unwrap_or_default()));
    let wrong = |name: &str, problem: String| Failure::configuration(format!("{name} {problem}."));
    let Some(issuer) = setting("OWNKEY_OIDC_ISSUER", file.issuer)? else { return Ok(None) };
    let (url, origin) = checked_issuer(&issuer)?;
    let client_id = setting("OWNKEY_OIDC_CLIENT_ID", file.client_id)?.ok_or_else(|| {
        wrong(
            "OWNKEY_OIDC_CLIENT_ID",
            "is not set; it is what the provider of OWNKEY_OIDC_ISSUER calls this server".into(),
        )
    })?;
    let scopes = setting("OWNKEY_OIDC_SCOPES", file.scopes)?.unwrap_or_else(|| SCOPES.to_owned());
    let domains = setting("OWNKEY_OIDC_ALLOWED_DOMAINS", file.allowed_domains)?.unwrap_or_default();
    let map = setting("OWNKEY_OIDC_GROUP_MAP", file.group_map)?.unwrap_or_default();
    let link = setting("OWNKEY_OIDC_LINK", file.link)?;
    let passwords = setting("OWNKEY_OIDC_PASSWORDS", file.passwords)?;
    Ok(Some(Oidc {
        name: setting("OWNKEY_OIDC_NAME", file.name)?
            .unwrap_or_else(|| url.host_str().unwrap_or("OpenID").to_owned())
            .chars()
            .filter(|c| !domain::text::is_invisible(*c))
            .take(60)
            .collect(),
        issuer,
        origin,
        client_id,
        client_secret: setting("OWNKEY_OIDC_CLIENT_SECRET", file.client_secret)?.map(Secret::new),
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        groups_claim: setting("OWNKEY_OIDC_GROUPS_CLAIM", file.groups_claim)?.unwrap_or_else(|| "groups".to_owned()),
        admission: Admission {
            domains: admission::domains(&domains).map_err(|problem| wrong("OWNKEY_OIDC_ALLOWED_DOMAINS", problem))?,
            groups: list("OWNKEY_OIDC_ALLOWED_GROUPS", file.allowed_groups)?,
            admin_groups: list("OWNKEY_OIDC_ADMIN_GROUPS", file.admin_groups)?,
            map: admission::group_map(&map).map_err(|problem| wrong("OWNKEY_OIDC_GROUP_MAP", problem))?,
            links: choice("OWNKEY_OIDC_LINK", link.as_deref(), "verified-email", "never")?,
        },
        passwords: choice("OWNKEY_OIDC_PASSWORDS", passwords.as_deref(), "on", "off")?,
    }))
}

/// https; or http where nothing leaves this machine.
fn checked_issuer(text: &str) -> Result<(Url, Origin), Failure> {
    let refuse = |what: &str| {
        Failure::configuration(format!(
            "OWNKEY_OIDC_ISSUER is “{text}”, {what}. Write the address that the provider calls itself, like https://login.example.org."
        ))
    };
    let url = Url::parse(text).map_err(|_| refuse("which is no address"))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none();
    if url.query().is_some() || url.fragment().is_some() || !is_plain {
        return Err(refuse("which has more than a path"));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err(refuse("which is not https, and not on this machine"));
    }
    let origin = Origin::of(&url).ok_or_else(|| refuse("which has no host"))?;
    Ok((url, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Oidc>, Failure> {
        read(&Environment::of(variables, &[]), OidcFile::default())
    }

    fn with(name: &str, value: &str) -> Result<Option<Oidc>, Failure> {
        of(&[
            ("OWNKEY_OIDC_ISSUER", "https://login.example.org/realm"),
            ("OWNKEY_OIDC_CLIENT_ID", "ownkey"),
            (name, value),
        ])
    }

    #[test]
    fn nothing_said_is_no_provider_and_little_said_is_enough() {
        assert!(of(&[("OWNKEY_OIDC_CLIENT_ID", "ownkey")]).unwrap().is_none());
        let oidc = with("OWNKEY_OIDC_CLIENT_SECRET", "s3cret").unwrap().unwrap();
        assert_eq!(oidc.issuer, "https://login.example.org/realm");
        assert_eq!(oidc.origin.as_str(), "https://login.example.org");
        assert_eq!((oidc.name.as_str(), oidc.groups_claim.as_str()), ("login.example.org", "groups"));
        assert_eq!(oidc.scopes, ["openid", "email", "profile", "groups"]);
        assert!(oidc.passwords && oidc.admission.links && oidc.client_secret.is_some());
        assert!(!format!("{oidc:?}").contains("s3cret"));
        assert!(of(&[("OWNKEY_OIDC_ISSUER", "https://login.example.org")]).is_err());
    }

    #[test]
    fn the_issuer_is_https_or_on_this_machine() {
        for (issuer, is_taken) in [
            ("https://login.example.org", true),
            ("https://sso.corp.internal:8443/realms/main", true),
            ("http://localhost:9000", true),
            ("http://127.0.0.1:9000/a", true),
            ("http://[::1]:9000", true),
            ("http://login.example.org", false),
            ("http://10.0.0.5", false),
            ("http://localhost.example.org", false),
            ("https://user:pass@login.example.org", false),
            ("https://login.example.org/?tenant=1", false),
            ("ftp://login.example.org", false),
            ("login.example.org", false),
        ] {
            let read = of(&[("OWNKEY_OIDC_ISSUER", issuer), ("OWNKEY_OIDC_CLIENT_ID", "ownkey")]);
            assert_eq!(read.is_ok(), is_taken, "{issuer}");
            assert!(read.err().is_none_or(|failure| failure.exit_code == 78 && failure.sentence.contains(issuer)));
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_refused_by_its_variable() {
        for (name, value) in [
            ("OWNKEY_OIDC_GROUP_MAP", "staff"),
            ("OWNKEY_OIDC_ALLOWED_DOMAINS", "@example.org"),
            ("OWNKEY_OIDC_PASSWORDS", "no"),
            ("OWNKEY_OIDC_LINK", "always"),
        ] {
            let failure = with(name, value).err().unwrap();
            assert!(failure.sentence.contains(name) && failure.exit_code == 78, "{}", failure.sentence);
        }
    }
}
