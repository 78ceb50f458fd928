//! What answers: our own port, local servers, and if asked the providers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use domain::provider::ProviderKind;
use domain::{Origin, ProviderId};
use futures_util::future::join_all;
use llm::client::{Auth, Clocks, Outgoing, Upstream};
use llm::egress::{EgressGuard, LocalEndpoints};

use store::rate_windows::RateWindows;

use super::Finding;
use crate::boot;
use crate::config::{Config, providers};

/// How long anybody has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that is looked at, in bytes.
const ANSWER_BYTES: usize = 4 * 1024;

pub(super) async fn examine(config: &Config, found: &providers::Found, with_network: bool) -> Vec<Finding> {
    let mut findings = vec![port(config.listen).await];
    findings.extend(shared_rates(config).await);
    findings.extend(webhook(config, found));
    findings.extend(local_servers(found, config.local_endpoints.is_some()).await);
    if with_network {
        findings.extend(the_providers(config, found).await);
    }
    findings
}

fn client(local: LocalEndpoints, config: Option<&Config>) -> Result<Upstream, String> {
    let roots = config.map_or_else(|| Ok(Vec::new()), boot::roots)?;
    let clocks = Clocks { connect: PATIENCE, first_header: PATIENCE, ..Clocks::default() };
    Ok(Upstream::new(EgressGuard::new(local, Vec::new()), clocks, roots))
}

/// The port is free, or a server of ours answers there.
async fn port(listen: SocketAddr) -> Finding {
    let name = "port";
    if let Ok(listener) = TcpListener::bind(listen) {
        drop(listener);
        return Finding::good(name, format!("{listen} is free; no server runs there"));
    }
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    let url = format!("http://{}", SocketAddr::new(ip, listen.port()));
    match ask_ready(&url).await {
        Ok((200, text)) if text.contains("\"ready\"") => {
            Finding::good(name, format!("Ownkey answers at {listen} and is ready"))
        }
        Ok((503, text)) if text.contains("ready") => Finding::look(
            name,
            format!("a server at {listen} is not ready"),
            format!("Look at {url}/health/ready and at its log."),
        ),
        Ok(_) => Finding::bad(
            name,
            format!("something else than Ownkey answers at {listen}"),
            "Choose another with --listen.",
        ),
        Err(problem) => Finding::bad(
            name,
            format!("{listen} cannot be listened on, and nobody answers there ({problem})"),
            "Choose another with --listen.",
        ),
    }
}

/// Whether the address that is told what happens may be called; `ownkey webhook
/// test` calls it.
fn webhook(config: &Config, found: &providers::Found) -> Option<Finding> {
    let (name, webhook) = ("webhook", config.webhook.as_ref()?);
    Some(match boot::check_webhook(config, &EgressGuard::new(found.local.clone(), Vec::new())) {
        Ok(()) => Finding::good(name, format!("{webhook} may be called; `ownkey webhook test` sends one message")),
        Err(failure) => Finding::refused(name, failure.sentence),
    })
}

/// Where nodes count rates together. Without it every call goes on.
async fn shared_rates(config: &Config) -> Option<Finding> {
    let (name, address) = ("shared rates", config.redis.as_ref()?);
    let looked = match boot::roots(config) {
        Ok(roots) => RateWindows::new(address.clone(), roots).look().await.map_err(|away| away.to_string()),
        Err(problem) => Err(problem),
    };
    Some(match looked {
        Ok(()) => Finding::good(name, format!("{address} answers; nodes count rates of gateway tokens together")),
        Err(problem) => Finding::look(
            name,
            format!("{address}: {problem}"),
            "Until it answers, each node counts rates for itself, and more calls may pass. Start it, or correct REDIS_URL.",
        ),
    })
}

async fn ask_ready(url: &str) -> Result<(u16, String), String> {
    let origin = url::Url::parse(url).ok().as_ref().and_then(Origin::of).ok_or("it is no address")?;
    let upstream = client(LocalEndpoints::none().with(origin), None)?;
    let endpoint = upstream.guard().check_literal(ProviderId::Custom, url).map_err(|problem| problem.to_string())?;
    let outgoing = Outgoing::get(&endpoint, "/health/ready", Auth::None);
    let incoming = upstream.send(outgoing).await.map_err(|failure| failure.sentence)?;
    let status = incoming.status.as_u16();
    let body = incoming.body.collect(ANSWER_BYTES).await.map_err(|failure| failure.sentence)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Any answer will do: it says that somebody is there.
async fn answers(upstream: &Upstream, provider: ProviderId, base: &str) -> Result<u16, String> {
    let endpoint = upstream.guard().check_literal(provider, base).map_err(|problem| problem.to_string())?;
    let outgoing = Outgoing::get(&endpoint, "/models", Auth::None);
    let incoming = upstream.send(outgoing).await.map_err(|failure| failure.sentence)?;
    Ok(incoming.status.as_u16())
}

async fn local_servers(found: &providers::Found, is_asked_for: bool) -> Vec<Finding> {
    let name = "local servers";
    let Ok(upstream) = client(found.local.clone(), None) else { return Vec::new() };
    let look = async |origin: &Origin| {
        let base = format!("{origin}/v1");
        match answers(&upstream, ProviderId::Custom, &base).await {
            Ok(status) => Finding::good(name, format!("{origin} answers ({status})")),
            Err(_) if !is_asked_for => Finding::good(name, format!("nothing runs at {origin}; none is needed")),
            Err(problem) => Finding::look(name, problem, "Start it, or take it out of OWNKEY_LOCAL_ENDPOINTS."),
        }
    };
    join_all(found.local.listed().iter().map(look)).await
}

async fn the_providers(config: &Config, found: &providers::Found) -> Vec<Finding> {
    let name = "providers";
    let upstream = match client(found.local.clone(), Some(config)) {
        Ok(upstream) => upstream,
        Err(problem) => return vec![Finding::refused(name, problem)],
    };
    let bases = ProviderId::all().filter(|provider| provider.facts().kind == ProviderKind::External).filter_map(|id| {
        let base = found.bases.get(&id).map(String::as_str).or(id.facts().default_base);
        base.map(|base| (id, base))
    });
    let look = async |(provider, base): (ProviderId, &str)| match answers(&upstream, provider, base).await {
        Ok(_) => Finding::good(name, format!("{} can be reached at {base}", provider.display_name())),
        Err(problem) => Finding::look(
            name,
            format!("{}: {problem}", provider.display_name()),
            "Calls to it fail until it can be reached from this machine; proxies are not used.",
        ),
    };
    join_all(bases.map(look)).await
}
