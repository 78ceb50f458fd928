//! `/docs`: every operation of the document, for people, without anything from
//! elsewhere.

use testkit::House;

/// The page at `address`.
async fn page(house: &House, address: &str) -> String {
    let answer = house.nobody().get(address).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer.text()
}

#[tokio::test]
async fn the_page_shows_every_operation_with_a_link_and_an_example_for_this_server() {
    let house = House::start().await;
    let page = page(&house, "/docs").await;
    for door in web::router::doors().iter().filter(|door| door.described.is_some()) {
        let path = web::openapi::path_of(door);
        let operation = &web::openapi::document()["paths"][&path][door.method.as_str().to_lowercase()];
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<article class=\"card\" id=\"{id}\"")), "{} {path} is missing", door.method);
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id} is not linked");
        let named =
            |part: &str| part.strip_prefix('{')?.strip_suffix('}').map(|name| format!("${}", name.to_uppercase()));
        let parts: Vec<_> = path.split('/').map(|part| named(part).unwrap_or_else(|| part.to_owned())).collect();
        let path = parts.join("/");
        let curl = format!("&quot;{}{path}", house.url);
        assert!(page.contains(&curl), "{id} has no example: {curl}");
    }
    for name in web::openapi::document()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    for link in page.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_has_no_script_inside() {
    let house = House::start().await;
    let answer = house.nobody().get("/docs").await.expect(200);
    let policy = answer.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = answer.text();
    assert!(
        !page.contains("style=\"") && !page.contains("<style") && !page.contains("onclick"),
        "inline style or script"
    );
    assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"/assets/").count());
    for source in ["src=\"http", "src=\"//", "<link rel=\"stylesheet\" href=\"http"] {
        assert!(!page.contains(source), "{source}");
    }
    for asset in ["docs.css", "docs.js"] {
        let address = page.split('"').find(|text| text.ends_with(asset)).unwrap_or_else(|| panic!("no {asset}"));
        let kept = house.nobody().get(address).await.expect(200);
        assert!(kept.header("cache-control").contains("immutable"), "{asset}");
    }
}

#[tokio::test]
async fn the_search_works_without_a_script_and_repeats_words_as_text() {
    let house = House::start().await;
    let found = page(&house, "/docs?q=credentials+REVEAL").await;
    assert!(found.contains("id=\"post_v2_credentials_id_reveal\"") && !found.contains("id=\"get_v2_credentials\""));
    let nothing = page(&house, "/docs?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(nothing.contains("Nothing here has all of these words") && !nothing.contains("<script>alert"));
}
