//! Whatever a model or a person writes stays text.

use provider_sim::{Behaviour, Reply};
use testkit::Browser;

use super::{ann, begin, rests};

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
        assert_eq!(tab.evaluate(found).await, serde_json::json!(0));
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
        serde_json::json!(0)
    );
    assert_eq!(tab.value_of("Message").await, "</textarea><b>x");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
