//! Templates, which belong to their user alone: no event says what they are.

use super::DATABASE;
use crate::statements;
use crate::tag_name::TagName;
use mindflow_events::Time;
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Abort, Identity, Row, RowError, Rows, Tx, Value, violated_constraint};
use uuid::Uuid;

/// A row of `command.templates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: Uuid,
    pub name: TagName,
    pub title: String,
    pub content: String,
    /// Names.
    pub tags: Vec<String>,
    pub book_id: Option<Uuid>,
    pub updated_at: Time,
}

/// What came of writing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Done,
    /// Another one of the user has the name.
    Taken,
    /// There is none of this id, or no room for another.
    None,
}

/// By name.
pub async fn all(user_id: Uuid, identity: Identity) -> Result<Vec<Template>, Error> {
    let rows = sql::query(DATABASE, identity, statements::TEMPLATES, params![user_id]).await?;
    Ok(rows.map(|row| template(&row))?)
}

pub async fn create(tx: &Tx, template: &Template, user_id: Uuid, most: u64) -> Result<Written, Abort> {
    let mut params = columns(template, user_id);
    params.extend(params![most]);
    written(tx.query(statements::CREATE_TEMPLATE, params).await)
}

pub async fn update(tx: &Tx, template: &Template, user_id: Uuid) -> Result<Written, Abort> {
    written(tx.query(statements::UPDATE_TEMPLATE, columns(template, user_id)).await)
}

/// False when there is none of this id.
pub async fn delete(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<bool, Abort> {
    Ok(tx.execute(statements::DELETE_TEMPLATE, params![id, user_id]).await? > 0)
}

pub fn template(row: &Row<'_>) -> Result<Template, RowError> {
    Ok(Template {
        id: row.get("id")?,
        name: TagName::new(&row.get::<String>("name")?),
        title: row.get("title")?,
        content: row.get("content")?,
        tags: row.get("tags")?,
        book_id: row.get("book_id")?,
        updated_at: row.get("updated_at")?,
    })
}

fn columns(template: &Template, user_id: Uuid) -> Vec<Value> {
    let Template { id, name, title, content, tags, book_id, updated_at } = template;
    params![*id, user_id, name.name(), name.key(), title, content, tags.clone(), *book_id, *updated_at]
}

fn written(answered: Result<Rows, sql::Error>) -> Result<Written, Abort> {
    match answered {
        Ok(rows) => Ok(if rows.is_empty() { Written::None } else { Written::Done }),
        Err(error) if violated_constraint(&error) == Some(statements::TEMPLATE_NAME_CONSTRAINT) => Ok(Written::Taken),
        Err(error) => Err(error.into()),
    }
}
