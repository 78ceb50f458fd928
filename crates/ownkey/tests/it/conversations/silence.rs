//! A model that says nothing for a while: nothing is written down, and nothing is
//! overheard.

use serde_json::json;
use testkit::{RawDatabase, eventually};
use tokio::sync::Mutex;

use super::*;

/// Counts how often an answer under way is written.
const COUNTED: &str = "CREATE TABLE written (id TEXT); CREATE TRIGGER counted AFTER UPDATE OF parts ON messages \
     WHEN NEW.state = 'running' BEGIN INSERT INTO written VALUES (NEW.id); END";

async fn written(database: &Mutex<RawDatabase>) -> String {
    database.lock().await.rows("SELECT CAST(COUNT(*) AS TEXT) FROM written").await[0][0].clone()
}

#[tokio::test]
async fn a_model_that_thinks_in_silence_costs_no_write() {
    let stage = Stage::set().await;
    let database = Mutex::new(RawDatabase::open(&stage.house.database_url).await);
    database.lock().await.execute(COUNTED).await;
    stage.house.sim.next(Behaviour::SlowHeaders(Duration::from_millis(2500)));
    let (_, answer) = stage.say("Think.").await;
    assert_eq!(stage.answer(&answer).await["state"], "done");
    assert_eq!(written(&database).await, "0");
}

#[tokio::test]
async fn what_was_said_before_the_silence_is_written_once_and_a_stop_is_heard_in_it() {
    let stage = Stage::set().await;
    let database = Mutex::new(RawDatabase::open(&stage.house.database_url).await);
    database.lock().await.execute(COUNTED).await;
    stage.house.sim.next(Behaviour::HangMidStream { after_chunks: 2 });
    let (_, answer) = stage.say("Begin.").await;
    eventually("it is written down", PATIENCE, async || (written(&database).await == "1").then_some(())).await;
    // As another node would.
    let stop = format!("UPDATE messages SET stop_asked = 1 WHERE id = '{answer}' AND state = 'running'");
    assert_eq!(database.lock().await.execute(&stop).await, 1);
    let stopped = stage.answer(&answer).await;
    assert_eq!(stopped["state"], "stopped");
    assert!(!said(&stopped).is_empty(), "{stopped}");
    assert_eq!(written(&database).await, "1");
    assert_eq!(json!(stopped["error"]), json!(null));
}
