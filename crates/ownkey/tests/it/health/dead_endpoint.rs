//! One dead endpoint delays nobody: the last good list is there at once, and
//! comes back by itself.

use std::time::{Duration, Instant};

use app::rechecks::run_due;
use provider_sim::FreeDoors;
use serde_json::json;
use testkit::House;

use super::{KEY, becomes, checks, id};

#[tokio::test]
async fn a_dead_endpoint_delays_no_page_and_no_list() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let cookie = house.web_session("ann").await;
    let good = ann.client.get("/v1/models").await.expect(200).text();
    assert!(good.contains("gpt-5-mini"));

    house.sim.free_doors(FreeDoors::Hang);
    let before = checks(&house, KEY);
    let (client, path) = (ann.client.clone(), format!("/v2/credentials/{key}/check"));
    let hanging = tokio::spawn(async move { client.post_owned(path, json!({})).await });
    house.sim.wait_for(|_| checks(&house, KEY) > before).await.unwrap();

    let since = Instant::now();
    assert_eq!(ann.client.get("/v1/models").await.expect(200).text(), good);
    ann.client.get("/v2/llm-models?is_active=true").await.expect(200);
    ann.client.get("/v2/status").await.expect(200);
    ann.client.get("/v2/credentials").await.expect(200);
    let page = house.nobody().send(http::Method::GET, "/keys", &[("cookie", &cookie)], Vec::new()).await.expect(200);
    assert!(page.text().contains("OpenAI"));
    ann.chat("Hi").await.expect(200);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert!(!hanging.is_finished(), "nothing waited for it");
    hanging.abort();
}

#[tokio::test]
async fn an_endpoint_that_went_away_keeps_its_last_list_until_it_is_back() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = id(&ann.save_key("openai", KEY).await);
    let good = ann.client.get("/v1/models").await.expect(200).text();
    house.sim.free_doors(FreeDoors::Close);
    let path = format!("/v2/credentials/{key}/check");
    assert_eq!(ann.client.post(&path, &json!({})).await.expect(200).json()["status"], "unreachable");
    assert_eq!(ann.client.get("/v1/models").await.expect(200).text(), good);
    let errors = format!("SELECT error FROM model_lists WHERE credential_id = '{key}'");
    assert_ne!(house.raw_database().await.rows(&errors).await, [[""]], "why is kept beside the list");

    house.sim.free_doors(FreeDoors::Answer);
    house.pass(Duration::from_secs(120));
    run_due(&house.app).await;
    becomes(&ann, &key, "valid").await;
    assert_eq!(house.raw_database().await.rows(&errors).await, [[""]]);
    assert_eq!(ann.client.get("/v1/models").await.expect(200).text(), good);
}
