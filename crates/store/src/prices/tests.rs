//! Prices on both databases.

use std::time::Duration;

use domain::Price;
use domain::audit::{Actor, Event};
use domain::money::{LongContext, Rates};
use domain::price_book::PriceSource;

use super::*;
use crate::changes;
use crate::testing::{NOW, add_user, on_both};

fn priced(input_nanos: i64) -> Price {
    let rates = Rates { input_nanos, cached_input_nanos: Some(3), cache_write_hour_nanos: Some(9), ..Rates::default() };
    Price { rates, long_context: Some(LongContext { threshold_tokens: 200_000, rates }) }
}

fn entry(model: &str, starts_at: Timestamp, price: Option<Price>) -> PriceEntry {
    PriceEntry {
        provider: ProviderId::OpenAi,
        model: model.to_owned(),
        starts_at,
        price,
        source: PriceSource::LiteLlm,
        note: Some("as announced".to_owned()),
        created_at: NOW,
        created_by: None,
    }
}

async fn add(store: &Store, one: &PriceEntry) -> Result<(), StoreError> {
    let mut change = store.begin(NOW, Actor::System, None).await?;
    insert(&mut change, one).await?;
    change.commit(event(one)).await
}

fn event(one: &PriceEntry) -> Event {
    Event::PriceSet { provider: one.provider, model: one.model.clone(), starts_at: one.starts_at, price: one.price }
}

#[tokio::test]
async fn what_is_set_is_read_back_in_the_order_of_its_start() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@x.org").await.id;
        let later = NOW.plus(Duration::from_hours(1));
        let first = PriceEntry { created_by: Some(ann), ..entry("gpt", NOW, Some(priced(i64::MAX))) };
        let taken_back = PriceEntry { note: None, source: PriceSource::Manual, ..entry("gpt", later, None) };
        let seen = changes::latest(&store).await.unwrap();
        add(&store, &taken_back).await.unwrap();
        add(&store, &first).await.unwrap();
        assert_eq!(all(&store).await.unwrap(), [first.clone(), taken_back]);
        let news = changes::since(&store, seen, 10).await.unwrap();
        assert!(news.iter().all(|change| change.kind == Some(ChangeKind::Price)) && news.len() == 2, "{news:?}");
        assert!(matches!(add(&store, &first).await, Err(StoreError::Conflict(_))), "one at each moment");
    })
    .await;
}

#[tokio::test]
async fn only_what_has_not_begun_can_be_withdrawn() {
    on_both(async |place| {
        let store = place.open().await;
        let later = NOW.plus(Duration::from_hours(1));
        let (begun, upcoming) = (entry("gpt", NOW, Some(priced(1))), entry("gpt", later, Some(priced(2))));
        for one in [&begun, &upcoming] {
            add(&store, one).await.unwrap();
        }
        let mut change = store.begin(NOW, Actor::System, None).await.unwrap();
        let mut take_out = async |model: &str, at, now| withdraw(&mut change, ProviderId::OpenAi, model, at, now).await;
        assert!(!take_out("gpt", NOW, NOW).await.unwrap(), "it has begun");
        assert!(!take_out("other", later, NOW).await.unwrap(), "another model");
        assert!(!take_out("gpt", later, later).await.unwrap(), "it begins now");
        assert!(take_out("gpt", later, NOW).await.unwrap());
        assert_eq!(all_in(&mut change).await.unwrap(), std::slice::from_ref(&begun));
        change.commit(event(&upcoming)).await.unwrap();
        assert_eq!(all(&store).await.unwrap(), [begun]);
    })
    .await;
}
