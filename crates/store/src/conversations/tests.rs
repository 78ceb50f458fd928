//! Chats on both databases: whose they are, what is found in them, and what
//! becomes of answers whose node died.

use domain::conversation::{Author, Failure, INTERRUPTED, Message, MessageState, Parameters, Part};
use domain::ids::{CredentialId, RequestId};
use domain::usage::TokenCounts;
use domain::{ProviderId, Timestamp};

use super::*;
use crate::row::json_text;
use crate::testing::{NOW, Place, add_user, entropy, on_both};

fn chat(user: UserId, title: &str, at: Timestamp) -> Conversation {
    Conversation {
        id: ConversationId::generate(at, &entropy()),
        user,
        title: title.to_owned(),
        model: Some("gpt-5-mini".to_owned()),
        credential: None,
        system_prompt: String::new(),
        parameters: Parameters { temperature: Some(0.5), ..Parameters::default() },
        is_temporary: false,
        leaf: None,
        created_at: at,
        updated_at: at,
    }
}

fn said(chat: &Conversation, parent: Option<MessageId>, text: &str) -> Message {
    Message {
        id: MessageId::generate(NOW, &entropy()),
        conversation: chat.id,
        parent,
        author: Author::User,
        parts: vec![Part::Text { text: text.to_owned() }],
        reasoning: String::new(),
        reasoning_ms: None,
        state: MessageState::Done,
        model: None,
        provider: None,
        credential: None,
        scope: None,
        request: None,
        tokens: None,
        cost: None,
        first_token_ms: None,
        latency_ms: None,
        finish: None,
        dropped: Vec::new(),
        failure: None,
        created_at: NOW,
    }
}

