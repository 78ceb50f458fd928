//! Pictures and documents that a request names by their address.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use provider_sim::KeyState;
use serde_json::{Value, json};
use testkit::{Answer, House, Options, Page, Person, SITE, Site, eventually};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";
const PNG_BASE64: &str = "iVBORw0KGgphbmQgc28gb24=";
const KEY: &str = "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234";
const OTHER_KEY: &str = "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ05678";
const GOOGLES: &str = "gemini-3.5-flash";

/// A house beside a site, and Ann with keys of Google's and OpenAI's.
struct Stage {
    house: House,
    site: Site,
    ann: Person,
}

impl Stage {
    async fn set(page: Page) -> Self {
        Self::with(page, Options::default()).await
    }

    async fn with(page: Page, options: Options) -> Self {
        let site = Site::start(page).await;
        let house = House::start_with(Options { site: Some(site.address), ..options }).await;
        let ann = house.user("ann").await;
        ann.save_key("google", KEY).await;
        ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
        Self { house, site, ann }
    }

    async fn ask(&self, model: &str, addresses: &[&str]) -> Answer {
        self.ann.client.post("/v1/chat/completions", &body(model, addresses)).await
    }

    /// The bodies that reached the provider's chats.
    fn sent(&self) -> Vec<Value> {
        let calls = self.house.sim.log();
        let chats = calls.iter().filter(|call| call.model.is_some());
        chats.map(|call| serde_json::from_slice(&call.body).unwrap()).collect()
    }
}

fn body(model: &str, addresses: &[&str]) -> Value {
    let pictures = addresses.iter().map(|url| json!({"type": "image_url", "image_url": {"url": url}}));
    let mut parts = vec![json!({"type": "text", "text": "What is this?"})];
    parts.extend(pictures);
    json!({"model": model, "messages": [{"role": "user", "content": parts}]})
}

fn at(path: &str) -> String {
    format!("https://{SITE}/{path}")
}

