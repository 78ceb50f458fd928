//! `ownkey config …`

use app::sign_in::oidc::Oidc;
use domain::admission::Domains;
use llm::egress::EgressGuard;
use store::rate_windows::RateWindows;
use store::vault::MasterKeyProblem;

use super::output;
use crate::Failure;
use crate::boot;
use crate::cli::{Config as Command, Place};
use crate::config::environment::Environment;
use crate::config::{self, Config, providers, variables};

pub(super) async fn run(place: &Place, command: &Command, environment: Environment) -> Result<(), Failure> {
    if matches!(command, Command::Variables) {
        output::line(variables::page().trim_end());
        return Ok(());
    }
    let data_dir = config::data_dir(place, &environment);
    let environment = environment.with_dot_env(&data_dir)?;
    let config = config::read(place, None, data_dir, &environment)?;
    let found = providers::read(&environment, config.local_endpoints.as_deref(), config.local_cidrs.as_deref())?;
    let problems: Vec<String> =
        variables::strangers(&environment).into_iter().chain(found.warnings.iter().cloned()).collect();
    if matches!(command, Command::Check) {
        check_master_key(&environment)?;
        for problem in &problems {
            output::line(&format!("Note: {problem}"));
        }
        boot::check_webhook(&config, &EgressGuard::new(found.local, Vec::new()))?;
        check_redis(&config).await?;
        output::line("The configuration can be used.");
        return Ok(());
    }
    let value = shown(&config, &found, &problems);
    output::json(&value);
    Ok(())
}

/// The configuration without anything secret: a database URL loses its password.
fn shown(config: &Config, found: &providers::Found, problems: &[String]) -> serde_json::Value {
    let database = url::Url::parse(&config.database_url).map_or_else(
        |_| "…".to_owned(),
        |mut url| {
            if url.password().is_some() && url.set_password(Some("…")).is_err() {
                return "…".to_owned();
            }
            url.to_string()
        },
    );
    serde_json::json!({
        "listen": config.listen.to_string(),
        "data_dir": config.data_dir,
        "database_url": database,
        "redis_url": config.redis.as_ref().map(ToString::to_string),
        "public_url": config.public_url,
        "trusted_proxies": config.trusted_proxies,
        "ca_file": config.ca_file,
        "local_endpoints": found.local.listed().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "local_cidrs": config.local_cidrs,
        "secret_references": config.secret_references.to_string(),
        "reveal": if config.reveal_allowed { "personal" } else { "never" },
        "policy": config.policy.as_str(),
        "request_keys": if config.request_keys_allowed { "on" } else { "off" },
        "fetch_images": if config.fetches_pictures { "on" } else { "off" },
        "chat_retention_days": config.chat_retention.map(|kept| kept.as_secs() / (24 * 3600)),
        "webhook_url": config.webhook.as_ref().map(|webhook| format!("{webhook}/…")),
        "oidc": config.oidc.as_deref().map(shown_oidc),
        "ledger_durability": if config.strict_durability { "strict" } else { "grouped" },
        "environment_keys": found.keys.iter().map(|key| format!("{} ({})", key.variable, key.masked)).collect::<Vec<_>>(),
        "default_endpoints": found.bases.iter().map(|(provider, url)| format!("{provider}: {url}")).collect::<Vec<_>>(),
        "notes": problems,
    })
}

/// What was said of the OpenID provider, without our secret at it.
fn shown_oidc(oidc: &Oidc) -> serde_json::Value {
    let admission = &oidc.admission;
    let domains = match &admission.domains {
        Domains::Unsaid => None,
        Domains::Any => Some(vec!["*".to_owned()]),
        Domains::Listed(listed) => Some(listed.clone()),
    };
    let map = admission.map.iter().map(|mapped| format!("{}={}:{}", mapped.group, mapped.organization, mapped.role));
    serde_json::json!({
        "issuer": oidc.issuer,
        "name": oidc.name,
        "client_id": oidc.client_id,
        "client_secret": oidc.client_secret.is_some(),
        "scopes": oidc.scopes.join(" "),
        "groups_claim": oidc.groups_claim,
        "admin_groups": admission.admin_groups,
        "group_map": map.collect::<Vec<_>>(),
        "allowed_domains": domains,
        "allowed_groups": admission.groups,
        "link": if admission.links { "verified-email" } else { "never" },
        "passwords": if oidc.passwords { "on" } else { "off" },
    })
}

/// Says whether the shared windows answer; calls go on without them.
async fn check_redis(config: &Config) -> Result<(), Failure> {
    let Some(address) = &config.redis else { return Ok(()) };
    let roots = boot::roots(config).map_err(Failure::configuration)?;
    match RateWindows::new(address.clone(), roots).look().await {
        Ok(()) => output::line(&format!("REDIS_URL: {address} answers.")),
        Err(away) => output::line(&format!(
            "Note: REDIS_URL: {address}: {away}. Until it answers, each node counts rates for itself."
        )),
    }
    Ok(())
}

/// A given master key is read; one in the data directory is left to `serve`.
fn check_master_key(environment: &Environment) -> Result<(), Failure> {
    let refuse = |problem: MasterKeyProblem| Failure::configuration(problem.to_string());
    if let Some(found) = environment.value("MASTER_KEY")? {
        store::MasterKeys::parse(&found.value).map_err(refuse)?;
    }
    Ok(())
}
