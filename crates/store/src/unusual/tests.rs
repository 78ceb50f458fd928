//! A key that is used as never before stands out once a day.

use std::time::Duration;

use domain::Nanos;
use domain::unusual::Measure;

use super::*;
use crate::health_feed;
use crate::ledger::{AttemptStart, Settlement};
use crate::testing::{NOW, attempt, entropy, on_both, settlement};

const DOLLAR: i64 = 1_000_000_000;

async fn spend(store: &Store, key: &str, back: u64, dollars: i64) {
    let user = domain::ids::UserId::generate(NOW, &entropy());
    let at = NOW.minus(Duration::from_secs(86_400 * back));
    let start = AttemptStart { credential: CredentialId::of_source(key), ..attempt(store, user, at) };
    store.ledger().dispatch(start.clone()).await.unwrap();
    let cost = Some(Nanos(dollars * DOLLAR));
    let end = Settlement { provider_cost: cost, client_cost: cost, ..settlement(0) };
    store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
}

#[tokio::test]
async fn a_key_that_spends_many_times_its_usual_day_is_told_of_once_a_day() {
    on_both(async |place| {
        let store = place.open().await;
        for back in 1..=10 {
            spend(&store, "env:STEADY", back, 2).await;
            spend(&store, "env:SPENDER", back, 20).await;
        }
        spend(&store, "env:NEWCOMER", 0, 50).await;
        spend(&store, "env:SPENDER", 0, 21).await;
        spend(&store, "env:STEADY", 0, 4).await;
        assert_eq!(look(&store, NOW).await.unwrap(), []);
        spend(&store, "env:STEADY", 0, 14).await;
        let steady = CredentialId::of_source("env:STEADY");
        let unusual = Unusual { measure: Measure::Spend, amount: 18 * DOLLAR, usual: 2 * DOLLAR };
        assert_eq!(look(&store, NOW).await.unwrap(), [(steady, unusual)]);
        assert_eq!(unusual.told(), "9 × its usual day");
        // Again only as a figure, not as news.
        spend(&store, "env:STEADY", 0, 4).await;
        assert_eq!(look(&store, NOW).await.unwrap(), []);
        let found = of_day(&store, NOW, Some(&[steady])).await.unwrap();
        assert_eq!(found[&steady].amount, 22 * DOLLAR);
        let told = health_feed::since(&store, 0, 10).await.unwrap();
        let told: Vec<_> = told.into_iter().filter_map(|news| news.finding).collect();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].kind, told[0].credential), (HealthKind::Unusual, steady));
        assert_eq!(of_day(&store, NOW.plus(Duration::from_secs(86_400)), None).await.unwrap(), HashMap::new());
        prune(&store, NOW.plus(Duration::from_secs(86_400 * 100))).await.unwrap();
        assert_eq!(of_day(&store, NOW, None).await.unwrap(), HashMap::new());
        store.close().await;
    })
    .await;
}
