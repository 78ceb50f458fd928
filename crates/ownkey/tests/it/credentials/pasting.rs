//! Keys as people paste them: each saved for whom it is, or told why not.

use http::Method;
use serde_json::{Value, json};
use testkit::House;

use super::{KEY, OTHER_KEY, names};

const CLAUDE: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key9";

fn outcomes(answer: &Value) -> Vec<(&str, Option<&str>)> {
    let rows = answer["data"].as_array().unwrap().iter();
    rows.map(|row| (row["outcome"].as_str().unwrap(), row["provider"].as_str())).collect()
}

#[tokio::test]
async fn every_key_of_a_pasted_file_is_saved_for_its_provider() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let text = format!(
        "# mine\nexport OPENAI_API_KEY=\"{KEY}\"\nDEBUG=1\n{CLAUDE}\nsk-FAKE0123456789abcdef0123456789ab\nyour-key-here\n"
    );
    let answer = ann.client.post("/v2/credentials/paste", &json!({"text": text})).await.expect(200).json();
    assert_eq!(
        outcomes(&answer),
        [("saved", Some("openai")), ("saved", Some("anthropic")), ("whose_key", None), ("refused", None)]
    );
    assert!(!answer.to_string().contains("FAKEaBcDeF"), "{answer}");
    assert_eq!((names(&ann, "openai").await.len(), names(&ann, "anthropic").await.len()), (1, 1));
    let again = ann.client.post("/v2/credentials/paste", &json!({"text": KEY})).await.expect(200).json();
    assert_eq!(outcomes(&again), [("refused", Some("openai"))]);
    assert!(again["data"][0]["problem"].as_str().unwrap().contains("already saved"), "{again}");
}

#[tokio::test]
async fn a_key_that_says_nothing_is_saved_for_whom_one_says() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let body = json!({"text": format!("FAKE0123456789abcdef0123456789ab\n{OTHER_KEY}"), "provider": "mistral"});
    let answer = ann.client.post("/v2/credentials/paste", &body).await.expect(200).json();
    assert_eq!(outcomes(&answer), [("saved", Some("mistral")), ("saved", Some("openai"))]);
    ann.client.post("/v2/credentials/paste", &json!({"text": "DEBUG=1"})).await.expect(422);
    let system = json!({"text": KEY, "scope": "system"});
    let refused = ann.client.post("/v2/credentials/paste", &system).await.expect(200).json();
    assert_eq!(outcomes(&refused), [("refused", Some("openai"))]);
}

#[tokio::test]
async fn a_browser_that_gave_the_password_may_copy_for_five_minutes() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", KEY).await;
    let cookie = house.web_session("ann").await;
    let path = format!("/v2/credentials/{}/reveal", key["id"].as_str().unwrap());
    let reveal = async |body: Value| {
        let headers =
            [("cookie", cookie.as_str()), ("origin", house.url.as_str()), ("content-type", "application/json")];
        house.nobody().send(Method::POST, &path, &headers, body.to_string().into_bytes()).await
    };
    assert_eq!(reveal(json!({})).await.expect(400).json()["code"], "incorrect_login");
    assert_eq!(reveal(json!({"password": testkit::PASSWORD})).await.expect(200).json()["api_key"], KEY);
    reveal(json!({})).await.expect(200);
    house.pass(std::time::Duration::from_secs(5 * 60 + 1));
    reveal(json!({})).await.expect(400);
    // Another proof of the same person has typed nothing.
    ann.client.post(&path, &json!({"password": testkit::PASSWORD})).await.expect(200);
    ann.client.post(&path, &json!({})).await.expect(400);
}

#[tokio::test]
async fn another_services_secret_goes_to_no_provider() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY01";
    let text = format!("AWS_SECRET_ACCESS_KEY={secret}\nMISTRAL_KEY=FAKE0123456789abcdef0123456789ab\n");
    let body = json!({"text": text, "provider": "mistral"});
    let told = ann.client.post("/v2/credentials/paste", &body).await;
    let told = told.expect(200).json();
    assert!(told["data"].as_array().unwrap().iter().all(|row| row["outcome"] == "whose_key"), "{told}");
    assert_eq!(ann.client.get("/v2/credentials").await.expect(200).json()["count"], 0);
    let was_sent = house.sim.log().iter().any(|call| format!("{:?}", call.headers).contains(secret));
    assert!(!was_sent, "the provider was sent another service's secret");
    let alone = json!({"text": "MISTRAL_KEY=FAKE0123456789abcdef0123456789ab", "provider": "mistral"});
    let told = ann.client.post("/v2/credentials/paste", &alone).await.expect(200).json();
    assert_eq!(told["data"][0]["outcome"], "saved", "{told}");
}
