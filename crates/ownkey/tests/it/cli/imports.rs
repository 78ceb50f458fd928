//! `ownkey import` of a `.env`.

use serde_json::Value;
use testkit::Said;

use super::{KEY, Place, sign_in, stored};

const OTHER: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2";

/// What became of each key: variable and outcome.
fn outcomes(said: &Said) -> Vec<(String, String)> {
    let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
    let json = said.json();
    json["keys"].as_array().unwrap().iter().map(|row| (text(row, "from"), text(row, "outcome"))).collect()
}

async fn import(place: &Place, text: &str, words: &str) -> Said {
    let path = place.path().join("some.env");
    std::fs::write(&path, text).unwrap();
    place.run(&format!("import some.env --json{words}")).await
}

fn outcome(variable: &str, outcome: &str) -> (String, String) {
    (variable.to_owned(), outcome.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_an_env_file_are_saved_once() {
    let place = Place::with_ann().await;
    let text = format!("# mine\nexport OPENAI_API_KEY=\"{KEY}\"\nGROQ_API_KEY=your-key-here\nPATH=/usr/bin\n");
    let dry = import(&place, &text, " --dry-run").await.expect(0);
    let wanted = [outcome("OPENAI_API_KEY", "imported"), outcome("GROQ_API_KEY", "skipped")];
    assert_eq!(outcomes(&dry), wanted);
    assert_eq!(stored(&place.json("credential list").await), 0, "a dry run saves nothing");

    assert_eq!(outcomes(&import(&place, &text, "").await.expect(0)), wanted);
    let list = place.json("credential list").await;
    assert_eq!((stored(&list), &list["data"][0]["scope"]), (1, &Value::from("personal")));
    let again = import(&place, &text, "").await.expect(0);
    assert_eq!(outcomes(&again)[0], outcome("OPENAI_API_KEY", "duplicate"));
    assert_eq!(outcomes(&import(&place, &text, " --scope system").await.expect(0))[0].1, "imported");
    assert_eq!(stored(&place.json("credential list").await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_goes_to_its_own_endpoint_or_nowhere() {
    let place = Place::with_ann().await;
    let text = format!(
        "OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL=http://10.1.2.3:9000/v1\nXAI_API_KEY=xai-FAKE0123456789abcdef0001\n"
    );
    let said = import(&place, &text, "").await.expect(1);
    assert_eq!(outcomes(&said), [outcome("OPENAI_API_KEY", "failed"), outcome("XAI_API_KEY", "imported")]);
    assert!(said.stdout.contains("OWNKEY_LOCAL_ENDPOINTS="), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_input_is_a_file_too_and_no_value_is_ever_said() {
    let place = Place::with_ann().await;
    let text = format!("OPENAI_API_KEY={KEY}\nMISTRAL_API_KEY=two words\nthis line has {OTHER} in it\n");
    for words in [&["import", "-", "--dry-run"][..], &["import", "-"], &["import", "-", "--json"]] {
        let said = place.run_with(&[], words, Some(&text)).await.expect(1);
        for value in [KEY, OTHER, "two words"] {
            assert!(!said.stdout.contains(value) && !said.stderr.contains(value), "{}", said.stdout);
        }
        assert!(said.stdout.contains("ine 3 is no NAME=value"), "{}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_a_configuration_of_litellm_are_saved() {
    let place = Place::with_ann().await;
    let text = "model_list:\n\
         - model_name: fast\n  litellm_params: {model: openai/gpt-5-mini, api_key: os.environ/OPENAI_EU}\n\
         - model_name: smart\n  litellm_params: {model: openai/gpt-5, api_key: os.environ/OPENAI_EU}\n\
         general_settings: {master_key: sk-1234}\n";
    std::fs::write(place.path().join("config.yaml"), text).unwrap();
    let words = ["import", "config.yaml", "--json"];
    let said = place.run_with(&[("OPENAI_EU", KEY)], &words, None).await.expect(0);
    assert_eq!(outcomes(&said), [outcome("fast", "imported")]);
    let notes = said.json()["notes"].to_string();
    for note in ["ownkey alias add fast openai/gpt-5-mini", "ownkey alias add smart openai/gpt-5", "general_settings"] {
        assert!(notes.contains(note), "{notes}");
    }
    assert!(!said.stdout.contains(KEY) && !said.stdout.contains("sk-1234"), "{}", said.stdout);
    assert_eq!(stored(&place.json("credential list").await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_cannot_read_it_says() {
    let place = Place::with_ann().await;
    let said = place.run("import nowhere.env").await.expect(1);
    assert!(said.stderr.contains("nowhere.env cannot be read"), "{}", said.stderr);
    std::fs::write(place.path().join("config.yaml"), format!("model_list:\n  - api_key: {KEY}\n")).unwrap();
    let said = place.run("import config.yaml").await.expect(1);
    assert!(said.stderr.contains("model_list") && !said.stderr.contains(KEY), "{}", said.stderr);
    std::fs::write(place.path().join("some.json"), format!("{{\"api_key\": \"{KEY}\"}}")).unwrap();
    let said = place.run("import some.json").await.expect(1);
    assert!(said.stderr.contains("ownkey export") && !said.stderr.contains("FAKE"), "{}", said.stderr);
    std::fs::write(place.path().join("empty.env"), "").unwrap();
    assert!(place.run("import empty.env").await.expect(0).stdout.contains("no provider key"));
    place.run("import empty.env --scope everybody").await.expect(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_env_file_can_be_imported_over_http() {
    let place = Place::empty().await;
    let process = place.serve().await;
    let ann = sign_in(&process).await;
    let environment = [("OWNKEY_URL", process.url.as_str()), ("OWNKEY_TOKEN", ann.token())];
    let text = format!("OPENAI_API_KEY={KEY}\n");
    for wanted in ["imported", "duplicate"] {
        let said = place.run_with(&environment, &["import", "-", "--json"], Some(&text)).await.expect(0);
        assert_eq!(outcomes(&said), [outcome("OPENAI_API_KEY", wanted)]);
    }
    assert_eq!(stored(&ann.get("/v2/credentials").await.expect(200).json()), 1);
    process.kill().await;
}
