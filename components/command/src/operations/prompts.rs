//! Questions to write about, of the caller's day.

use super::Request;
use crate::bindings::exports::mindflow::command::templates as wit;
use crate::prompts::{self, Prompt};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;

pub async fn of_day(context: &CallContext, first: u32, theme: Option<&str>) -> Result<Vec<wit::Prompt>, Error> {
    let request = Request::begin(context).await?;
    let today = clock::day_of(&request.caller.time_zone(), request.now_us);
    let of_day = prompts::of_day(today, first, theme)?;
    let shown =
        |Prompt { id, theme, text }: Prompt| wit::Prompt { id: id.into(), text: text.into(), theme: theme.into() };
    Ok(of_day.into_iter().map(shown).collect())
}
