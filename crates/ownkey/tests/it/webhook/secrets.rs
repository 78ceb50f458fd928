//! The secret is replaced while messages are told: for a while two sign.

use app::error::Code;
use app::events::webhook::{Rotated, USUAL_GRACE, rotate, secret};
use domain::audit::Actor;

use super::*;

async fn replaced(house: &House, grace: Duration) -> Result<Rotated, app::Error> {
    rotate(&house.app, Actor::CommandLine { user: None }, grace).await
}

/// The signatures of the next message.
async fn next(house: &House, receiver: &RawProvider, name: &str) -> RawRequest {
    let before = receiver.seen().len();
    house.user(name).await.save_key("openai", &KEY.replace("key1", &format!("{name}1"))).await;
    eventually("a message", SOON, async || receiver.seen().into_iter().nth(before)).await
}

#[tokio::test]
async fn for_its_grace_the_former_secret_signs_beside_the_new_one() {
    let receiver = receiver(|_, _| answer("204 No Content")).await;
    let house = house(options(&receiver)).await;
    checked(&house, &next(&house, &receiver, "ann").await);
    let before = house.app.clock.now();
    let second = replaced(&house, USUAL_GRACE).await.unwrap();
    assert_eq!(second.secret, secret(&house.app.store, 2));
    assert_ne!(second.secret, secret(&house.app.store, 1));
    let until = second.former_until.unwrap();
    assert!((before.plus(USUAL_GRACE)..=house.app.clock.now().plus(USUAL_GRACE)).contains(&until), "{until}");

    eventually("all is told", SOON, async || (standing(&house).await.waiting == 0).then_some(())).await;
    let told = next(&house, &receiver, "bob").await;
    let both = format!("{} {}", signed(&house, 2, &told), signed(&house, 1, &told));
    assert_eq!(header(&told, "webhook-signature"), both);
    let early = replaced(&house, USUAL_GRACE).await.err().unwrap();
    assert_eq!((early.code, early.sentence.contains("--grace 0")), (Code::Conflict, true), "{}", early.sentence);
    let long = replaced(&house, Duration::from_hours(24 * 31)).await.err().unwrap();
    assert_eq!(long.code, Code::InvalidRequest);

    eventually("all is told", SOON, async || (standing(&house).await.waiting == 0).then_some(())).await;
    house.pass(USUAL_GRACE);
    let told = next(&house, &receiver, "eve").await;
    assert_eq!(header(&told, "webhook-signature"), signed(&house, 2, &told));
}

#[tokio::test]
async fn without_a_grace_every_former_secret_ends_at_once() {
    let receiver = receiver(|_, _| answer("204 No Content")).await;
    let house = house(options(&receiver)).await;
    replaced(&house, USUAL_GRACE).await.unwrap();
    assert_eq!(replaced(&house, Duration::ZERO).await.unwrap().former_until, None);
    let told = next(&house, &receiver, "ann").await;
    assert_eq!(header(&told, "webhook-signature"), signed(&house, 3, &told));
}
