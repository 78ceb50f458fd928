//! Looking after the windows that nodes share: connecting anew, and saying once
//! that they are away and once that they are back.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::App;

/// How often is looked whether they still answer.
const LOOK: Duration = Duration::from_secs(5);

/// How often is looked whether they answer again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looks after the shared windows until `stop`; ends at once where there are none.
pub(crate) async fn follow(app: Arc<App>, stop: CancellationToken) {
    let Some(shared) = app.limits.shared().cloned() else { return };
    let mut was_there = None;
    loop {
        let found = tokio::select! {
            () = stop.cancelled() => return,
            found = shared.look() => found,
        };
        let is_there = found.is_ok();
        if was_there != Some(is_there) {
            let address = shared.address();
            match (&found, was_there) {
                (Ok(()), None) => tracing::info!(%address, "request rates are counted together with other nodes"),
                (Ok(()), Some(_)) => tracing::info!(%address, "request rates are counted together again"),
                (Err(away), _) => tracing::warn!(
                    %address,
                    "request rates are counted by this node alone until REDIS_URL answers: {away}"
                ),
            }
            app.metrics.rates_are_shared(is_there);
            was_there = Some(is_there);
        }
        let pause = if is_there { LOOK } else { LOOK_AGAIN };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.lost(), if is_there => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
