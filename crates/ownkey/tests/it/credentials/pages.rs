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
    page_at(house, cookie, "/keys").await
}

async fn page_at(house: &House, cookie: &str, path: &str) -> String {
    house.nobody().send(Method::GET, path, &[("cookie", cookie)], Vec::new()).await.expect(200).text()
}

#[tokio::test]
async fn a_key_is_rotated_by_a_form_and_an_old_one_has_a_quiet_chip() {
    let (house, ann, key) = ann_with_a_key().await;
    let cookie = house.web_session("ann").await;
    let door = format!("/keys/{}/rotate", id(&key));
    assert!(!page(&house, &cookie).await.contains("days old"));
    assert!(page_at(&house, &cookie, &door).await.contains("Check and rotate"));
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

#[tokio::test]
async fn a_key_is_edited_by_a_form_that_was_filled_with_what_it_is() {
    let (house, ann, key) = ann_with_a_key().await;
    let cookie = house.web_session("ann").await;
    let door = format!("/keys/{}/edit", id(&key));
    assert!(page_at(&house, &cookie, &door).await.contains("value=\"Work\""));
    let body = "name=Home&note=for+the+house&api_key=&api_base=&expires_at=2999-12-31";
    form(&house, &cookie, &door, body.to_owned()).await.expect(303);
    let edited = now(&ann, &key).await;
    assert_eq!((&edited["name"], &edited["note"]), (&"Home".into(), &"for the house".into()));
    assert!(edited["expires_at"].as_str().unwrap().starts_with("2999-12-31"), "{edited}");
    assert_eq!(edited["status"], "valid", "the secret stays");
    let moved = "name=Home&note=&api_base=https%3A%2F%2Felsewhere.example%2Fv1&expires_at=2999-12-31";
    let refused = form(&house, &cookie, &door, moved.to_owned()).await;
    assert!(refused.status.is_client_error() && refused.text().contains("type the key again"), "{}", refused.text());
    form(&house, &cookie, &door, "name=Home&note=&api_base=&expires_at=".to_owned()).await.expect(303);
    assert_eq!(now(&ann, &key).await["expires_at"], serde_json::Value::Null);
}

#[tokio::test]
async fn many_keys_come_a_page_at_a_time_and_are_found_by_their_name() {
    let (house, ann, _key) = ann_with_a_key().await;
    for at in 10..70 {
        let body = serde_json::json!({"provider": "groq", "name": format!("row {at}"), "api_key": format!("gsk_FAKEaBcDeFgHiJkLmNoPq{at}")});
        ann.client.post("/v2/credentials", &body).await.expect(201);
    }
    let cookie = house.web_session("ann").await;
    let (mut path, mut seen) = ("/keys?provider=groq".to_owned(), Vec::new());
    for _ in 0..2 {
        let page = page_at(&house, &cookie, &path).await;
        seen.extend((10..70).filter(|at| page.contains(&format!(">row {at}<"))));
        let Some((before, _)) = page.split_once("rel=\"next\"") else { break };
        let link = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        path = link.replace("&amp;", "&");
    }
    assert_eq!(seen, (10..70).collect::<Vec<_>>(), "each once, in order");
    let found = page_at(&house, &cookie, "/keys?q=ROW+42").await;
    assert!(found.contains("row 42") && !found.contains("row 43"));
    let list = ann.client.get("/v2/credentials?q=row%2042").await.expect(200).json();
    assert_eq!(list["count"], 1);
    assert!(page_at(&house, &cookie, "/keys?q=100%25").await.contains("No key matches"));
}

#[tokio::test]
async fn a_key_goes_up_and_down_behind_the_primary() {
    let (house, ann, first) = ann_with_a_key().await;
    let mut more = Vec::new();
    for (name, key) in [("Second", OTHER_KEY), ("Third", super::THIRD_KEY)] {
        let body = serde_json::json!({"provider": "openai", "name": name, "api_key": key});
        more.push(ann.client.post("/v2/credentials", &body).await.expect(201).json());
    }
    let cookie = house.web_session("ann").await;
    form(&house, &cookie, &format!("/keys/{}", id(&more[1])), "action=up".to_owned()).await.expect(303);
    assert_eq!(super::names(&ann, "openai").await, ["Work", "Third", "Second"]);
    let arrange = format!("/v2/credentials/{}/arrange", id(&more[0]));
    let before = serde_json::json!({"place": "before", "other_id": id(&more[1])});
    ann.client.post(&arrange, &before).await.expect(200);
    assert_eq!(super::names(&ann, "openai").await, ["Work", "Second", "Third"]);
    let first = format!("/v2/credentials/{}/arrange", id(&first));
    ann.client.post(&first, &serde_json::json!({"place": "down"})).await.expect(422);
}
