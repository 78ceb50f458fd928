//! The chat's pages without any script: every step is a plain form.

use std::time::Duration;

use app::rechecks::run_due;
use http::Method;
use provider_sim::Script;
use testkit::{Answer, House, Options, eventually};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

const SOON: Duration = Duration::from_secs(10);

/// A browser without scripts in which somebody is signed in.
struct Plain<'a> {
    house: &'a House,
    cookie: String,
}

impl Plain<'_> {
    async fn of<'a>(house: &'a House, name: &str) -> Plain<'a> {
        Plain { house, cookie: house.web_session(name).await }
    }

    async fn get(&self, path: &str) -> Answer {
        self.house.nobody().send(Method::GET, path, &[("cookie", &self.cookie)], Vec::new()).await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let headers = [FORM, ("origin", self.house.url.as_str()), ("cookie", &self.cookie)];
        self.house.nobody().send(Method::POST, path, &headers, form.as_bytes().to_vec()).await
    }

    /// Sends a form and tells where it leads.
    async fn led(&self, path: &str, form: &str) -> String {
        self.post(path, form).await.expect(303).header("location").to_owned()
    }

    /// The page once no answer is coming.
    async fn rested(&self, path: &str) -> String {
        eventually("the answer is there", SOON, async || {
            let page = self.get(path).await.expect(200).text();
            (page.contains("data-state=") && !page.contains("data-state=\"running\"")).then_some(page)
        })
        .await
    }
}

/// A house that answers `text`, with Ann in it, who has a key.
async fn house_that_says(text: &str) -> House {
    let house = House::start_scripted(Script::says(text)).await;
    let ann = house.user("ann").await;
    ann.save_key("openai", "sk-proj-TEST0123456789abcdefghijkb123").await;
    house
}

