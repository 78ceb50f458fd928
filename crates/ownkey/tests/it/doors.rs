//! Every door × every kind of caller. The table is `contract/routes.txt`.

use std::fmt::Write;

use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use testkit::{Client, House, Person};

use crate::contract;

/// An id of nothing.
const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn every_door_opens_for_whom_the_table_says_and_for_nobody_else() {
    let house = House::start().await;
    let mut table = String::from(
        "# Made from the code: every door, what it needs, and what each kind of caller gets\n\
         # when knocking without a body. 2xx and the 4xx of a missing body or thing: let in;\n\
         # 401: not known; 403: known and not allowed.\n\
         # method path need | nobody member admin revoked-token powerless-token models-token owner-of-an-organization team-token\n",
    );
    for door in web::router::doors() {
        // Each door has callers of its own: some doors end the session they are knocked at with.
        let callers = callers(&house).await;
        let path = filled(door.path);
        let mut line = format!("{} {} {} |", door.method, door.path, door.need);
        for caller in &callers {
            write!(line, " {}", status_of(caller, &door.method, &path).await).unwrap();
        }
        writeln!(table, "{line}").unwrap();
    }
    contract::check("routes.txt", &table);
}

/// A door's path with something in the place of each name.
fn filled(path: &str) -> String {
    [
        ("{id}", NOBODYS_ID),
        ("{message_id}", NOBODYS_ID),
        ("{organization}", "no-such-organization"),
        ("{organization_id}", "no-such-organization"),
        ("{user_id}", NOBODYS_ID),
        ("{invitation_id}", NOBODYS_ID),
        ("{provider}", "openai"),
        ("{*id}", "no-such-model"),
        ("{*model}", "no-such-model"),
        ("{response_id}", "resp_none"),
        ("{code}", "no-such-code"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// The status of an answer, which is read to its end where it has one.
async fn status_of(caller: &Client, method: &Method, path: &str) -> u16 {
    let response = caller.open(method.clone(), path, &[], Vec::new()).await;
    let status = response.status();
    let kind = response.headers().get("content-type").map(|kind| kind.as_bytes().to_vec()).unwrap_or_default();
    if !kind.starts_with(b"text/event-stream") {
        let text = response.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        assert!(!status.is_server_error(), "{method} {path}: {}", String::from_utf8_lossy(&text));
    }
    status.as_u16()
}

/// Nobody, a member, an admin, a revoked token, one that may only read metrics,
/// one that may only call models, the owner of an organization, a token of its
/// team.
async fn callers(house: &House) -> Vec<Client> {
    let number = house.app.next_request_id();
    let member = house.user(&format!("member-{number}")).await;
    let admin = house.admin(&format!("admin-{number}")).await;
    let revoked = revoked_token(&member).await;
    let powerless = member.gateway_client_with(&json!({"name": "powerless", "scopes": ["metrics"]})).await;
    let models = member.gateway_client_with(&json!({"name": "models", "scopes": ["models"]})).await;
    let owner = house.user(&format!("owner-{number}")).await;
    let team = team_token(&admin, &owner, &format!("acme-{number}")).await;
    vec![house.nobody(), member.client, admin.client, revoked, powerless, models, owner.client, team]
}

/// A token of a team in an organization that this person owns.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
async fn team_token(admin: &Person, owner: &Person, slug: &str) -> Client {
    let me = owner.client.get("/v2/users/me").await.expect(200).json();
    let body = json!({"name": "Acme", "slug": slug, "owner_id": me["id"]});
    admin.client.post("/v2/organizations", &body).await.expect(201);
    let team = owner.client.post("/v2/teams", &json!({"organization_id": slug, "name": "Crew"})).await.expect(201);
    let body = json!({"name": "team's", "team_id": team.json()["id"], "scopes": ["models", "read:usage"]});
    let token = owner.client.post("/v2/tokens", &body).await.expect(201).json();
    owner.client.with_token(token["token"].as_str().unwrap())
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
async fn revoked_token(person: &Person) -> Client {
    let token = person.client.post("/v2/tokens", &json!({"name": "gone"})).await.expect(201).json();
    let id = token["id"].as_str().unwrap();
    person.client.delete(&format!("/v2/tokens/{id}")).await.expect(204);
    person.client.with_token(token["token"].as_str().unwrap())
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_there() {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1").await;
    let token = ann.client.post("/v2/tokens", &json!({"name": "hers"})).await.expect(201).json();
    let session = ann.client.get("/v2/sessions").await.expect(200).json()["data"][0]["id"].clone();
    let (key, token) = (key["id"].as_str().unwrap(), token["id"].as_str().unwrap());
    let session = session.as_str().unwrap();
    for stranger in [house.user("bob").await, house.admin("root").await] {
        let client = &stranger.client;
        let post =
            |what: &'static str| client.post_owned(format!("/v2/credentials/{key}/{what}"), json!({"password": "x"}));
        for answer in [
            client.get(&format!("/v2/credentials/{key}")).await,
            client.patch(&format!("/v2/credentials/{key}"), &json!({"name": "mine"})).await,
            client.delete(&format!("/v2/credentials/{key}?confirm=true")).await,
            client.get(&format!("/v2/credentials/{key}/impact")).await,
            post("check").await,
            post("activate").await,
            post("deactivate").await,
            post("make-primary").await,
            post("reveal").await,
            client
                .post(&format!("/v2/credentials/{key}/rotate"), &json!({"api_key": "sk-proj-FAKEother0123456789"}))
                .await,
            client.patch(&format!("/v2/tokens/{token}"), &json!({"name": "mine"})).await,
            client.post(&format!("/v2/tokens/{token}/rotate"), &json!({})).await,
            client.delete(&format!("/v2/tokens/{token}")).await,
            client.delete(&format!("/v2/sessions/{session}")).await,
        ] {
            assert_eq!(answer.expect(404).json()["code"], "not_found");
        }
    }
    ann.client.get(&format!("/v2/credentials/{key}")).await.expect(200);
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing_and_a_foreign_host_is_misdirected() {
    let house = House::start().await;
    house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let nobody = house.nobody();
    let send = |method: Method, path: &'static str, headers: Vec<(&'static str, String)>| {
        let (nobody, cookie) = (nobody.clone(), cookie.clone());
        async move {
            let mut all = vec![("cookie", cookie), ("content-type", "application/json".to_owned())];
            all.extend(headers);
            let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
            nobody.send(method, path, &all, br#"{"name":"token"}"#.to_vec()).await
        }
    };
    let own = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    send(Method::GET, "/v2/users/me", Vec::new()).await.expect(200);
    for headers in [
        Vec::new(),
        own("origin", "https://evil.example"),
        own("origin", "null"),
        own("sec-fetch-site", "cross-site"),
        own("sec-fetch-site", "same-site"),
        vec![("sec-fetch-site", "cross-site".to_owned()), ("origin", house.url.clone())],
    ] {
        let answer = send(Method::POST, "/v2/tokens", headers.clone()).await.expect(403);
        assert_eq!(answer.json()["code"], "not_same_origin", "{headers:?}");
    }
    send(Method::POST, "/v2/tokens", own("origin", &house.url)).await.expect(201);
    send(Method::POST, "/v2/tokens", own("sec-fetch-site", "same-origin")).await.expect(201);
    let answer = send(Method::GET, "/v2/users/me", own("host", "evil.example")).await.expect(421);
    assert_eq!(answer.json()["code"], "misdirected_request");
    nobody.send(Method::GET, "/login", &[("host", "evil.example")], Vec::new()).await.expect(421);
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
        for door in web::router::doors().into_iter().filter(|door| door.need != domain::access::Need::Nothing) {
            if door.path == "/metrics" {
                continue;
            }
            let path = filled(door.path);
            let answer = house.nobody().send(door.method.clone(), &path, &headers, Vec::new()).await;
            let is_refused = answer.status.as_u16() == 401 || answer.header("location") == "/login";
            assert!(is_refused, "{} {path}: {}", door.method, answer.status);
        }
    }
}

/// The rules behind the table: `UPDATE_CONTRACT` cannot write these away.
#[tokio::test]
async fn no_guarded_door_opens_for_whom_it_is_not_meant() {
    use domain::access::Need;
    let house = House::start().await;
    for door in web::router::doors().into_iter().filter(|door| !matches!(door.need, Need::Nothing | Need::Metrics)) {
        let path = filled(door.path);
        let is_page = !door.path.starts_with("/v") && !door.path.starts_with("/api/") && door.method == Method::GET;
        let unknown = if is_page { 303 } else { 401 };
        let [nobody, member, _admin, revoked, powerless, models, owner, team] =
            <[Client; 8]>::try_from(callers(&house).await).unwrap_or_else(|_| unreachable!());
        let is_for_admins = matches!(door.need, Need::ReadAudit | Need::ManageUsers);
        let mut refused = vec![(nobody, unknown), (revoked, unknown), (powerless, 403)];
        refused.extend((door.need != Need::CallModels).then_some((models, 403)));
        refused.extend(is_for_admins.then_some((member, 403)));
        refused.extend(is_for_admins.then_some((owner, 403)));
        let is_for_teams = matches!(door.need, Need::CallModels | Need::ReadUsage | Need::FollowEvents);
        refused.extend((!is_for_teams).then_some((team, 403)));
        for (caller, status) in refused {
            let answer = caller.send(door.method.clone(), &path, &[], Vec::new()).await;
            assert_eq!(answer.status.as_u16(), status, "{} {path}", door.method);
        }
    }
}

#[tokio::test]
async fn no_door_does_anything_for_a_cookie_that_another_page_sends() {
    let house = House::start().await;
    house.user("ann").await;
    let cookie = house.web_session("ann").await;
    let foreign = [
        None,
        Some(("sec-fetch-site", "cross-site")),
        Some(("sec-fetch-site", "same-site")),
        Some(("sec-fetch-site", "none")),
        Some(("origin", "https://evil.example")),
    ];
    let by_cookie = |door: &web::router::Door| door.method != Method::GET && door.path != "/v2/login/access-token";
    for door in web::router::doors().into_iter().filter(by_cookie) {
        for proof in foreign {
            let path = filled(door.path);
            let form = !door.path.starts_with("/v") && !door.path.starts_with("/api/");
            let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
            let mut headers = vec![("cookie", cookie.as_str()), ("content-type", kind)];
            headers.extend(proof);
            let answer = house.nobody().send(door.method.clone(), &path, &headers, b"{}".to_vec()).await;
            assert_eq!(answer.status.as_u16(), 403, "{} {path} with {proof:?}: {}", door.method, answer.text());
        }
    }
}
