//! `ownkey alias …`

use serde_json::json;

use super::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_is_added_said_anew_listed_and_deleted() {
    let place = Place::with_ann().await;
    let none = place.run("alias list").await.expect(0);
    assert!(none.stdout.contains("ownkey alias add fast"), "{}", none.stdout);
    let made = place.run("alias add fast openai/gpt-5-mini groq/openai/gpt-oss-20b").await.expect(0);
    assert_eq!(made.stdout.trim(), "fast stands for openai/gpt-5-mini groq/openai/gpt-oss-20b");
    let again = place.json("alias add fast openai/gpt-5-mini=3 anthropic/claude-haiku-4-5 --weighted").await;
    let weights: Vec<_> = again["targets"].as_array().unwrap().iter().map(|target| target["weight"].clone()).collect();
    assert_eq!(json!([again["mode"], weights]), json!(["weighted", [3, 1]]));
    let list = place.run("alias list").await.expect(0);
    assert!(list.stdout.contains("openai/gpt-5-mini=3 anthropic/claude-haiku-4-5=1"), "{}", list.stdout);
    assert_eq!(place.json("alias list").await["count"], 1);
    place.run("alias list --suggested").await.expect(0);
    for (words, says) in [
        ("alias add x gpt-5-mini", "Write it like openai/gpt-5-mini"),
        ("alias add x openai/gpt-5-mini=much", "is no number"),
        ("alias add x nobody/m", "names no provider"),
        ("alias delete other", "ownkey alias list"),
    ] {
        let refused = place.run(words).await.expect(1);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    place.run("alias delete fast").await.expect(0);
    assert_eq!(place.json("alias list").await["count"], 0);
}
