//! A flood of health is pruned by itself and takes nothing else with it.

use super::*;
use crate::changes;
use crate::mutation::Write;
use crate::testing::{NOW, add_credential, add_user, on_both};

#[tokio::test]
async fn a_flood_of_health_prunes_itself_and_no_change_of_configuration() {
    on_both(async |place| {
        let store = place.open().await;
        let ann = add_user(&store, "ann@example.org").await;
        let credential = add_credential(&store, ann.id, "work", "sk-one").await.credential.id;
        let configured = changes::since(&store, 0, 100).await.unwrap();
        let finding = Finding { kind: HealthKind::Models, credential, at: NOW, status: None, reason: None };
        let mut write = Write::begin(&store).await.unwrap();
        for _ in 0..KEPT + 5 {
            write.tell(finding.clone());
        }
        write.commit().await.unwrap();
        assert_eq!(latest(&store).await.unwrap(), KEPT + 5);
        let last_change = changes::latest(&store).await.unwrap();
        assert_eq!(changes::heads(&store).await.unwrap(), (last_change, KEPT + 5));
        let first = since(&store, 0, 1).await.unwrap().remove(0);
        assert_eq!(first, HealthNews { seq: 6, finding: Some(finding) });
        assert_eq!(changes::since(&store, 0, 100).await.unwrap(), configured);
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_finding_of_a_later_version_is_passed_over() {
    on_both(async |place| {
        let store = place.open().await;
        let later = "INSERT INTO health_feed (seq, kind, credential_id, at) VALUES (1, 'mood', 'x', 0)";
        sqlx::query(later).execute(store.pool()).await.unwrap();
        assert_eq!(since(&store, 0, 10).await.unwrap(), [HealthNews { seq: 1, finding: None }]);
        store.close().await;
    })
    .await;
}
