//! The keys at open: every sealed row must have its master key among those
//! given, and the server's own secrets are made when they are not there yet.

use domain::{Entropy, Timestamp};
use sqlx::{AnyPool, Row as _};
use zeroize::Zeroizing;

use super::OpenError;
use super::connect::refused;
use crate::error::StoreError;
use crate::server_secrets::ServerSecrets;
use crate::vault::{MasterKeys, Sealed, Vault};

/// Which master keys hold how many secrets: `ok1:<8 characters>:…`.
const KEYS_IN_USE: &str = "SELECT kid, CAST(COUNT(*) AS BIGINT) AS held FROM (\
     SELECT substr(sealed, 5, 8) AS kid FROM credentials WHERE sealed IS NOT NULL \
     UNION ALL SELECT substr(sealed, 5, 8) AS kid FROM server_secrets) AS sealed_rows GROUP BY kid ORDER BY kid";

const ADD_KEY: &str =
    "INSERT INTO keyring (kid, check_value, created_at) VALUES ($1, $2, $3) ON CONFLICT (kid) DO NOTHING";

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
    for row in sqlx::query(KEYS_IN_USE).fetch_all(pool).await.map_err(refused)? {
        let kid: String = row.try_get("kid").map_err(refused)?;
        if !vault.key_checks().iter().any(|(given, _)| *given == kid) {
            let rows = row.try_get("held").map_err(refused)?;
            return Err(OpenError::MissingKey { kid, rows });
        }
    }
    for (kid, check) in vault.key_checks() {
        sqlx::query(ADD_KEY)
            .bind(kid.as_str())
            .bind(check.as_str())
            .bind(now.as_micros())
            .execute(pool)
            .await
            .map_err(refused)?;
        let kept: String = sqlx::query_scalar("SELECT check_value FROM keyring WHERE kid = $1")
            .bind(kid.as_str())
            .fetch_one(pool)
            .await
            .map_err(refused)?;
        if kept != check {
            return Err(OpenError::WrongKey { kid });
        }
    }
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
    vault.open_server_secret(name, &Sealed(kept)).map_err(|_| {
        OpenError::Database(StoreError::Integrity(format!("the server secret “{name}” does not open: it was altered")))
    })
}

/// Whether anything is sealed.
pub(super) async fn holds_sealed_rows(pool: &AnyPool) -> Result<bool, OpenError> {
    Ok(!sqlx::query(KEYS_IN_USE).fetch_all(pool).await.map_err(refused)?.is_empty())
}
