//! Attachments of an entry: files that its user has uploaded to the media service.

use crate::bindings::mindflow::media::{files, intake};
use mindflow_guest::call::{CallContext, Error, FieldError};
use mindflow_guest::failure::field;
use mindflow_guest::rules::Rule;
use uuid::Uuid;

/// Keeps the files from being removed until the entry is written. `named`: the ids as the client sent them, for errors.
///
/// # Errors
/// `invalid` for each file that does not exist or belongs to another user.
pub async fn hold(context: &CallContext, ids: &[Uuid], named: &[String]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let held = files::hold(context.clone(), ids.iter().map(Uuid::to_string).collect()).await?;
    let missing = missing(ids, &held, named);
    if missing.is_empty() { Ok(()) } else { Err(Error::Invalid(missing)) }
}

/// Those of an entry's files that there are no longer. The others are kept for a day from now, so that the entry can come back
/// with them.
pub async fn gone(context: &CallContext, ids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let held = files::hold(context.clone(), ids.iter().map(Uuid::to_string).collect()).await?;
    Ok(ids.into_iter().zip(held).filter(|(_, is_held)| !is_held).map(|(id, _)| id).collect())
}

/// Of an import: those that are no files of the user whose job it is. The others are kept for a day.
pub async fn missing_of(
    context: &CallContext,
    job: &str,
    ids: &[Uuid],
    named: &[String],
) -> Result<Vec<FieldError>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let texts = ids.iter().map(Uuid::to_string).collect();
    let held = intake::hold(context.clone(), job.to_owned(), texts).await?;
    Ok(missing(ids, &held, named))
}

fn missing(ids: &[Uuid], held: &[bool], named: &[String]) -> Vec<FieldError> {
    let of_id = |id: &Uuid| named.iter().position(|name| mindflow_guest::id::parse(name) == Some(*id));
    let missing = ids.iter().enumerate().filter(|(index, _)| held.get(*index) != Some(&true));
    missing
        .map(|(index, id)| {
            let index = of_id(id).unwrap_or(index);
            field(
                format!("attachmentIds[{index}]"),
                Rule::NotFound,
                "You have no such file: upload it first, and use the id of the answer.",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_reported_by_its_place_in_the_request() {
        let (there, gone) = (Uuid::from_u128(1), Uuid::from_u128(2));
        // The first was named twice.
        let named = [there.to_string(), there.to_string(), gone.to_string()];
        let fields = |held: &[bool]| missing(&[there, gone], held, &named).into_iter().map(|error| error.field);
        assert_eq!(fields(&[true, false]).collect::<Vec<_>>(), ["attachmentIds[2]"]);
        assert_eq!(fields(&[false, false]).collect::<Vec<_>>(), ["attachmentIds[0]", "attachmentIds[2]"]);
        assert_eq!(fields(&[true, true]).count(), 0);
        // An answer that is too short confirms nothing.
        assert_eq!(fields(&[true]).collect::<Vec<_>>(), ["attachmentIds[2]"]);
    }
}
