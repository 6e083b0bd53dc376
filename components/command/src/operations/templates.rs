//! What new entries begin with. A template is its user's alone, so nothing is published of it: devices hear of it by the changes.

use super::{Request, known_id};
use crate::bindings::exports::mindflow::command::templates as wit;
use crate::quota;
use crate::store::templates::{self, Template, Written};
use crate::store::{DATABASE, books};
use crate::validation;
use mindflow_events::Time;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::conflict;
use mindflow_guest::id;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{Abort, transaction};

pub async fn all(context: &CallContext) -> Result<Vec<wit::Template>, Error> {
    let request = Request::begin(context).await?;
    let all = templates::all(request.user_id, request.caller.identity()).await?;
    Ok(all.into_iter().map(Into::into).collect())
}

pub async fn create(context: &CallContext, input: wit::NewTemplate) -> Result<wit::Template, Error> {
    let request = Request::begin(context).await?;
    let kept = validation::template(input, request.user_id).map_err(Error::Invalid)?;
    let template = Template { id: id::new(request.now_us), updated_at: Time(request.now_us), ..kept };
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        books::expect(tx, template.book_id, request.user_id).await?;
        let written = templates::create(tx, &template, request.user_id, quota::TEMPLATES_MAX).await?;
        expect(written, &template, quota::no_room_for_templates)
    })
    .await?;
    Ok(template.into())
}

pub async fn update(context: &CallContext, id: &str, input: wit::NewTemplate) -> Result<wit::Template, Error> {
    let request = Request::begin(context).await?;
    let kept = validation::template(input, request.user_id).map_err(Error::Invalid)?;
    let template = Template { id: known_id(id, not_found)?, updated_at: Time(request.now_us), ..kept };
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        books::expect(tx, template.book_id, request.user_id).await?;
        expect(templates::update(tx, &template, request.user_id).await?, &template, not_found)
    })
    .await?;
    Ok(template.into())
}

pub async fn delete(context: &CallContext, id: &str) -> Result<(), Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, not_found)?;
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        if templates::delete(tx, id, request.user_id).await? { Ok(()) } else { Err(not_found().into()) }
    })
    .await
}

/// `none`: the error when nothing was written.
fn expect(written: Written, template: &Template, none: impl FnOnce() -> Error) -> Result<(), Abort> {
    match written {
        Written::Done => Ok(()),
        Written::Taken => {
            let text = format!("You already have a template named “{}”.", template.name.name());
            Err(conflict("name", Rule::Taken, text).into())
        }
        Written::None => Err(none().into()),
    }
}

fn not_found() -> Error {
    Error::NotFound("There is no such template.".into())
}

impl From<Template> for wit::Template {
    fn from(template: Template) -> Self {
        Self {
            id: template.id.to_string(),
            name: template.name.name().to_owned(),
            title: template.title,
            content: template.content,
            tags: template.tags,
            book_id: template.book_id.map(|id| id.to_string()),
            updated_at: template.updated_at.0,
        }
    }
}
