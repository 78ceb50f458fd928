//! Ownkey put together as its binary does it, but with a ledger that forgets: to
//! tell what the ledger costs. No configuration of the real binary leads here;
//! only this program is built with such a ledger.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use app::environment::{Environment, FoundKey};
use app::references::References;
use app::{App, Parts, Settings};
use domain::ids::NodeId;
use domain::{Clock, Entropy, ProviderId, Secret, Timestamp};
use llm::catalogue::Catalogue;
use llm::client::{Clocks, Upstream};
use llm::egress::{EgressGuard, LocalEndpoints};
use store::{MasterKeys, OpenOptions, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::origins::Origins;
use web::router::{Shared, router};

use crate::Failure;
use crate::process::PROVIDER_KEY;

/// Serves the data directory that an `ownkey serve` has furnished, until it is
/// killed; prints its address.
pub(crate) async fn serve(sim: SocketAddr, directory: &Path) -> Result<(), Failure> {
    let (clock, entropy) = (clock(), entropy());
    let now = clock.now();
    let master_key = std::fs::read_to_string(directory.join("master.key"))?;
    let store = Store::open(OpenOptions {
        url: format!("sqlite://{}", directory.join("ownkey.db").display()),
        master_keys: MasterKeys::parse(master_key.trim())?,
        now,
        node: NodeId::generate(now, &entropy),
        entropy: entropy.clone(),
        serves: true,
        strict_durability: false,
    })
    .await?
    .forgetting_attempts()
    .ok_or("the store is in use")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let guard = EgressGuard::new(LocalEndpoints::none().with_embedded(sim), vec![address]);
    let settings = Settings {
        public_url: format!("http://{address}"),
        default_bases: HashMap::from([(ProviderId::OpenAi, format!("http://{sim}/v1"))]),
        ..Settings::default()
    };
    let key = FoundKey {
        provider: ProviderId::OpenAi,
        variable: "OPENAI_API_KEY".to_owned(),
        secret: Secret::new(PROVIDER_KEY.to_owned()),
        masked: "sk-proj-…ijkl".to_owned(),
    };
    let (environment, _) = Environment::new(vec![key], &settings, &guard, store.vault(), now);
    let upstream = Upstream::new(guard.clone(), Clocks::default(), Vec::new());
    let catalogue = Catalogue::builtin();
    let references = References::default();
    let parts = Parts {
        store,
        upstream,
        guard,
        catalogue,
        clock,
        entropy,
        settings,
        environment,
        references,
        rate_windows: None,
    };
    let app = App::build(parts).await?;
    app.start_background();
    let origins = Origins::new(&app.settings.public_url, address);
    let shared = Shared::new(app, origins, Vec::new());
    println!("{address}");
    web::serve::serve(listener, router(shared), CancellationToken::new(), web::serve::Clocks::default()).await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with the machine's time")]
pub(crate) fn clock() -> Clock {
    Clock::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with the machine's dice")]
fn entropy() -> Entropy {
    Entropy::pooled(|bytes| {
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    })
}
