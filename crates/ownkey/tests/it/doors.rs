//! Every door × every kind of caller. The table is `contract/routes.txt`.

use std::fmt::Write as _;

use domain::access::Need;
use http::Method;
use serde_json::json;
use testkit::{Answer, Client, House, Person};
use web::router::{Door, doors};

use crate::contract;

/// An id that is nobody's.
const NOBODYS: &str = "01890000-0000-7000-8000-000000000000";

/// Somebody who knocks, and how.
struct Knocker {
    name: &'static str,
    client: Client,
    headers: Vec<(&'static str, String)>,
}

/// The columns of the table.
async fn callers(house: &House, number: usize) -> Vec<Knocker> {
    let member = house.user(&format!("member{number}")).await;
    let admin = house.admin(&format!("admin{number}")).await;
    let revoked = member.gateway_client().await;
    let tokens = member.client.get("/v2/tokens").await.expect(200).json();
    member.client.delete(&format!("/v2/tokens/{}", tokens["data"][0]["id"].as_str().unwrap())).await.expect(204);
    let models = member.gateway_client().await;
    let metrics = member.gateway_client_with(&json!({"name": "metrics", "scopes": ["metrics"]})).await;
    house.user(&format!("browser{number}")).await;
    let cookie = house.web_session(&format!("browser{number}")).await;
    let plain = |name, client| Knocker { name, client, headers: Vec::new() };
    vec![
        plain("nobody", house.nobody()),
        plain("member", member.client),
        plain("admin", admin.client),
        plain("revoked", revoked),
        plain("models", models),
        plain("metrics", metrics),
        Knocker {
            name: "cookie",
            client: house.nobody(),
            headers: vec![("cookie", cookie), ("sec-fetch-site", "same-origin".to_owned())],
        },
    ]
}

/// Knocks with a body that no door does anything with.
async fn knock(door: &Door, knocker: &Knocker) -> Answer {
    let path = door.path.replace("{id}", NOBODYS).replace("{*id}", "no-such-model").replace("{code}", "no-such-code");
    let mut headers: Vec<(&str, &str)> = knocker.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let is_form = !path.starts_with("/v") || path == "/v2/login/access-token";
    let body = match door.method {
        Method::GET | Method::DELETE => String::new(),
        _ if is_form => {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            let name = knocker.name;
            format!("email={name}@nowhere.example&username={name}@nowhere.example&password=wrong+password")
        }
        _ => {
            headers.push(("content-type", "application/json"));
            "{}".to_owned()
        }
    };
    knocker.client.send(door.method.clone(), &path, &headers, body.into()).await
}

/// What must hold whatever the table says.
fn check(door: &Door, knocker: &Knocker, answer: &Answer) {
    let (status, place) = (answer.status.as_u16(), format!("{} {} for {}", door.method, door.path, knocker.name));
    assert!(status < 500, "{place}: {status} {}", answer.text());
    assert!(!answer.header("x-request-id").is_empty(), "{place}");
    assert_eq!(answer.header("x-request-id"), answer.header("request-id"), "{place}");
    let is_guarded = door.need != Need::Nothing && door.need != Need::Metrics;
    // Whoever is not known is led to the log-in page where they asked for a page.
    let is_page = !door.path.starts_with("/v");
    let unknown = if is_page && is_guarded && door.method == Method::GET { 303 } else { 401 };
    match knocker.name {
        "nobody" if is_guarded => assert_eq!(status, unknown, "{place}"),
        "revoked" if door.need != Need::Nothing => assert_eq!(status, unknown, "{place}"),
        "models" if is_guarded && door.need != Need::CallModels => assert_eq!(status, 403, "{place}"),
        "metrics" if is_guarded => assert_eq!(status, 403, "{place}"),
        "member" | "cookie" if matches!(door.need, Need::ReadAudit | Need::ManageUsers) => {
            assert_eq!(status, 403, "{place}");
        }
        _ if door.need != Need::Nothing => assert_ne!(status, 401, "{place}"),
        _ => {}
    }
}

#[tokio::test]
async fn every_door_answers_every_caller_as_the_contract_says() {
    let house = House::start().await;
    let mut knockers = callers(&house, 0).await;
    let mut table = String::from(
        "# Every door, what it needs, and what each kind of caller gets who knocks with a body that is not enough.\n# 2xx and other 4xx: let in; 401: not known; 403: known and not allowed. `cookie` is a browser on our own page.\n",
    );
    write!(table, "{:7}{:38}{:20}", "METHOD", "PATH", "NEED").unwrap();
    for knocker in &knockers {
        write!(table, "{:9}", knocker.name).unwrap();
    }
    table = table.trim_end().to_owned() + "\n";
    let mut number = 0;
    for door in doors() {
        write!(table, "{:7}{:38}{:20}", door.method.as_str(), door.path, door.need.to_string()).unwrap();
        let mut row = String::new();
        for knocker in &knockers {
            let answer = knock(&door, knocker).await;
            check(&door, knocker, &answer);
            write!(row, "{:9}", answer.status.as_u16().to_string()).unwrap();
        }
        table = table + row.trim_end() + "\n";
        if door.path.ends_with("logout") || (door.method == Method::DELETE && door.path == "/v2/sessions") {
            number += 1;
            knockers = callers(&house, number).await;
        }
    }
    contract::check("routes.txt", &table);
}

#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let house = House::start().await;
    let (ann, bob, root) = (house.user("ann").await, house.user("bob").await, house.admin("root").await);
    let key = ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let key = format!("/v2/credentials/{}", key["id"].as_str().unwrap());
    let token = ann.client.post("/v2/tokens", &json!({"name": "laptop"})).await.expect(201).json();
    let token = format!("/v2/tokens/{}", token["id"].as_str().unwrap());
    let sessions = ann.client.get("/v2/sessions").await.expect(200).json();
    let session = format!("/v2/sessions/{}", sessions["data"][0]["id"].as_str().unwrap());
    for stranger in [&bob, &root] {
        let all = stranger.client.clone();
        for (method, path, body) in [
            (Method::GET, key.clone(), None),
            (Method::PATCH, key.clone(), Some(json!({"name": "mine now"}))),
            (Method::DELETE, format!("{key}?confirm=true"), None),
            (Method::POST, format!("{key}/check"), None),
            (Method::POST, format!("{key}/activate"), None),
            (Method::POST, format!("{key}/deactivate"), None),
            (Method::POST, format!("{key}/make-primary"), None),
            (Method::POST, format!("{key}/reveal"), Some(json!({"password": testkit::PASSWORD}))),
            (Method::GET, format!("{key}/impact"), None),
            (Method::DELETE, token.clone(), None),
            (Method::DELETE, session.clone(), None),
        ] {
            let body = body.map(|body| body.to_string()).unwrap_or_default();
            let headers = [("content-type", "application/json")];
            let answer = all.send(method.clone(), &path, &headers, body.into()).await;
            assert_eq!(answer.status.as_u16(), 404, "{} {method} {path}: {}", stranger.email, answer.text());
        }
        pages_of_strangers(&house, stranger, &key, &token).await;
    }
    ann.client.get(&key).await.expect(200);
    let listed = bob.client.get("/v2/credentials").await.expect(200).json();
    assert_eq!(listed["count"], 0);
    let pinned = [("content-type", "application/json"), ("x-ownkey-credential", key.rsplit('/').next().unwrap())];
    let body = testkit::chat_body("gpt-5-mini", "Hi", false).to_string();
    let answer = bob.client.send(Method::POST, "/v1/chat/completions", &pinned, body.into()).await;
    assert!([400, 404].contains(&answer.status.as_u16()), "{}", answer.text());
    assert!(house.sim.log().iter().all(|call| call.model.is_none()), "a stranger's call reached the provider");
}

