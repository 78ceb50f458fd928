//! Events page by page, and sums that add up.

use std::time::Duration;

use domain::attempt::AttemptState;
use domain::ids::AttemptId;

use super::*;
use crate::ledger::Settlement;
use crate::testing::{NOW, attempt, entropy, on_both, settlement};

#[tokio::test]
async fn events_come_newest_first_with_all_their_attempts() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (UserId::generate(NOW, &entropy()), UserId::generate(NOW, &entropy()));
        let mut requests = Vec::new();
        for second in 0..5 {
            let start = attempt(&store, ann, NOW.plus(Duration::from_secs(second / 2)));
            requests.push(start.request);
            store.ledger().dispatch(start.clone()).await.unwrap();
            let failed = Settlement { state: AttemptState::Failed, ..settlement(0) };
            store.ledger().settle(start.attempt, failed).acknowledged().await.unwrap();
            let attempt = AttemptId::generate(NOW, &entropy());
            let again = AttemptStart { attempt, number: 2, provider: ProviderId::Groq, ..start };
            store.ledger().dispatch(again).await.unwrap();
        }
        store.ledger().dispatch(attempt(&store, bob, NOW)).await.unwrap();

        let hers = UsageFilter { user: Some(ann), ..UsageFilter::default() };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = events(&store, &hers, after, 2).await.unwrap();
            assert_eq!((page.count, page.count_is_exact), (5, true));
            assert!(page.rows.iter().all(|event| event.attempts.len() == 2 && event.attempts[1].start.number == 2));
            seen.extend(page.rows.into_iter().map(|event| (event.at, event.request)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| a > b));
        assert_eq!(seen.len(), 5);

        let groq = UsageFilter { provider: Some(ProviderId::Groq), ..UsageFilter::default() };
        let found = events(&store, &groq, None, 10).await.unwrap();
        assert_eq!(found.count, 5, "an event passes by any of its attempts");
        assert_eq!(found.rows[0].attempts.len(), 2, "and is shown whole");
        let early = UsageFilter { to: Some(NOW.plus(Duration::from_secs(1))), ..UsageFilter::default() };
        assert_eq!(events(&store, &early, None, 10).await.unwrap().count, 3);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn sums_add_up_and_unknown_is_not_zero() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = UserId::generate(NOW, &entropy());
        for (days, cost, provider) in
            [(0, Some(100), ProviderId::OpenAi), (0, None, ProviderId::Groq), (1, Some(50), ProviderId::OpenAi)]
        {
            let at = NOW.minus(Duration::from_hours(24 * days));
            let start = AttemptStart { provider, ..attempt(&store, ann, at) };
            store.ledger().dispatch(start.clone()).await.unwrap();
            let end = Settlement { provider_cost: cost.map(Nanos), client_cost: cost.map(Nanos), ..settlement(0) };
            store.ledger().settle(start.attempt, end).acknowledged().await.unwrap();
        }
        store.ledger().dispatch(attempt(&store, ann, NOW)).await.unwrap();
        let hers = UsageFilter { user: Some(ann), ..UsageFilter::default() };
        let lines = async |by| {
            let lines = summary(&store, &hers, by).await.unwrap();
            lines
                .into_iter()
                .map(|line| (line.key, line.attempts, line.unknown, line.client_cost.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            lines(GroupBy::Day).await,
            [("2026-11-20".to_owned(), 1, 0, 50), ("2026-11-21".to_owned(), 3, 1, 100)]
        );
        assert_eq!(lines(GroupBy::Provider).await, [("openai".to_owned(), 3, 0, 150), ("groq".to_owned(), 1, 1, 0)]);
        assert_eq!(lines(GroupBy::Model).await[0].0, "openai/gpt-6.1");
        assert_eq!(lines(GroupBy::Source).await, [("api".to_owned(), 4, 1, 150)]);
        assert_eq!(lines(GroupBy::Credential).await.len(), 1);
        let tokens = summary(&store, &hers, GroupBy::Source).await.unwrap()[0].tokens;
        assert_eq!((tokens.prompt, tokens.completion), (30, 15));
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn absurd_costs_break_no_report() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = UserId::generate(NOW, &entropy());
        for _ in 0..3 {
            let start = attempt(&store, ann, NOW);
            store.ledger().dispatch(start.clone()).await.unwrap();
            store.ledger().settle(start.attempt, settlement(i64::MAX)).acknowledged().await.unwrap();
        }
        let lines = summary(&store, &UsageFilter::default(), GroupBy::Provider).await.unwrap();
        assert_eq!(lines[0].provider_cost, Nanos(30_000_000_000_000));
        store.close().await;
    })
    .await;
}
