//! What a component may do with the log, whichever back end the queues are on.

use mindflow_backends::database::sql::NewEvent;

use crate::delivery::stage::{Stage, Store, fact};

#[tokio::test]
async fn a_component_may_publish_what_is_granted_to_it_and_do_nothing_else_with_the_log() {
    let stage = Stage::on(Store::Postgres).await;
    stage.publish(&[fact("A", "k", 1)]).await;
    let ungranted = NewEvent { event_type: "Other".to_owned(), ..fact("A", "k", 1) };
    assert!(stage.begin().await.publish(&ungranted).await.is_err());
    for statement in [
        "SELECT 1 FROM delivery.archive",
        "INSERT INTO delivery.archive SELECT * FROM delivery.archive",
        "UPDATE delivery.archive SET sequence = 2",
        "DELETE FROM delivery.archive",
        "SELECT 1 FROM delivery.sequenced",
        "UPDATE delivery.cursor SET ordinal = 0",
        "INSERT INTO delivery.publisher VALUES ('mindflow_command', 'X', 'command', 'x')",
        "INSERT INTO delivery.subscription VALUES ('x', '{A}')",
        "SELECT delivery.sequence_events(1, 'postgres')",
        "SELECT delivery.take_slots('query', gen_random_uuid(), 1)",
        "SELECT delivery.adopt_server(1)",
        "SELECT delivery.next_position()",
    ] {
        let refused = stage.begin().await.execute(statement, &[]).await;
        assert!(refused.is_err(), "{statement}");
    }
}
