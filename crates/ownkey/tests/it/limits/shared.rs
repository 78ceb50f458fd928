//! Rates that nodes count together in a real Redis, and what happens without it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use testkit::{Client, House, Node, Options, PostgresDatabase, Redis, eventually};

use super::{KEY, chat};

const PASSWORD: &str = "redis-FAKE-password-1";

/// How long a node may take to notice.
const SOON: Duration = Duration::from_secs(30);

struct Two {
    database: PostgresDatabase,
    redis: Redis,
    house: House,
    second: Node,
    client: Client,
}

impl Two {
    /// Two nodes on one PostgreSQL and one Redis at the beginning of a minute, and
    /// a client with a token of these rates; `None` where there is neither.
    async fn start(rates: serde_json::Value) -> Option<Self> {
        let redis = Redis::start(PASSWORD).await?;
        let database = PostgresDatabase::create().await?;
        let options =
            Options { database_url: Some(database.url.clone()), redis_url: Some(redis.url()), ..Options::default() };
        let house = House::start_with(options).await;
        let ann = house.user("ann").await;
        ann.save_key("openai", KEY).await;
        let mut body = json!({"name": "one"});
        body.as_object_mut().unwrap().extend(rates.as_object().unwrap().clone());
        let client = ann.gateway_client_with(&body).await;
        let second = house.second_node().await;
        let two = Self { database, redis, house, second, client };
        two.next_minute();
        two.are_together(true).await;
        Some(two)
    }

    fn next_minute(&self) {
        let of_minute = self.house.app.clock.now().as_micros().rem_euclid(60_000_000).unsigned_abs();
        self.house.pass(Duration::from_micros(60_000_000 - of_minute));
    }

    fn clients(&self) -> [Client; 2] {
        [Client::new(&self.house.url, Some(self.client.token())), self.second.client_of(&self.client)]
    }

    async fn are_together(&self, expected: bool) {
        eventually("both nodes know how they count", SOON, async || {
            let apps = [&self.house.app, &self.second.app];
            apps.iter().all(|app| app.counts_rates_together() == expected).then_some(())
        })
        .await;
    }

    /// Calls at both nodes at once; how many passed, and how many were refused.
    async fn calls(&self, number: usize) -> (usize, usize) {
        let [first, second] = self.clients();
        let calls = (0..number).map(|at| chat(if at % 2 == 0 { &first } else { &second }));
        let statuses: Vec<u16> = join_all(calls).await.iter().map(|answer| answer.status.as_u16()).collect();
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!(count(200) + count(429), number, "{statuses:?}");
        (count(200), count(429))
    }

    async fn end(self) {
        self.second.stop().await;
        self.house.stop().await;
        self.database.destroy().await;
    }
}

#[tokio::test]
async fn concurrent_calls_at_two_nodes_pass_exactly_as_often_as_the_limit_says() {
    let Some(two) = Two::start(json!({"rate_limit": 17})).await else { return };
    for _minute in 0..3 {
        assert_eq!(two.calls(60).await, (17, 43));
        two.next_minute();
    }
    let [first, second] = two.clients();
    assert_eq!(chat(&first).await.expect(200).header("x-ratelimit-remaining-requests"), "16");
    let answer = chat(&second).await.expect(200);
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "17");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "15", "both count in one window");
    let kept = two.redis.says("KEYS *").await;
    assert!(kept.contains("ownkey:rates:") && !kept.contains(two.client.token()), "{kept}");
    let key = kept.lines().find(|line| line.starts_with("ownkey:rates:") && !line.ends_with("trial")).unwrap();
    let left = two.redis.says(&format!("TTL {key}")).await;
    let left: i64 = left.lines().find_map(|line| line.strip_prefix(':')?.parse().ok()).unwrap();
    assert!((1..=120).contains(&left), "it expires: {left}");
    two.end().await;
}

#[tokio::test]
async fn tokens_of_an_answer_at_one_node_count_at_the_other() {
    let Some(two) = Two::start(json!({"tokens_per_minute": 9})).await else { return };
    let [first, second] = two.clients();
    chat(&first).await.expect(200);
    eventually("what the answer came to is counted", SOON, async || {
        two.redis
            .says("KEYS ownkey:rates:*")
            .await
            .lines()
            .find(|line| line.starts_with("ownkey:") && !line.ends_with("trial"))
            .map(str::to_owned)
    })
    .await;
    let refused = eventually("the other node hears of it", SOON, async || {
        let answer = chat(&second).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    assert_eq!(refused.header("x-ratelimit-remaining-tokens"), "0");
    two.end().await;
}

#[tokio::test]
async fn while_redis_is_dead_calls_go_on_and_each_node_counts_for_itself() {
    let Some(mut two) = Two::start(json!({"rate_limit": 5})).await else { return };
    assert_eq!(two.calls(4).await, (4, 0));
    two.redis.kill().await;
    // Each node knows of its own two.
    assert_eq!(two.calls(12).await, (6, 6), "three more at each");
    two.are_together(false).await;
    let metrics = two.house.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("ownkey_shared_rates 0"), "{metrics}");
    two.next_minute();
    assert_eq!(two.calls(12).await, (10, 2));
    two.redis.start_again().await;
    two.are_together(true).await;
    two.next_minute();
    assert_eq!(two.calls(12).await, (5, 7), "together again");
    let metrics = two.house.nobody().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("ownkey_shared_rates 1"), "{metrics}");
    two.end().await;
}

#[tokio::test]
async fn a_redis_that_says_nothing_holds_up_no_call() {
    let Some(two) = Two::start(json!({"rate_limit": 1000})).await else { return };
    assert_eq!(two.calls(2).await, (2, 0));
    two.redis.freeze();
    let begun = Instant::now();
    assert_eq!(two.calls(10).await, (10, 0));
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    two.are_together(false).await;
    two.redis.thaw();
    two.are_together(true).await;
    assert_eq!(two.calls(4).await, (4, 0));
    two.end().await;
}
