//! Whatever a model or a person writes stays text.

use provider_sim::{Behaviour, Reply};
use serde_json::json;
use testkit::{Browser, House};

use super::{KEY, ann, begin, rests};
use crate::browser::signed_in;

/// What would do harm if it were more than text.
const ATTACK: &str = "<img src=x onerror=\"window.harmed = 1\"> <script>window.harmed = 1</script>\n\n\
    [a link](javascript:window.harmed=1) ![a picture](https://evil.example/p.png)\n\n\
    <a href=\"data:text/html,x\" onclick=\"window.harmed=1\">x</a>\n\n\
    ```html\n<script>window.harmed = 1</script>\n```\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_and_answered_cannot_act() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    house.sim.set_default(Behaviour::Answer(Reply::says(ATTACK)));
    begin(&tab, "<img src=x onerror=\"window.harmed = 1\"><b>bold</b>").await;
    rests(&tab).await;
    for _ in 0..2 {
        tab.see("<b>bold</b>").await;
        tab.see("<img src=x onerror").await;
        let found = "[...document.querySelectorAll('#thread img, #thread script, #thread [onclick], #thread b, \
                     #thread a[href^=\"javascript\"], #thread a[href^=\"data\"]')].length + (window.harmed ? 100 : 0)";
        assert_eq!(tab.evaluate(found).await, json!(0));
        tab.reload().await;
    }
    let elsewhere: Vec<String> = tab.requests().into_iter().filter(|address| address.contains("evil")).collect();
    assert_eq!(elsewhere, Vec::<String>::new());
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_the_address_stays_text() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    tab.go("/chat?model=%3Cscript%3Ewindow.harmed%3D1%3C/script%3E&q=%3Cimg%20src=x%3E&say=%3C/textarea%3E%3Cb%3Ex")
        .await;
    tab.see("Choose a model").await;
    assert_eq!(
        tab.evaluate("window.harmed ?? document.querySelectorAll('main b, #conversations img').length").await,
        json!(0)
    );
    assert_eq!(tab.value_of("Message").await, "</textarea><b>x");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

/// What would act in the place of a name.
const NAME: &str = "\"><img src=x onerror=window.harmed=1><script>window.harmed=1</script>";

#[tokio::test(flavor = "multi_thread")]
async fn names_titles_and_errors_stay_text_on_every_page_of_the_chat() {
    let Some(browser) = Browser::start().await else { return };
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = json!({"provider": "openai", "api_key": KEY, "name": NAME});
    ann.client.post("/v2/credentials?check=sync", &key).await.expect(201);
    let tab = signed_in(&browser, &house, "ann").await;
    let evil = json!({"error": {"message": NAME, "type": NAME, "code": NAME}}).to_string();
    house.sim.set_default(Behaviour::Says(400, evil));
    begin(&tab, NAME).await;
    rests(&tab).await;
    let chat = tab.path().await;
    house.sim.set_default(Behaviour::Answer(Reply::says("![x](https://evil.example/1.png) [y](data:text/html,z) ok")));
    let id = chat.rsplit('/').next().unwrap();
    let body = json!({"content": [{"type": "text", "text": "Look"}, {"type": "file", "name": NAME, "text": NAME}]});
    ann.client.post(&format!("/v2/conversations/{id}/messages"), &body).await.expect(202);
    tab.until("document.querySelectorAll('article.answer').length === 2").await;
    rests(&tab).await;
    ann.client.patch(&format!("/v2/conversations/{id}"), &json!({"title": NAME})).await.expect(200);
    let model = NAME.replace('\'', "''");
    let mut tables = house.raw_database().await;
    tables
        .execute(&format!("UPDATE messages SET model = '{model}', reasoning = '{model}' WHERE author = 'assistant'"))
        .await;
    let answer = tab.evaluate("document.querySelector('article.answer:last-of-type').dataset.message").await;
    let pages = ["", "/about", "/switch", &format!("/messages/{}", answer.as_str().unwrap())];
    for path in pages.map(|path| format!("{chat}{path}")).into_iter().chain(["/chat".to_owned()]) {
        tab.go(&path).await;
        tab.until("document.body.innerHTML.includes('onerror=window.harmed=1')").await;
        let found = "document.querySelectorAll('img[src=x], main script, [onerror], main a[href^=\"data\"], \
                     main a[href^=\"javascript\"]').length + (window.harmed ? 100 : 0)";
        assert_eq!(tab.evaluate(found).await, json!(0), "{path}");
    }
    for sheet in ["#who", ".talk-end a[data-sheet]", "article.answer:last-of-type .under a[data-sheet]"] {
        tab.go(&chat).await;
        tab.evaluate(&format!("document.querySelector('{sheet}').click()")).await;
        tab.until("document.getElementById('sheet').open").await;
        assert_eq!(tab.evaluate("window.harmed ?? document.querySelectorAll('img[src=x]').length").await, json!(0));
    }
    let elsewhere: Vec<String> =
        tab.requests().into_iter().filter(|address| !address.starts_with(&house.url)).collect();
    assert_eq!(elsewhere, Vec::<String>::new());
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
