//! The first admin, by the one-time link that was printed to the terminal.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use testkit::House;

use super::MINUTE;

const FORM: &str = "name=Ann&email=ann%40example.org&password=a+fine+password";

/// The path of a fresh set-up link, and its code.
async fn link(house: &House) -> (String, String) {
    let link = app::setup::create_link(&house.app).await.unwrap();
    let path = link.strip_prefix(&house.url).expect("a link to this house").to_owned();
    let code = path.split_once("code=").unwrap().1.to_owned();
    (path, code)
}

#[tokio::test]
async fn without_its_code_the_set_up_page_is_closed() {
    let house = House::start().await;
    let nobody = house.nobody();
    for path in ["/setup", "/setup?code=", "/setup?code=wrong"] {
        let page = nobody.get(path).await.expect(403);
        assert!(page.text().contains("set-up link"), "{path}: {}", page.text());
    }
    nobody.submit("/setup", "", &format!("code=wrong&{FORM}")).await.expect(403);
    assert_eq!(nobody.get("/").await.expect(303).header("location"), "/setup");
}

#[tokio::test]
async fn the_link_makes_one_admin_signs_them_in_and_is_over() {
    let house = House::start().await;
    let nobody = house.nobody();
    let (path, code) = link(&house).await;
    let page = nobody.get(&path).await.expect(200).text();
    assert!(page.contains("name=\"password\""), "{page}");
    let foreign = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let form = format!("code={code}&{FORM}");
    nobody.send(http::Method::POST, "/setup", &foreign, form.clone().into()).await.expect(403);
    let weak = form.replace("a+fine+password", "short");
    let again = nobody.submit("/setup", "", &weak).await.expect(422);
    assert!(again.text().contains("value=\"Ann\"") && !again.text().contains("value=\"short\""), "{}", again.text());
    let done = nobody.submit("/setup", "", &form).await.expect(303);
    let cookie = done.header("set-cookie").split(';').next().unwrap().to_owned();
    let me = nobody.page("/v2/users/me", &cookie).await.expect(200).json();
    assert_eq!((&me["role"], &me["email"]), (&"admin".into(), &"ann@example.org".into()));
    nobody.get(&path).await.expect(410);
    nobody.get("/setup").await.expect(410);
    nobody.submit("/setup", "", &form).await.expect(410);
}

#[tokio::test]
async fn the_link_works_for_an_hour() {
    let house = House::start().await;
    let (path, code) = link(&house).await;
    house.pass(59 * MINUTE);
    house.nobody().get(&path).await.expect(200);
    house.pass(2 * MINUTE);
    house.nobody().get(&path).await.expect(403);
    house.nobody().submit("/setup", "", &format!("code={code}&{FORM}")).await.expect(403);
}

#[tokio::test]
async fn two_who_race_with_one_link_make_one_admin() {
    let house = House::start().await;
    let (_, code) = link(&house).await;
    let nobody = house.nobody();
    let (ann, bob) = (format!("code={code}&{FORM}"), format!("code={code}&{}", FORM.replace("ann", "bob")));
    let (first, second) = tokio::join!(nobody.submit("/setup", "", &ann), nobody.submit("/setup", "", &bob));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{} {}", first.text(), second.text());
    assert!([403, 409, 410].contains(&statuses[1]), "{} {}", first.text(), second.text());
    assert_eq!(store::users::count(&house.app.store).await.unwrap(), 1);
}
