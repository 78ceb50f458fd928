//! `ownkey user …` and `ownkey audit …`

use super::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_adds_switches_and_lists_users_and_the_chain_stays_whole() {
    let place = Place::with_ann().await;
    let invited = place.run("user add bob@example.org --user ann@example.org").await.expect(0);
    assert!(invited.stdout.contains("/invite/") && invited.stdout.lines().count() == 1, "{}", invited.stdout);
    let as_ann = async |words: &str| place.run(&format!("{words} --user ann@example.org")).await;
    let reset = as_ann("user reset-link bob@example.org").await.expect(0);
    assert!(reset.stdout.contains("/reset/"), "{}", reset.stdout);
    as_ann("user deactivate bob@example.org").await.expect(0);
    let list = as_ann("user list --json").await.expect(0).json();
    let bob = list["data"].as_array().unwrap().iter().find(|user| user["email"] == "bob@example.org").unwrap();
    assert_eq!(bob["is_active"], false);
    for words in ["models", "credential list"] {
        let refused = place.run(&format!("{words} --user bob@example.org")).await.expect(1);
        assert!(refused.stderr.contains("bob@example.org is switched off"), "{}", refused.stderr);
    }
    as_ann("user activate bob@example.org").await.expect(0);
    let last = as_ann("user deactivate ann@example.org").await.expect(1);
    assert!(last.stderr.contains("last active admin"), "{}", last.stderr);
    as_ann("user reset-link eve@example.org").await.expect(1);
    place.run("user list --user bob@example.org").await.expect(1);
    let audit = as_ann("audit list").await.expect(0);
    assert!(audit.stdout.contains("cli"), "{}", audit.stdout);
    let verified = as_ann("audit verify").await.expect(0);
    assert!(verified.stdout.contains("is whole"), "{}", verified.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_up_link_is_to_be_had_until_somebody_has_an_account() {
    let place = Place::empty().await;
    let link = place.run("user setup-link").await.expect(0);
    assert!(link.stdout.contains("/setup?code="), "{}", link.stdout);
    let place = Place::with_ann().await;
    place.run("user setup-link").await.expect(1);
}
