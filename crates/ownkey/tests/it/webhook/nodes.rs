//! Several nodes tell one address: one of them at a time, and none twice.

use testkit::PostgresDatabase;

use super::*;

#[tokio::test]
async fn of_two_nodes_one_tells_and_the_other_goes_on_where_it_stopped() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let receiver = receiver(|_, _| answer("200 OK")).await;
    let house = house(Options { database_url: Some(database.url.clone()), ..options(&receiver) }).await;
    let second = house.second_node().await;
    let ann = house.user("ann").await;
    let other = second.client_of(&ann.client);
    for (number, client) in [&ann.client, &other, &ann.client, &other].into_iter().enumerate() {
        let key = format!("sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ke{number}");
        client.post("/v2/credentials?check=sync", &json!({"provider": "openai", "api_key": key})).await.expect(201);
    }
    told(&house, &receiver, "credential.created", 4).await;
    told(&house, &receiver, "credential.status_changed", 4).await;
    // What was taken is noted as taken a moment later.
    eventually("all is noted", SOON, async || (standing(&house).await.waiting == 0).then_some(())).await;
    house.stop().await;
    let key = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789last";
    other.post("/v2/credentials?check=sync", &json!({"provider": "openai", "api_key": key})).await.expect(201);
    let created = eventually("the second node tells", SOON, async || {
        let created = receiver.seen().iter().filter(|one| one.text().contains("credential.created")).count();
        (created == 5).then_some(created)
    })
    .await;
    assert_eq!(created, 5);
    let ids: BTreeSet<String> = receiver.seen().iter().map(|one| header(one, "webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), receiver.seen().len(), "nothing came twice");
    second.stop().await;
    database.destroy().await;
}