/// The ids of the messages of a page, in order.
fn messages(page: &str) -> Vec<String> {
    page.split("data-message=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_chat_is_begun_gone_on_with_renamed_and_deleted_by_plain_forms() {
    let house = house_that_says("Hello **there**.").await;
    let plain = Plain::of(&house, "ann").await;
    assert_eq!(plain.get("/").await.expect(303).header("location"), "/chat");
    let chat = plain.led("/chat", "content=Good+day&model=gpt-5-mini").await;
    let page = plain.rested(&chat).await;
    assert!(page.contains("Good day") && page.contains("<strong>there</strong>"), "{page}");
    assert_eq!(plain.led(&format!("{chat}/messages"), "content=And+again").await, chat);
    assert_eq!(messages(&plain.rested(&chat).await).len(), 4);
    plain.led(&chat, "action=rename&title=A+greeting").await;
    assert!(plain.get("/chat?q=GREET").await.expect(200).text().contains("A greeting"));
    plain.post(&chat, "action=settings&temperature=9").await.expect(422);
    plain.led(&chat, "action=settings&temperature=0.5&system_prompt=Be+kind").await;
    assert!(plain.get(&format!("{chat}/about")).await.expect(200).text().contains("Be kind"));
    assert_eq!(plain.led(&chat, "action=delete").await, "/chat");
    plain.get(&chat).await.expect(404);
}

#[tokio::test]
async fn a_message_is_edited_asked_again_and_taken_out_by_plain_forms() {
    let house = house_that_says("An answer.").await;
    let plain = Plain::of(&house, "ann").await;
    let chat = plain.led("/chat", "content=First&model=gpt-5-mini").await;
    let ids = messages(&plain.rested(&chat).await);
    let [question, answer] = ids.as_slice() else { panic!("{ids:?}") };
    plain.led(&format!("{chat}/messages/{answer}"), "action=regenerate").await;
    let page = plain.rested(&chat).await;
    assert!(page.contains("2/2"), "{page}");
    plain.led(&format!("{chat}/messages/{question}"), "action=edit&content=Second").await;
    let page = plain.rested(&chat).await;
    assert!(page.contains("Second") && !page.contains("First</div>"), "{page}");
    let before = plain.get(&format!("{chat}?at={question}")).await.expect(200).text();
    assert!(before.contains(">First</div>"), "{before}");
    plain.led(&format!("{chat}/messages/{question}"), "action=delete").await;
    assert!(!messages(&plain.get(&chat).await.expect(200).text()).contains(question));
    plain.post(&format!("{chat}/messages/{question}"), "action=nonsense").await.expect(422);
}

#[tokio::test]
async fn another_key_and_model_are_chosen_by_a_plain_form() {
    let house = house_that_says("An answer.").await;
    let plain = Plain::of(&house, "ann").await;
    let first = plain.led("/chat/switch", "model=gpt-5-nano&credential_id=").await;
    assert_eq!(first, "/chat?model=gpt-5-nano");
    let chat = plain.led("/chat", "content=Hello&model=gpt-5-mini").await;
    plain.rested(&chat).await;
    let page = plain.get(&format!("{chat}/switch")).await.expect(200).text();
    assert!(page.contains("Manage keys") && page.contains("gpt-5-nano"));
    plain.led(&format!("{chat}/switch"), "model=gpt-5-nano&credential_id=").await;
    plain.led(&format!("{chat}/messages"), "content=Once+more").await;
    plain.rested(&chat).await;
    let last = house.sim.log().into_iter().rev().find_map(|call| call.model);
    assert_eq!(last.as_deref(), Some("gpt-5-nano"));
}

#[tokio::test]
async fn a_chat_is_nobody_elses_not_even_an_admins() {
    let house = house_that_says("An answer.").await;
    house.admin("root").await;
    let (ann, root) = (Plain::of(&house, "ann").await, Plain::of(&house, "root").await);
    let chat = ann.led("/chat", "content=Between+us&model=gpt-5-mini").await;
    let id = messages(&ann.rested(&chat).await).pop().unwrap();
    for path in [chat.clone(), format!("{chat}/about"), format!("{chat}/switch"), format!("{chat}/messages/{id}")] {
        root.get(&path).await.expect(404);
    }
    for (path, form) in [
        (chat.clone(), "action=delete"),
        (format!("{chat}/switch"), "model=gpt-5-nano"),
        (format!("{chat}/messages"), "content=Hello"),
        (format!("{chat}/messages/{id}"), "action=delete"),
    ] {
        root.post(&path, form).await.expect(404);
    }
    assert!(!root.get("/chat").await.expect(200).text().contains("Between us"));
    assert!(ann.get(&chat).await.expect(200).text().contains("Between us"));
}

/// Ollama and LM Studio are looked for on every machine: an admin, who sees them, has no key for that.
#[tokio::test]
async fn servers_that_are_looked_for_and_are_not_there_are_nobodys_keys() {
    let house = House::start_with(Options { local_servers: true, ..Options::default() }).await;
    house.admin("root").await;
    house.sim.shutdown().await;
    house.pass(Duration::from_secs(25));
    app::checks::look_at_local_servers(&house.app);
    run_due(&house.app).await;
    let plain = Plain::of(&house, "root").await;
    let page = eventually("nobody answers", SOON, async || {
        Some(plain.get("/chat").await.expect(200).text()).filter(|page| page.contains("Paste a key, and chat"))
    })
    .await;
    assert!(page.contains("No key opens a model yet") && !page.contains("opens a model now"), "{page}");
}

#[tokio::test]
async fn a_first_key_is_pasted_and_what_is_no_key_is_explained() {
    let house = House::start().await;
    house.user("ann").await;
    let plain = Plain::of(&house, "ann").await;
    assert!(plain.get("/chat").await.expect(200).text().contains("Paste a key from any provider"));
    let unknown = plain.post("/chat/keys", "text=something-nobody-knows-0123").await.expect(200).text();
    assert!(
        unknown.contains("does not say whose key this is") && unknown.contains("Paste a key, and chat"),
        "{unknown}"
    );
    let refused = plain.post("/chat/keys", "text=%23+nothing").await.expect(422).text();
    assert!(refused.contains("has no key in it"), "{refused}");
    let paste = "text=export+OPENAI_API_KEY%3Dsk-proj-TEST0123456789abcdefghijkb123";
    let page = plain.post("/chat/keys", paste).await.expect(200).text();
    assert!(page.contains("What would you like to know?") && page.contains("saved"), "{page}");
    assert!(plain.get("/chat").await.expect(200).text().contains("What would you like to know?"));
}
