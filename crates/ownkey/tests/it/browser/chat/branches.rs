//! Another way than the one taken: edit, ask again, branch, take out.

use testkit::Browser;

use super::{ann, begin, last_call, rests, say};

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_question_stands_beside_the_one_before() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    begin(&tab, "The first wording").await;
    rests(&tab).await;
    tab.click("link", "Edit").await;
    tab.fill("Your message", "The second wording").await;
    tab.click("button", "Send again").await;
    tab.see("2/2").await;
    rests(&tab).await;
    assert!(
        !tab.evaluate("document.getElementById('thread').innerText.includes('first wording')").await.as_bool().unwrap()
    );
    tab.click("link", "Version before").await;
    tab.see("1/2").await;
    tab.until("document.getElementById('thread').innerText.includes('The first wording')").await;
    tab.reload().await;
    tab.until("document.getElementById('thread').innerText.includes('The first wording')").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_asked_for_again_also_of_another_model() {
    let Some(browser) = Browser::start().await else { return };
    let (house, tab) = ann(&browser).await;
    begin(&tab, "A question").await;
    rests(&tab).await;
    tab.click("button", "Regenerate").await;
    tab.see("2/2").await;
    rests(&tab).await;
    tab.evaluate("[...document.querySelectorAll('article.answer a[data-sheet]')].at(-1).click()").await;
    tab.click("link", "Answer again with another model").await;
    tab.fill("Search the models", "gpt-5-nano").await;
    tab.press("Enter").await;
    tab.see("3/3").await;
    rests(&tab).await;
    assert_eq!(last_call(&house).0, "gpt-5-nano");
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_begins_at_any_answer_and_a_message_can_be_taken_out() {
    let Some(browser) = Browser::start().await else { return };
    let (_house, tab) = ann(&browser).await;
    begin(&tab, "One").await;
    rests(&tab).await;
    say(&tab, "Two").await;
    tab.until("document.querySelectorAll('article.answer').length === 2").await;
    rests(&tab).await;
    tab.click("link", "Branch from here").await;
    tab.until("location.search.startsWith('?to=') && document.querySelectorAll('article.answer').length === 1").await;
    say(&tab, "Two, otherwise").await;
    tab.see("2/2").await;
    rests(&tab).await;
    tab.evaluate("[...document.querySelectorAll('article.question a[data-sheet]')].at(-1).click()").await;
    tab.see("Your message").await;
    tab.evaluate("document.querySelector('#sheet details.sure summary').click()").await;
    tab.click("button", "Delete it").await;
    tab.until("!document.getElementById('thread').innerText.includes('otherwise')").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}
