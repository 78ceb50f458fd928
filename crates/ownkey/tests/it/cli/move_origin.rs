//! `ownkey credential move-origin`: a key follows its server, and only there.

use provider_sim::{Script, Sim};
use serde_json::json;
use testkit::RawDatabase;

use super::{KEY, Place, sign_in};

fn origin(base: &str) -> &str {
    base.trim_end_matches("/v1")
}

fn words<'a>(from: &'a str, to: &'a str) -> Vec<&'a str> {
    vec!["credential", "move-origin", "--provider", "openai", "--from", from, "--to", to, "--json"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_moves_with_its_server_and_opens_there() {
    let place = Place::with_ann().await;
    let new = Sim::start(Script::says("Hello from the new place.")).await.unwrap();
    let new_base = new.base_url();
    let id = place.add_key(KEY).await;
    let environment = [("OPENAI_BASE_URL", new_base.as_str())];
    let (from, to) = (origin(&place.base), origin(&new_base));

    let dry = [words(from, to), vec!["--dry-run"]].concat();
    let said = place.run_with(&environment, &dry, None).await.expect(0).json();
    assert_eq!((&said["keys"][0]["id"], &said["keys"][0]["has_moved"]), (&json!(id), &json!(false)));
    let said = place.run_with(&environment, &words(from, to), None).await.expect(0).json();
    assert_eq!((&said["keys"][0]["endpoint"], &said["keys"][0]["has_moved"]), (&json!(new_base), &json!(true)));
    let seen = place.sim.log().len();
    let said = place.run_with(&environment, &["chat", "-m", "gpt-5-mini", "Hi"], None).await.expect(0);
    assert_eq!(said.stdout, "Hello from the new place.\n");
    assert_eq!(new.log().last().unwrap().authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(place.sim.log().len(), seen, "nothing goes to the old place");
    let said = place.run_with(&environment, &words(from, to), None).await.expect(0).json();
    assert_eq!(said["keys"], json!([]));

    let url = format!("sqlite://{}", place.path().join("ownkey.db").display());
    let events = RawDatabase::open(&url)
        .await
        .rows("SELECT actor_kind, detail FROM audit_events WHERE action = 'credential.origin_moved'")
        .await;
    assert_eq!((events.len(), events[0][0].as_str()), (1, "cli"));
    assert!(events[0][1].contains(from) && events[0][1].contains(to), "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_moves_nowhere_that_it_could_not_be_saved_for() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let from = origin(&place.base);
    for (to, part) in
        [("http://10.1.2.3:9000", "OWNKEY_LOCAL_ENDPOINTS="), ("http://169.254.169.254", ""), ("nonsense", "")]
    {
        let said = place.run_with(&[], &words(from, to), None).await.expect(1);
        assert!(said.stderr.contains(part) && said.stdout.is_empty(), "{to}: {said:?}");
    }
    place.run_with(&[], &words("nonsense", from), None).await.expect(1);
    assert_eq!(place.run("chat -m gpt-5-mini Hi").await.expect(0).stdout, "Hello from the scripted provider.\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_admin_moves_keys_and_one_that_does_not_open_stays() {
    let place = Place::with_ann().await;
    let id = place.add_key(KEY).await;
    let process = place.serve().await;
    sign_in(&process).await.post("/v2/users", &json!({"email": "bob@example.org"})).await.expect(201);
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    let from = origin(&place.base);
    let as_bob = [words(from, "https://new.example"), vec!["--user", "bob@example.org"]].concat();
    assert!(place.run_with(&[], &as_bob, None).await.expect(1).stderr.contains("admin"));

    let url = format!("sqlite://{}", place.path().join("ownkey.db").display());
    let mut database = RawDatabase::open(&url).await;
    database.execute("UPDATE credentials SET secret_version = 7").await;
    let as_ann = [words(from, "https://new.example"), vec!["--user", "ann@example.org"]].concat();
    let said = place.run_with(&[], &as_ann, None).await.expect(1);
    assert!(said.json()["keys"][0]["detail"].as_str().unwrap().contains("does not open"), "{}", said.stdout);
    let kept = database.rows(&format!("SELECT origin FROM credentials WHERE id = '{id}'")).await;
    assert_eq!(kept, [[from]]);
}
