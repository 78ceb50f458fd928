//! `ownkey prices`, as the real binary.

use serde_json::json;

use super::Place;

#[tokio::test]
async fn prices_are_set_shown_taken_from_a_list_and_reckoned_with() {
    let place = Place::with_ann().await;
    let set = place.run("prices set openai/gpt-5-mini --input 1.25 --output 10 --cached 0.125").await.expect(0);
    assert!(set.stdout.contains("Set for openai/gpt-5-mini"), "{}", set.stdout);
    let shown = place.json("prices show openai/gpt-5-mini").await;
    assert_eq!(
        json!([shown["now"]["price"]["input_token_price"], shown["now"]["source"], shown["history"][0]["standing"]]),
        json!([1.25, "manual", "in_force"])
    );
    let listed = place.run("prices list --only manual").await.expect(0);
    assert!(listed.stdout.contains("openai/gpt-5-mini") && listed.stdout.contains("0.125"), "{}", listed.stdout);
    let estimate = place.run("prices estimate openai/gpt-5-mini --input 1000 --output 100 --calls 10").await.expect(0);
    assert!(estimate.stdout.contains("One call $0.00225; 10 calls $0.0225."), "{}", estimate.stdout);

    let file = place.path().join("prices.json");
    std::fs::write(&file, include_str!("../../../../llm/src/price_lists/litellm.json")).unwrap();
    let file = file.display();
    let dry = place.run(&format!("prices import {file} --dry-run")).await.expect(0);
    assert!(dry.stdout.contains("Would take from litellm"), "{}", dry.stdout);
    assert_eq!(place.json("prices list --only imported").await["count"], 0);
    let done = place.json(&format!("prices import {file}")).await;
    let taken = done["added"].as_u64().unwrap() + done["changed"].as_u64().unwrap();
    assert_eq!(place.json("prices list --only imported").await["count"], taken);
    assert!(place.run("prices set gpt-5-mini --input 1 --output 2").await.stderr.contains("provider before it"));
    place.run("prices set openai/gpt-5-mini --catalogue").await.expect(0);
    assert_eq!(place.json("prices show openai/gpt-5-mini").await["now"]["source"], "catalogue");
}
