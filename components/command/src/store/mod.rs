//! The statements as functions over one open transaction: rows in, rows out, no decisions.

use mindflow_guest::call::Error;
use mindflow_guest::failure;
use mindflow_guest::sql::Rows;

pub mod books;
pub mod changes;
pub mod ended_tags;
pub mod entries;
pub mod imports;
pub mod tags;
pub mod templates;
pub mod trash;
pub mod versions;

/// The write database, as the manifest grants it.
pub const DATABASE: &str = "write";

/// The answers of two statements.
fn two(answers: Vec<Rows>) -> Result<[Rows; 2], Error> {
    answers.try_into().map_err(|_| failure::internal("two statements have another number of answers"))
}

/// A page of these items, of which `count` says how many there are, and the rows how many were found for the page.
fn paged<T>(items: Vec<T>, count: &Rows, rows: &Rows) -> Result<trash::Page<T>, Error> {
    let total = count.first().map_or(Ok(0), |row| row.get("total"))?;
    let found: u64 = rows.first().map_or(Ok(0), |row| row.get("found"))?;
    Ok(trash::Page { has_next_page: found > items.len() as u64, items, total })
}
