//! Hostile names stay text, lines of an alias move, and a lead finds their team.

use serde_json::json;
use testkit::{Browser, House};

use super::super::signed_in;

const HOSTILE: &str = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_a_script_is_only_a_name_on_every_page() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let made = json!({"name": HOSTILE, "slug": "acme"});
    let organization = ann.client.post("/v2/organizations", &made).await.expect(201).json();
    let team = json!({"organization_id": "acme", "name": HOSTILE});
    let team = ann.client.post("/v2/teams", &team).await.expect(201).json();
    let key = json!({
        "provider": "openai", "scope": "organization", "organization_id": organization["id"], "name": HOSTILE,
        "api_key": "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789name",
    });
    ann.client.post("/v2/credentials?check=sync", &key).await.expect(201);
    let alias = json!({
        "alias": "fast", "scope": "organization", "organization_id": organization["id"], "teams": [team["id"]],
        "targets": [{"provider": "openai", "model": HOSTILE}],
    });
    let alias = ann.client.post("/v2/model-aliases", &alias).await.expect(201).json();
    ann.client.post("/v2/tokens", &json!({"name": HOSTILE, "team_id": team["id"]})).await.expect(201);
    let tab = signed_in(&browser, &house, "ann").await;
    let team = format!("/admin/teams/{}", team["id"].as_str().unwrap_or_default());
    let alias = format!("/admin/aliases/{}", alias["id"].as_str().unwrap_or_default());
    for path in [
        "/admin/organizations",
        "/admin/organizations/acme",
        "/admin/organizations/acme/members",
        "/admin/organizations/acme/teams",
        "/admin/organizations/acme/settings",
        &team,
        "/admin/provider-credentials",
        "/admin/aliases?organization=acme",
        &alias,
        "/admin/audit",
        "/keys?scope=organization",
        "/profile",
    ] {
        tab.go(path).await;
        let written = tab.evaluate("document.documentElement.outerHTML.includes('onerror')").await;
        assert_eq!(written, true, "{path} tells the name");
        assert_eq!(tab.evaluate("document.querySelector('img[src=x], main script') === null").await, true, "{path}");
        assert_ne!(tab.evaluate("document.title").await, "owned", "{path}");
    }
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_an_alias_come_and_go_and_move_with_a_script_and_without() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let tab = signed_in(&browser, &house, "ann").await;
    tab.go("/admin/aliases").await;
    tab.fill("Name", "fast").await;
    tab.fill("Model 1", "gpt-5-mini").await;
    tab.click("button", "Another model").await;
    tab.choose("Provider of model 2", "Anthropic").await;
    tab.fill("Model 2", "claude-haiku-4-5").await;
    tab.click("button", "Move model 2 up").await;
    assert_eq!(tab.value_of("Model 1").await, "claude-haiku-4-5");
    tab.focused("model 1").await;
    tab.click("button", "Another model").await;
    tab.click("button", "Take model 3 out").await;
    tab.click("button", "Make alias").await;
    tab.see("No key opens it").await;
    let made = ann.client.get("/v2/model-aliases").await.expect(200).json();
    let models: Vec<_> = made["data"][0]["targets"].as_array().into_iter().flatten().map(|one| &one["model"]).collect();
    assert_eq!(models, ["claude-haiku-4-5", "gpt-5-mini"]);

    // As it is sent where there is no script.
    tab.click("link", "Edit fast").await;
    tab.see("What a call of yours reaches now").await;
    let send = "(() => { const form = document.querySelector('.alias-form'); \
                const again = form.cloneNode(true); form.replaceWith(again); \
                again.querySelector('[value=\"down:0\"]').setAttribute('type', 'submit'); \
                again.requestSubmit(again.querySelector('[value=\"down:0\"]')); return true; })()";
    tab.evaluate(send).await;
    tab.until(
        "document.readyState === 'complete' && document.querySelector('input[name=model]')?.value === 'gpt-5-mini'",
    )
    .await;
    tab.click("button", "Save alias").await;
    tab.until("location.pathname === '/admin/aliases' && document.readyState === 'complete'").await;
    let made = ann.client.get("/v2/model-aliases").await.expect(200).json();
    assert_eq!(made["data"][0]["targets"][0]["model"], "gpt-5-mini");
    tab.click("link", "Edit fast").await;
    tab.click("checkbox", "Yes, delete").await;
    tab.click("button", "Delete this alias").await;
    tab.see("No alias yet").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_makes_and_revokes_the_tokens_of_their_team_and_sees_no_more() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let bob = house.user("bob").await;
    let bob = bob.client.get("/v2/users/me").await.expect(200).json();
    ann.client.post("/v2/organizations", &json!({"name": "Acme"})).await.expect(201);
    let team = ann.client.post("/v2/teams", &json!({"organization_id": "acme", "name": "Search"})).await.expect(201);
    let (team, bob) = (team.json(), bob["id"].as_str().unwrap_or_default().to_owned());
    let team = team["id"].as_str().unwrap_or_default();
    for (path, role, status) in [
        (format!("/v2/organizations/acme/members/{bob}"), "member", 200),
        (format!("/v2/teams/{team}/members/{bob}"), "lead", 204),
    ] {
        let body = json!({"role": role}).to_string().into_bytes();
        ann.client.send(http::Method::PUT, &path, &[("content-type", "application/json")], body).await.expect(status);
    }
    let tab = signed_in(&browser, &house, "bob").await;
    tab.go("/admin").await;
    tab.click("link", "Search").await;
    tab.see("Make a token for this team").await;
    tab.fill("Name", "backend").await;
    tab.click("button", "Make token").await;
    tab.see("Copy it now").await;
    tab.click("link", "Revoke backend").await;
    tab.see("This cannot be undone").await;
    tab.click("button", "Revoke “backend”").await;
    tab.until("location.pathname.startsWith('/admin/teams/') && document.readyState === 'complete'").await;
    tab.see("No token yet").await;
    assert!(!tab.has("button", "Delete this team").await && !tab.has("button", "Save what it may call").await);
    assert_eq!(tab.complaints(), Vec::<String>::new());
    tab.go("/admin/organizations").await;
    tab.see("Only an admin of this server").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_what_the_organizations_keys_are_called_and_how_they_do_and_no_more() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.admin("ann").await;
    let bob = house.user("bob").await;
    let bob = bob.client.get("/v2/users/me").await.expect(200).json();
    let made = ann.client.post("/v2/organizations", &json!({"name": "Acme"})).await.expect(201).json();
    let path = format!("/v2/organizations/acme/members/{}", bob["id"].as_str().unwrap_or_default());
    let body = json!({"role": "member"}).to_string().into_bytes();
    ann.client.send(http::Method::PUT, &path, &[("content-type", "application/json")], body).await.expect(200);
    let tab = signed_in(&browser, &house, "bob").await;
    tab.go("/keys").await;
    tab.click("link", "Organization").await;
    tab.see("Your organization has no key").await;
    tab.evaluate("window.stays = true").await;
    let key = json!({
        "provider": "openai", "scope": "organization", "organization_id": made["id"], "name": "Main",
        "note": "from the safe", "api_key": "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789memb",
    });
    ann.client.post("/v2/credentials?check=sync", &key).await.expect(201);
    tab.see("••••••••memb").await;
    tab.see("models unlocked").await;
    tab.until("document.querySelector('#scopes [aria-current] .count')?.textContent === '1'").await;
    assert_eq!(tab.evaluate("window.stays").await, true, "no reload");
    assert!(!tab.text().await.contains("from the safe"));
    assert!(!tab.has("button", "Check API key").await && !tab.has("button", "More about").await);
    tab.click("link", "Main").await;
    tab.see("Owners and admins of your organization look after this key").await;
    assert!(!tab.has("button", "Deactivate").await);
    tab.go("/chat").await;
    tab.see("Acme").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
