//! The plain forms of `/keys` around rotation and deletion.

use http::Method;
use testkit::{Answer, House};

use super::{DAY, KEY, OTHER_KEY, ann_with_a_key, id, now, shown};

async fn form(house: &House, cookie: &str, path: &str, body: String) -> Answer {
    let headers =
        [("cookie", cookie), ("origin", house.url.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    house.nobody().send(Method::POST, path, &headers, body.into_bytes()).await
}

async fn page(house: &House, cookie: &str) -> String {
    house.nobody().send(Method::GET, "/keys", &[("cookie", cookie)], Vec::new()).await.expect(200).text()
}

#[tokio::test]
async fn a_key_is_rotated_by_a_form_and_an_old_one_has_a_quiet_chip() {
    let (house, ann, key) = ann_with_a_key().await;
    let cookie = house.web_session("ann").await;
    let before = page(&house, &cookie).await;
    assert!(before.contains("Check and rotate") && !before.contains("days old"), "{before}");
    let door = format!("/keys/{}/rotate", id(&key));
    let refused = form(&house, &cookie, &door, format!("api_key={KEY}&grace=86400")).await.expect(409).text();
    assert!(refused.contains("has already") && !refused.contains(KEY), "{refused}");
    form(&house, &cookie, &door, format!("api_key={OTHER_KEY}&grace=86400")).await.expect(303);
    ann.chat("Hi").await.expect(200);
    assert_eq!(shown(&house), OTHER_KEY);
    assert!(page(&house, &cookie).await.contains("(until "));
    // The session of a browser outlives the age of a key only by being made anew.
    house.pass(91 * DAY);
    let cookie = house.web_session("ann").await;
    assert!(page(&house, &cookie).await.contains("91 days old"));
}

#[tokio::test]
async fn a_key_in_use_is_deleted_by_a_second_click() {
    let (house, ann, key) = ann_with_a_key().await;
    let cookie = house.web_session("ann").await;
    ann.chat("Hi").await.expect(200);
    house.ledger_is_written().await;
    let door = format!("/keys/{}", id(&key));
    let asked = form(&house, &cookie, &door, "action=delete".to_owned()).await.expect(409).text();
    assert!(asked.contains("Delete anyway") && asked.contains("Deactivate instead"), "{asked}");
    assert_eq!(now(&ann, &key).await["is_active"], true);
    form(&house, &cookie, &door, "action=delete-anyway".to_owned()).await.expect(303);
    ann.client.get(&format!("/v2/credentials/{}", id(&key))).await.expect(404);
}

#[tokio::test]
async fn an_azure_key_is_saved_by_the_form() {
    let (house, ann, _key) = ann_with_a_key().await;
    let cookie = house.web_session("ann").await;
    let body = "provider=azure&api_key=0123456789abcdef0123456789abcdef&name=Azure&deployments=one%2C+two\
                &api_base=https%3A%2F%2Fmine.openai.azure.com";
    form(&house, &cookie, "/keys", body.to_owned()).await.expect(303);
    let list = ann.client.get("/v2/credentials?provider=azure").await.expect(200).json();
    assert_eq!(list["data"][0]["settings"]["deployments"], serde_json::json!(["one", "two"]), "{list}");
}
