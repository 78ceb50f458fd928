//! `ownkey models`, `ownkey chat`, `ownkey usage`.

use provider_sim::Behaviour;

use super::{KEY, Place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_those_that_a_key_opens_and_with_all_the_others_too() {
    let place = Place::with_ann().await;
    let none = place.run("models").await.expect(0);
    assert!(none.stdout.contains("ownkey credential add"), "{}", none.stdout);
    place.add_key(KEY).await;
    let table = place.run("models").await.expect(0).stdout;
    assert!(table.starts_with("MODEL") && table.contains("gpt-5-mini"), "{table}");
    let count = async |words: &str| place.json(words).await["data"].as_array().unwrap().len();
    let mine = count("models").await;
    assert_eq!(count("models --provider openai").await, mine);
    assert_eq!(count("models --provider groq").await, 0);
    assert!(count("models --all").await > mine);
    assert!(count("models --all --provider groq").await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_says_how_each_provider_does_and_what_to_do() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    let table = place.run("status").await.expect(0).stdout;
    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{table}"));
    assert!(table.starts_with("PROVIDER") && line("OpenAI").contains("operational"), "{table}");
    assert!(line("OpenAI").contains("1/1") && line("OpenAI").ends_with("OpenAI works."), "{table}");
    assert!(line("Groq").contains("no_key") && line("Groq").contains("Add one at /keys."), "{table}");
    let json = place.json("status").await;
    let one = json["data"].as_array().unwrap().iter().find(|one| one["provider"] == "openai").unwrap();
    assert_eq!((&one["state"], &one["keys"]["total"]), (&"operational".into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_goes_to_standard_output_and_its_cost_beside_it() {
    let place = Place::with_ann().await;
    let nothing = place.run("chat Hi").await.expect(1);
    assert!(nothing.stderr.contains("ownkey credential add"), "{}", nothing.stderr);
    place.add_key(KEY).await;
    let said = place.run("chat --model gpt-5-mini Why is the sky blue?").await.expect(0);
    assert_eq!(said.stdout, "Hello from the scripted provider.\n");
    assert!(said.stderr.contains("gpt-5-mini · personal key"), "{}", said.stderr);
    let words = ["chat", "-m", "gpt-5-mini", "--system", "Be brief."];
    let piped = place.run_with(&[], &words, Some("A question from a pipe")).await.expect(0);
    assert_eq!(piped.stdout, "Hello from the scripted provider.\n");
    let default = place.run("chat Hi").await.expect(0);
    assert_eq!(default.stdout, "Hello from the scripted provider.\n");
    let json = place.json("chat -m gpt-5-mini Hi").await;
    assert!(json.to_string().contains("Hello from the scripted provider."), "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_is_an_error() {
    let place = Place::with_ann().await;
    place.add_key(KEY).await;
    place.sim.next(Behaviour::TruncatedStream { after_chunks: 2 });
    let cut = place.run("chat -m gpt-5-mini Hi").await.expect(1);
    assert!(cut.stdout.starts_with("Hello") && cut.stderr.starts_with("ownkey: "), "{cut:?}");
    let unknown = place.run("chat -m no-such-model Hi").await.expect(1);
    assert!(unknown.stderr.contains("no-such-model"), "{}", unknown.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_a_table_or_comma_separated() {
    let place = Place::with_ann().await;
    let none = place.run("usage").await.expect(0);
    assert_eq!(none.stdout, "No calls yet.\n");
    place.add_key(KEY).await;
    place.run("chat -m gpt-5-mini Hi").await.expect(0);
    place.run("chat -m gpt-5-mini Hi").await.expect(0);
    let table = place.run("usage --by model").await.expect(0).stdout;
    assert!(table.starts_with("MODEL") && table.contains("gpt-5-mini"), "{table}");
    let csv = place.run("usage --by model --csv").await.expect(0).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "key,requests,failed,unknown,estimated,input_tokens,output_tokens,client_cost");
    assert!(lines[1].starts_with("openai/gpt-5-mini,2,0,0,0,"), "{csv}");
    for by in ["day", "model", "provider", "credential", "source"] {
        assert_eq!(place.json(&format!("usage --by {by}")).await["data"][0]["requests"], 2, "{by}");
    }
    let wrong = place.run("usage --by colour").await.expect(1);
    assert!(wrong.stderr.contains("colour") || wrong.stderr.contains("group_by"), "{}", wrong.stderr);
}