async fn pages_of_strangers(house: &House, stranger: &Person, key: &str, token: &str) {
    let cookie = house.web_session(stranger.email.split('@').next().unwrap()).await;
    let nobody = house.nobody();
    for action in ["check", "activate", "deactivate", "make-primary", "delete", "delete-anyway"] {
        let page = key.replace("/v2/credentials", "/keys");
        nobody.submit(&page, &cookie, &format!("action={action}")).await.expect(404);
    }
    let page = token.replace("/v2/tokens", "/tokens") + "/revoke";
    nobody.submit(&page, &cookie, "").await.expect(404);
}

#[tokio::test]
async fn a_cookie_changes_nothing_without_proof_that_our_own_page_sends_it() {
    let house = House::start().await;
    house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let own = house.url.clone();
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
    ];
    let unsafe_doors = doors().into_iter().filter(|door| door.method != Method::GET);
    for door in unsafe_doors.filter(|door| door.need != Need::Nothing || !door.path.starts_with("/v2")) {
        for proof in foreign {
            let path = door.path.replace("{id}", NOBODYS).replace("{code}", "none");
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let json = [("content-type", "application/json")];
            let kind = if door.path.starts_with("/v") { json } else { form };
            let headers: Vec<_> = [("cookie", cookie.as_str())].into_iter().chain(kind).chain(proof.to_vec()).collect();
            let answer = house.nobody().send(door.method.clone(), &path, &headers, b"{}".to_vec()).await;
            assert_eq!(answer.status.as_u16(), 403, "{} {path} with {proof:?}: {}", door.method, answer.text());
            if path.starts_with("/v2") {
                assert_eq!(answer.json()["code"], "not_same_origin", "{path}");
            }
        }
    }
    let by_origin = [("cookie", cookie.as_str()), ("origin", own.as_str()), ("content-type", "application/json")];
    let body = json!({"name": "laptop"}).to_string();
    house.nobody().send(Method::POST, "/v2/tokens", &by_origin, body.into()).await.expect(201);
}

#[tokio::test]
async fn a_cookie_under_a_foreign_host_is_misdirected() {
    let house = House::start().await;
    house.user("ann").await;
    let cookie = house.web_session("ann").await;
    for path in ["/v2/users/me", "/v2/credentials", "/keys", "/login", "/", "/setup?code=x"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: evil.example\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\r\n"
        );
        let answer = testkit::raw(&house.url, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_token_sent_as_a_cookie_opens_nothing() {
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let tokens = [ann.gateway_client().await.token().to_owned(), ann.client.token().to_owned()];
    let cookie_name = house.web_session("ann").await.split('=').next().unwrap().to_owned();
    for token in tokens {
        // Known as a token first, so that it is in memory.
        let known = house.nobody().with_token(&token).get("/v1/models").await;
        assert_eq!(known.status.as_u16(), 200);
        let cookie = format!("{cookie_name}={token}");
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        for door in doors().into_iter().filter(|door| door.need != Need::Nothing) {
            if door.path == "/metrics" {
                continue;
            }
            let path = door.path.replace("{id}", NOBODYS).replace("{*id}", "no-such-model");
            let answer = house.nobody().send(door.method.clone(), &path, &headers, Vec::new()).await;
            let is_refused = answer.status.as_u16() == 401 || answer.header("location") == "/login";
            assert!(is_refused, "{} {path}: {}", door.method, answer.status);
        }
    }
}
