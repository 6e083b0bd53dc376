//! What a component may do with the outbox, whichever back end the queues are on.

use mindflow_backends::database::sql::OutboxEvent;

use crate::delivery::stage::{Stage, Store, fact};

#[tokio::test]
async fn a_component_may_publish_as_itself_and_do_nothing_else_with_the_outbox() {
    let stage = Stage::on(Store::Postgres).await;
    stage.publish(&[fact("A", "k", 1)]).await;
    let foreign = OutboxEvent { source_component: "auth".to_owned(), ..fact("A", "k", 1) };
    assert!(stage.begin().await.publish(&foreign).await.is_err());
    for statement in [
        "SELECT 1 FROM delivery.outbox",
        "UPDATE delivery.outbox SET sequence = 2",
        "DELETE FROM delivery.outbox",
        "SELECT 1 FROM delivery.archive",
        "INSERT INTO delivery.subscription VALUES ('x', '{A}')",
        "SELECT delivery.ring_outbox()",
    ] {
        let refused = stage.begin().await.execute(statement, &[]).await;
        assert!(refused.is_err(), "{statement}");
    }
}