fn running(chat: &Conversation, parent: MessageId) -> Message {
    Message {
        author: Author::Assistant,
        parts: Vec::new(),
        state: MessageState::Running,
        model: Some("gpt-5-mini".to_owned()),
        request: Some(RequestId::generate(NOW, &entropy())),
        ..said(chat, Some(parent), "")
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(std::time::Duration::from_secs(seconds))
}

async fn titles(store: &Store, user: UserId, search: Option<&str>) -> Vec<String> {
    let page = list(store, user, search, None, 100).await.unwrap();
    assert_eq!((page.count as usize, page.count_is_exact, page.next), (page.rows.len(), true, None));
    page.rows.into_iter().map(|row| row.conversation.title).collect()
}

#[tokio::test]
async fn a_chat_is_read_back_as_it_was_kept_and_listed_for_its_owner_only() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await.id, add_user(&store, "bob@example.org").await.id);
        let kept = chat(ann, "The sky", NOW);
        insert(&store, &kept).await.unwrap();
        let shown = by_id(&store, kept.id).await.unwrap().unwrap();
        assert_eq!((shown.conversation, shown.running, shown.cost), (kept.clone(), 0, Nanos::ZERO));
        assert_eq!(titles(&store, ann, None).await, ["The sky"]);
        assert_eq!(titles(&store, bob, None).await, [""; 0]);
        let key = CredentialId::of_source("x");
        let changed = Conversation { title: "The sea".into(), credential: Some(key), model: None, ..kept };
        let edit = Changes {
            title: Some("The sea".into()),
            credential: Some(Some(key)),
            model: Some(None),
            ..Changes::default()
        };
        assert!(update(&store, changed.id, &edit).await.unwrap());
        assert_eq!(by_id(&store, changed.id).await.unwrap().unwrap().conversation, changed);
        let message = said(&changed, None, "Hi");
        add(&store, changed.id, &[&message], None, NOW).await.unwrap();
        let other = Changes { system_prompt: Some("Be brief.".into()), ..Changes::default() };
        assert!(update(&store, changed.id, &other).await.unwrap());
        let now = by_id(&store, changed.id).await.unwrap().unwrap().conversation;
        assert_eq!((now.title.as_str(), now.leaf), ("The sea", Some(message.id)), "what was said meanwhile stays");
        assert_eq!((now.credential, now.system_prompt.as_str()), (Some(key), "Be brief."), "and so does the key");
        let temporary = Conversation { is_temporary: true, ..chat(ann, "Hush", NOW) };
        insert(&store, &temporary).await.unwrap();
        assert_eq!(titles(&store, ann, None).await, ["The sea"], "a temporary one is in no list");
        assert!(delete(&store, changed.id).await.unwrap() && !delete(&store, changed.id).await.unwrap());
        assert!(!update(&store, changed.id, &edit).await.unwrap());
        let stranger = chat(UserId::generate(NOW, &entropy()), "", NOW);
        assert!(!insert(&store, &stranger).await.unwrap(), "nobody begins a chat for who is not there");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_outline_says_how_much_is_kept_and_messages_are_read_by_their_ids() {
    on_both(async |place| {
        let store = place.open().await;
        let chat = chat(add_user(&store, "ann@example.org").await.id, "", NOW);
        insert(&store, &chat).await.unwrap();
        let first = Message { reasoning: "hm".to_owned(), ..said(&chat, None, "Hé") };
        let second = said(&chat, Some(first.id), "b");
        let beside = said(&chat, Some(first.id), "c");
        add(&store, chat.id, &[&first, &second, &beside], None, NOW).await.unwrap();
        let outline = outline_of(&store, chat.id).await.unwrap();
        let kept: std::collections::HashMap<_, _> = outline.iter().map(|message| (message.id, message)).collect();
        let bytes = |message: &Message| json_text(&message.parts).unwrap().len() + message.reasoning.len();
        for message in [&first, &second, &beside] {
            let found = kept[&message.id];
            assert_eq!((found.parent, found.author, found.state), (message.parent, message.author, message.state));
            assert_eq!(found.bytes, bytes(message) as u64, "in bytes, not in letters");
        }
        let read = messages_at(&store, chat.id, &[second.id, MessageId::generate(NOW, &entropy()), first.id]).await;
        assert_eq!(read.unwrap(), [second, first]);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn chats_are_paged_by_when_something_was_last_said() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        for number in 0..5 {
            // Two of them at the same moment.
            insert(&store, &chat(ann, &number.to_string(), later(number / 2))).await.unwrap();
        }
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = list(&store, ann, None, after, 2).await.unwrap();
            assert_eq!(page.count, 5);
            seen.extend(page.rows.into_iter().map(|row| row.conversation.title));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen[0], "4");
        seen.sort();
        assert_eq!(seen, ["0", "1", "2", "3", "4"], "each once");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_search_looks_at_titles_and_texts_whatever_the_case_and_takes_no_pattern() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        let (one, two) = (chat(ann, "ÉTÉ 100%", NOW), chat(ann, "Other", later(1)));
        insert(&store, &one).await.unwrap();
        insert(&store, &two).await.unwrap();
        let message = said(&two, None, "Where is the Hut_of Baba-Jaga!");
        add(&store, two.id, &[&message], None, later(1)).await.unwrap();
        for (search, found) in [
            ("été", vec!["ÉTÉ 100%"]),
            ("0%", vec!["ÉTÉ 100%"]),
            ("BABA-jaga!", vec!["Other"]),
            ("hut_of", vec!["Other"]),
            ("hutxof", vec![]),
            ("%", vec!["ÉTÉ 100%"]),
            ("'; DROP TABLE messages; --", vec![]),
        ] {
            assert_eq!(titles(&store, ann, Some(search)).await, found, "{search}");
        }
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_written_down_while_it_comes_and_ends_once() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        let chat = chat(ann, "", NOW);
        insert(&store, &chat).await.unwrap();
        let question = said(&chat, None, "Why?");
        let mut answer = running(&chat, question.id);
        assert_eq!(add(&store, chat.id, &[&question, &answer], Some("Why?"), later(5)).await.unwrap(), Added::Yes);
        let shown = by_id(&store, chat.id).await.unwrap().unwrap();
        assert_eq!((shown.conversation.title.as_str(), shown.running), ("Why?", 1));
        assert_eq!((shown.conversation.leaf, shown.conversation.updated_at), (Some(answer.id), later(5)));
        assert_eq!(running_of_user(&store, ann).await.unwrap(), 1);

        answer.parts = vec![Part::Text { text: "Because".into() }];
        assert_eq!(checkpoint(&store, &answer).await.unwrap(), Checkpoint::GoOn);
        assert_eq!(message(&store, chat.id, answer.id).await.unwrap().unwrap(), answer);
        let elsewhere = place.open().await;
        assert!(ask_to_stop(&elsewhere, answer.id).await.unwrap());
        elsewhere.close().await;
        assert_eq!(checkpoint(&store, &answer).await.unwrap(), Checkpoint::StopAsked);

        let ended = Message {
            parts: vec![Part::Text { text: "Because of Rayleigh.".into() }],
            reasoning: "Hm.".into(),
            reasoning_ms: Some(12),
            state: MessageState::Done,
            provider: Some(ProviderId::OpenAi),
            credential: Some(CredentialId::of_source("x")),
            scope: Some(domain::credential::Scope::Personal),
            tokens: Some(TokenCounts { prompt: 3, completion: 4, reasoning: 1, ..TokenCounts::default() }),
            cost: Some(Nanos(5_000)),
            first_token_ms: Some(7),
            latency_ms: Some(9),
            finish: Some("stop".into()),
            dropped: vec!["temperature".into()],
            ..answer.clone()
        };
        assert!(finish(&store, &ended).await.unwrap());
        assert!(!finish(&store, &Message { state: MessageState::Failed, ..ended.clone() }).await.unwrap());
        assert_eq!(messages_of(&store, chat.id).await.unwrap().iter().find(|m| m.id == ended.id), Some(&ended));
        assert_eq!(checkpoint(&store, &answer).await.unwrap(), Checkpoint::Gone);
        assert!(!ask_to_stop(&store, answer.id).await.unwrap());
        let shown = by_id(&store, chat.id).await.unwrap().unwrap();
        assert_eq!((shown.running, shown.cost), (0, Nanos(5_000)));
        assert_eq!(titles(&store, ann, Some("rayleigh")).await, ["Why?"]);
        let forgotten = running(&chat, question.id);
        add(&store, chat.id, &[&forgotten], None, later(6)).await.unwrap();
        assert!(ask_to_stop(&store, forgotten.id).await.unwrap(), "its own, of which it knows nothing");
        assert_eq!(by_id(&store, chat.id).await.unwrap().unwrap().running, 0, "comes no more");
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_said_in_a_chat_or_after_a_message_that_is_gone() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        let (chat, other) = (chat(ann, "a", NOW), chat(ann, "b", NOW));
        insert(&store, &chat).await.unwrap();
        insert(&store, &other).await.unwrap();
        let first = said(&chat, None, "Hi");
        add(&store, chat.id, &[&first], None, NOW).await.unwrap();
        let elsewhere = said(&other, Some(first.id), "Hi");
        assert_eq!(add(&store, other.id, &[&elsewhere], None, NOW).await.unwrap(), Added::Gone);
        let (second, beside) = (said(&chat, Some(first.id), "so"), said(&chat, None, "Ho"));
        add(&store, chat.id, &[&beside], None, NOW).await.unwrap();
        add(&store, chat.id, &[&second], None, NOW).await.unwrap();
        let mut gone = delete_message(&store, chat.id, first.id).await.unwrap();
        gone.sort();
        let mut both = [first.id, second.id];
        both.sort();
        assert_eq!(gone, both, "with what follows it");
        let leaf = by_id(&store, chat.id).await.unwrap().unwrap().conversation.leaf;
        assert_eq!(leaf, Some(beside.id), "one reads on where something is left");
        assert!(delete_message(&store, chat.id, first.id).await.unwrap().is_empty());
        let next = said(&chat, Some(first.id), "more");
        assert_eq!(add(&store, chat.id, &[&next], None, NOW).await.unwrap(), Added::Gone);
        delete(&store, chat.id).await.unwrap();
        let again = said(&chat, None, "Hi");
        assert_eq!(add(&store, chat.id, &[&again], None, NOW).await.unwrap(), Added::Gone);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_answers_of_a_dead_node_fail_and_say_so() {
    on_both(async |place: &Place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await.id;
        let chat = chat(ann, "", NOW);
        insert(&store, &chat).await.unwrap();
        let question = said(&chat, None, "Why?");
        let answer = running(&chat, question.id);
        add(&store, chat.id, &[&question, &answer], None, NOW).await.unwrap();
        crate::ledger::recover(&store, later(10)).await.unwrap();
        let state = async |store: &Store| message(store, chat.id, answer.id).await.unwrap().unwrap();
        assert_eq!(state(&store).await.state, MessageState::Running, "its own node lives");
        store.close().await;

        let other = place.open().await;
        crate::ledger::recover(&other, later(10)).await.unwrap();
        assert_eq!(state(&other).await.state, MessageState::Running, "it is silent for less than 30 seconds");
        crate::ledger::recover(&other, later(60)).await.unwrap();
        let given_up = state(&other).await;
        assert_eq!(given_up.state, MessageState::Failed);
        assert!(matches!(given_up.failure, Some(Failure { code, .. }) if code == INTERRUPTED));
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn old_chats_and_those_of_people_who_left_are_gone_and_running_ones_stay() {
    on_both(async |place| {
        let store = place.open().await;
        let (ann, bob) = (add_user(&store, "ann@example.org").await.id, add_user(&store, "bob@example.org").await.id);
        let (old, new) = (chat(ann, "old", NOW), chat(ann, "new", later(100)));
        let temporary = Conversation { is_temporary: true, ..chat(ann, "hush", later(10)) };
        let (busy, bobs) = (chat(ann, "busy", NOW), chat(bob, "bob's", later(100)));
        for chat in [&old, &new, &temporary, &busy, &bobs] {
            insert(&store, chat).await.unwrap();
            let message = said(chat, None, "Hi");
            add(&store, chat.id, &[&message], None, chat.updated_at).await.unwrap();
        }
        let question = said(&busy, None, "Hi");
        add(&store, busy.id, &[&question, &running(&busy, question.id)], None, NOW).await.unwrap();
        assert_eq!(prune(&store, None, NOW).await.unwrap(), 0);
        assert_eq!(prune(&store, None, later(50)).await.unwrap(), 1, "the temporary one");
        assert_eq!(prune(&store, Some(later(50)), later(50)).await.unwrap(), 1, "the old one");
        assert_eq!(titles(&store, ann, None).await, ["new", "busy"]);
        let mut change = store.begin(NOW, domain::audit::Actor::System, None).await.unwrap();
        delete_of_user(&mut change, ann).await.unwrap();
        change.commit(domain::audit::Event::UserDeleted { user: ann }).await.unwrap();
        assert_eq!(titles(&store, ann, None).await, [""; 0]);
        assert_eq!(titles(&store, bob, None).await, ["bob's"]);
        let left: i64 =
            sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM messages").fetch_one(store.pool()).await.unwrap();
        assert_eq!(left, 1, "nothing that was said is left behind");
        store.close().await;
    })
    .await;
}
