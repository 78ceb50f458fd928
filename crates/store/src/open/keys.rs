//! The keys at open: every sealed row must have its master key among those
//! given, and the server's own secrets are made when they are not there yet.

use domain::{Entropy, Timestamp};
use sqlx::AnyPool;
use zeroize::Zeroizing;

use super::OpenError;
use super::connect::refused;
use crate::keyring;
use crate::server_secrets::ServerSecrets;
use crate::vault::{MasterKeys, Sealed, Vault};

const ADD_SECRET: &str =
    "INSERT INTO server_secrets (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";

/// The vault and the server's own secrets.
pub(super) async fn unlock(
    pool: &AnyPool,
    master_keys: MasterKeys,
    now: Timestamp,
    entropy: &Entropy,
) -> Result<(Vault, ServerSecrets), OpenError> {
    let vault = Vault::new(master_keys);
    let mut connection = pool.acquire().await.map_err(refused)?;
    keyring::admit(&mut connection, &vault, now).await?;
    drop(connection);
    let secrets = ServerSecrets {
        access_token: secret(pool, &vault, "access-token", now, entropy).await?,
        audit: secret(pool, &vault, "audit", now, entropy).await?,
    };
    let fingerprint = secret(pool, &vault, "fingerprint", now, entropy).await?;
    Ok((vault.with_fingerprint_key(fingerprint), secrets))
}

/// Reads one secret, after making it if nobody has; of several nodes that start
/// at once, one makes it and all read it.
async fn secret(
    pool: &AnyPool,
    vault: &Vault,
    name: &'static str,
    now: Timestamp,
    entropy: &Entropy,
) -> Result<Zeroizing<[u8; 32]>, OpenError> {
    let fresh = Zeroizing::new(entropy.bytes::<32>());
    let sealed = vault.seal_server_secret(name, &fresh, now, entropy);
    sqlx::query(ADD_SECRET)
        .bind(name)
        .bind(sealed.as_str())
        .bind(now.as_micros())
        .execute(pool)
        .await
        .map_err(refused)?;
    let kept: String = sqlx::query_scalar("SELECT sealed FROM server_secrets WHERE name = $1")
        .bind(name)
        .fetch_one(pool)
        .await
        .map_err(refused)?;
    vault.open_server_secret(name, &Sealed(kept)).map_err(|_| OpenError::Altered { name })
}

/// Whether anything is sealed: the first open already seals the server's own.
pub(super) async fn holds_secrets(pool: &AnyPool) -> Result<bool, OpenError> {
    let held: i64 = sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM server_secrets")
        .fetch_one(pool)
        .await
        .map_err(refused)?;
    Ok(held > 0)
}
