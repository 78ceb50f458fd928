//! A key that is wrong, gone or still needed: said early, with what to do.

use serde_json::json;

use super::{NEW, OLD, Place, both, save, sign_in};

/// A place whose database was sealed under the former key.
async fn furnished() -> Place {
    let place = Place::sqlite().await;
    let process = place.serve(OLD).await;
    save(&sign_in(&process).await, 1).await;
    process.terminate();
    assert_eq!(process.ended().await, Some(0));
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_needed_key_names_it_and_says_what_to_do() {
    let place = furnished().await;
    let old = place.keys(OLD).await[0]["kid"].as_str().unwrap().to_owned();
    let Err(exit) = place.try_serve(&[("MASTER_KEY", NEW)]).await else { panic!("it serves") };
    assert_eq!(exit.code, Some(78));
    let wanted = format!("4 secrets sealed under master key {old}");
    assert!(exit.stderr.contains(&wanted) && exit.stderr.contains("MASTER_KEY"), "{}", exit.stderr);
    // The state can be read all the same, and says the same.
    let said = place.run(NEW, "keyring status").await.expect(78);
    assert!(said.stdout.contains(&old) && said.stdout.contains("not given"), "{}", said.stdout);
    assert!(said.stderr.contains(&old), "{}", said.stderr);
    place.serve(OLD).await.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_holds_nothing_may_be_left_out() {
    let place = furnished().await;
    place.serve(&format!("{OLD},{NEW}")).await.kill().await;
    place.serve(OLD).await.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_needed_key_is_not_retired_nor_one_that_seals_nor_one_that_is_not_there() {
    let place = furnished().await;
    let states = place.keys(&both()).await;
    let kid = |at: usize| states[at]["kid"].as_str().unwrap().to_owned();
    let said = place.run(&both(), &format!("keyring retire {}", kid(1))).await.expect(1);
    assert!(said.stderr.contains("1 in credentials, 3 in server_secrets"), "{}", said.stderr);
    let said = place.run(&both(), &format!("keyring retire {}", kid(0))).await.expect(1);
    assert!(said.stderr.contains("the one that seals"), "{}", said.stderr);
    let said = place.run(&both(), "keyring retire 00000000").await.expect(1);
    assert!(said.stderr.contains("keyring status"), "{}", said.stderr);
    place.run(&both(), "keyring retire nonsense").await.expect(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_does_not_open_is_named_and_the_exit_says_so() {
    let place = furnished().await;
    let mut database = place.database().await;
    let id = database.rows("SELECT id FROM credentials").await[0][0].clone();
    database.execute("UPDATE credentials SET origin = 'https://elsewhere.example'").await;
    drop(database);
    for (words, code) in [("keyring status", 1), ("keyring rewrap", 1)] {
        let said = place.run(&both(), words).await.expect(code);
        assert!(said.stderr.contains(&id) && said.stderr.contains("credentials"), "{}", said.stderr);
    }
    let states = place.keys(&both()).await;
    assert_eq!((&states[0]["rows"], &states[1]["rows"]), (&json!(3), &json!(1)));
    let said = place.run(&both(), &format!("keyring retire {}", states[1]["kid"].as_str().unwrap())).await.expect(1);
    assert!(said.stderr.contains("1 in credentials"), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_said_by_any_of_them() {
    let place = furnished().await;
    for words in ["keyring status", "keyring status --json", "keyring rewrap", "keyring rewrap --json"] {
        let said = place.run(&both(), words).await.expect(0);
        for secret in [NEW, OLD, "FAKEaBcDeF"] {
            assert!(!said.stdout.contains(secret) && !said.stderr.contains(secret), "{words}");
        }
    }
}
