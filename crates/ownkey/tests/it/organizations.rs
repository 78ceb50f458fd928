//! Organizations over HTTP: who may do what, whose keys pay, and that nothing
//! of one is another's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod fixed_doors;
mod isolation;
mod paying;
mod people;
mod tokens;

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client, House, Person, chat_body};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789orgA";
const OTHER_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789orgB";
const OWN_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789mine";
const SYSTEM_KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789syst";

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

async fn user_id(person: &Person) -> String {
    id(&person.client.get("/v2/users/me").await.expect(200).json()).to_owned()
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    client.send(Method::PUT, path, &headers, body.to_string().into_bytes()).await
}

/// An organization with an owner, an admin and a member, and a key of its own.
struct Company {
    id: String,
    slug: String,
    owner: Person,
    admin: Person,
    member: Person,
    key: Value,
}

async fn company(house: &House, root: &Person, slug: &str, secret: &str) -> Company {
    let owner = house.user(&format!("{slug}-owner")).await;
    let admin = house.user(&format!("{slug}-admin")).await;
    let member = house.user(&format!("{slug}-member")).await;
    let body = json!({"name": slug.to_uppercase(), "slug": slug, "owner_id": user_id(&owner).await});
    let made = root.client.post("/v2/organizations", &body).await.expect(201).json();
    for (person, role) in [(&admin, "admin"), (&member, "member")] {
        let path = format!("/v2/organizations/{slug}/members/{}", user_id(person).await);
        put(&root.client, &path, &json!({"role": role})).await.expect(200);
    }
    let key = save(&admin, id(&made), secret).await;
    Company { id: id(&made).to_owned(), slug: slug.to_owned(), owner, admin, member, key }
}

/// Saves a key of an organization and waits for its check.
async fn save(person: &Person, organization: &str, secret: &str) -> Value {
    let body = json!({
        "provider": "openai", "scope": "organization", "organization_id": organization, "api_key": secret,
        "name": "Main", "note": "from the safe",
    });
    person.client.post("/v2/credentials?check=sync", &body).await.expect(201).json()
}

async fn team(company: &Company, name: &str) -> Value {
    let body = json!({"organization_id": company.slug, "name": name});
    company.admin.client.post("/v2/teams", &body).await.expect(201).json()
}

async fn team_token(company: &Company, team: &Value) -> Value {
    let body = json!({"name": "for the team", "team_id": team["id"]});
    company.admin.client.post("/v2/tokens", &body).await.expect(201).json()
}

async fn chat(client: &Client, headers: &[(&str, &str)]) -> Answer {
    chat_with(client, "gpt-5-mini", headers).await
}

async fn chat_with(client: &Client, model: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    let body = chat_body(model, "Hi", false).to_string().into_bytes();
    client.send(Method::POST, "/v1/chat/completions", &all, body).await
}

/// Whose key paid.
fn payer(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-ownkey-credential-scope")
}
