//! SQLite counts messages and finds old chats from indices alone: a row begins
//! with its pictures, and what stands behind them is dear to read.

use sqlx::Row as _;

use super::PAGE;
use crate::testing::Place;

#[tokio::test]
async fn neither_lists_nor_sweeps_read_what_was_said() {
    let place = Place::sqlite();
    let store = place.open().await;
    for (text, indices) in [
        (PAGE, vec!["m USING COVERING INDEX messages_figures (conversation_id=? AND state=?)"]),
        (PAGE, vec!["m USING COVERING INDEX messages_figures (conversation_id=?)"]),
        (
            "SELECT COUNT(*) FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id \
             WHERE m.state = 'running' AND c.user_id = $1",
            vec!["m USING COVERING INDEX messages_figures (conversation_id=? AND state=?)"],
        ),
        ("SELECT id FROM conversations WHERE updated_at < $1", vec!["conversations_by_age (updated_at<?)"]),
        (
            "SELECT c.id FROM conversations AS c WHERE (c.updated_at < $1 OR (c.is_temporary = 1 AND c.updated_at < $2))",
            vec!["conversations_by_age (updated_at<?)", "conversations_temporary (updated_at<?)"],
        ),
    ] {
        let explained = format!("EXPLAIN QUERY PLAN {text}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(store.pool()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        for index in indices {
            assert!(plan.iter().any(|line| line.ends_with(index)), "{index}: {plan:#?}");
        }
    }
    store.close().await;
}
