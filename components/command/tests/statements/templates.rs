//! Templates, which have a name of their own and belong to their user.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Rowset, Value};
use uuid::Uuid;

fn template(user: &User<'_>, id: Uuid, name: &str) -> Vec<Value> {
    let named = [uuid(id), uuid(user.id), text(name), text(&name.to_lowercase()), text("T"), text("C")];
    [named.to_vec(), vec![texts(&["a"]), Value::Null, Value::Timestamp(NOW_US)]].concat()
}

async fn made(tx: &Tx, user: &User<'_>, id: Uuid, name: &str, most: i64) -> Result<Rowset, Error> {
    tx.try_query(statements::CREATE_TEMPLATE, [template(user, id, name), vec![Value::Int64(most)]].concat()).await
}

#[tokio::test]
async fn a_user_has_as_many_templates_as_there_may_be_each_with_a_name_of_its_own() {
    let db = Db::new("templates").await;
    let (user, stranger) = (db.user(), db.user());
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let tx = user.begin().await;
    assert_eq!(made(&tx, &user, first, "Morning", 2).await.unwrap().rows.len(), 1);
    assert_eq!(made(&tx, &user, second, "Evening", 2).await.unwrap().rows.len(), 1);
    assert!(made(&tx, &user, Uuid::now_v7(), "Noon", 2).await.unwrap().rows.is_empty(), "there is no room");
    tx.commit().await;
    let tx = user.begin().await;
    match tx.try_query(statements::UPDATE_TEMPLATE, template(&user, second, "MORNING")).await {
        Err(Error::Statement(error)) => {
            assert_eq!(error.constraint.as_deref(), Some(statements::TEMPLATE_NAME_CONSTRAINT));
        }
        other => panic!("{other:?}"),
    }
    tx.rollback().await;
    let tx = stranger.begin().await;
    assert!(tx.query(statements::TEMPLATES, vec![uuid(user.id)]).await.rows.is_empty());
    assert!(tx.query(statements::UPDATE_TEMPLATE, template(&user, first, "Mine")).await.rows.is_empty());
    tx.commit().await;
    let tx = user.begin().await;
    assert_eq!(only(&tx.query(statements::UPDATE_TEMPLATE, template(&user, first, "Noon")).await, "id"), uuid(first));
    let all = tx.query(statements::TEMPLATES, vec![uuid(user.id)]).await;
    let column = all.columns.iter().position(|name| name == "name").unwrap();
    let names: Vec<_> = all.rows.iter().map(|row| row[column].clone()).collect();
    assert_eq!(names, [text("Evening"), text("Noon")]);
    tx.commit().await;
}