#[tokio::test]
async fn a_picture_is_fetched_for_a_provider_that_does_not_fetch() {
    let stage = Stage::set(Page::Body(PNG.to_vec())).await;
    stage.ask(GOOGLES, &[&at("a.png?size=1"), &at("a.png?size=1")]).await.expect(200);
    let expected = json!({"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}});
    let sent = stage.sent();
    assert_eq!(
        json!([sent[0]["contents"][0]["parts"][1], sent[0]["contents"][0]["parts"][2]]),
        json!([expected, expected])
    );
    assert_eq!(stage.site.seen(), ["/a.png?size=1"]);
}

#[tokio::test]
async fn it_is_fetched_once_however_many_keys_are_tried() {
    let stage = Stage::set(Page::Body(PNG.to_vec())).await;
    stage.ann.save_key("google", OTHER_KEY).await;
    stage.house.sim.key(KEY, KeyState::RateLimited { reset: Duration::from_secs(30) });
    let answer = stage.ask(GOOGLES, &[&at("a.png"), &at("b.png")]).await.expect(200);
    assert_eq!(answer.header("x-ownkey-attempts"), "2");
    let mut seen = stage.site.seen();
    seen.sort();
    assert_eq!(seen, ["/a.png", "/b.png"]);
}

#[tokio::test]
async fn a_provider_that_fetches_is_sent_the_address() {
    let stage = Stage::set(Page::Body(PNG.to_vec())).await;
    stage.ask("gpt-5-mini", &[&at("a.png"), "http://10.0.0.1/b.png"]).await.expect(200);
    let parts = stage.sent()[0]["messages"][0]["content"].clone();
    assert_eq!(
        json!([parts[1]["image_url"]["url"], parts[2]["image_url"]["url"]]),
        json!([at("a.png"), "http://10.0.0.1/b.png"])
    );
    assert!(stage.site.seen().is_empty());
}

#[tokio::test]
async fn what_cannot_be_had_is_a_400_that_names_the_host_and_nothing_else() {
    let secret = at("private.png?token=s3cret");
    let one_mebibyte_too_much = [PNG, &vec![0; 10 * 1024 * 1024]].concat();
    for (page, address, words) in [
        (Page::Status(404), secret.as_str(), &["model.test/…", "status 404"][..]),
        (Page::Status(302), &secret, &["model.test/…", "redirects"]),
        (Page::Body(b"<html>".to_vec()), &secret, &["model.test/…", "no PNG"]),
        (Page::Body(one_mebibyte_too_much), &secret, &["model.test/…", "larger than 10 MiB"]),
        (Page::Body(PNG.to_vec()), "http://model.test/a.png?token=s3cret", &["only https"]),
        (Page::Body(PNG.to_vec()), "https://user:s3cret@model.test/a.png", &["an address of the request"]),
        (Page::Body(PNG.to_vec()), "https://127.0.0.1/s3cret.png", &["127.0.0.1/…", "no public server"]),
        (Page::Body(PNG.to_vec()), "https://169.254.169.254/latest/s3cret", &["169.254.169.254/…", "no public server"]),
        (Page::Body(PNG.to_vec()), "https://2130706433/s3cret.png", &["an address of the request"]),
    ] {
        let stage = Stage::set(page).await;
        let error = stage.ask(GOOGLES, &[address]).await.expect(400).json()["error"].clone();
        let sentence = error["message"].as_str().unwrap();
        assert_eq!(error["code"], "invalid_request", "{sentence}");
        assert!(words.iter().all(|word| sentence.contains(word)), "{address}: {sentence}");
        assert!(sentence.contains("data: URI") && !sentence.contains("s3cret"), "{sentence}");
        assert!(stage.sent().is_empty() && stage.ann.usage().await.is_empty(), "{address}");
    }
}

#[tokio::test]
async fn the_address_of_this_server_and_of_a_listed_provider_are_not_fetched_from() {
    let stage = Stage::set(Page::Body(PNG.to_vec())).await;
    for origin in [stage.house.url.clone(), stage.house.sim.origin()] {
        let address = format!("{}/a.png", origin.replace("http://", "https://"));
        stage.ask(GOOGLES, &[&address]).await.expect(400);
    }
    assert!(stage.sent().is_empty());
}

#[tokio::test]
async fn too_many_addresses_are_refused_before_any_is_fetched() {
    let stage = Stage::set(Page::Body(PNG.to_vec())).await;
    let addresses: Vec<String> = (0..21).map(|number| at(&format!("{number}.png"))).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let answer = stage.ask(GOOGLES, &addresses).await.expect(400);
    assert!(answer.text().contains("21 addresses"), "{}", answer.text());
    assert!(stage.site.seen().is_empty());
}

#[tokio::test]
async fn more_than_the_whole_request_may_bring_is_refused() {
    let stage = Stage::set(Page::Body([PNG, &vec![0; 8 * 1024 * 1024]].concat())).await;
    let answer = stage.ask(GOOGLES, &[&at("1.png"), &at("2.png"), &at("3.png")]).await.expect(400);
    assert!(answer.text().contains("20 MiB"), "{}", answer.text());
}

#[tokio::test]
async fn the_operator_can_switch_it_off() {
    let off = Options { fetches_pictures: false, ..Options::default() };
    let stage = Stage::with(Page::Body(PNG.to_vec()), off).await;
    let answer = stage.ask(GOOGLES, &[&at("a.png")]).await.expect(400);
    assert!(answer.text().contains("fetches nothing"), "{}", answer.text());
    stage.ask(GOOGLES, &[&format!("data:image/png;base64,{PNG_BASE64}")]).await.expect(200);
    assert!(stage.site.seen().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_fetching() {
    let stage = Stage::set(Page::Silence).await;
    let address = at("a.png");
    let addresses = [address.as_str()];
    let is_asked = async || (!stage.site.seen().is_empty()).then_some(());
    tokio::select! {
        answer = stage.ask(GOOGLES, &addresses) => panic!("the site says nothing, and yet: {}", answer.text()),
        () = eventually("the site is asked", Duration::from_secs(10), is_asked) => {}
    }
    stage.site.visitor_left().await;
    stage.house.ledger_is_written().await;
    assert!(stage.sent().is_empty() && stage.ann.usage().await.is_empty());
}
