//! Accounts, with what is used of their quota.

use crate::bindings::exports::mindflow::query::reads::{Profile, ProfileEdge, ProfilePage, Role};
use crate::calendar::Month;
use crate::cursor::{self, Listing, Position};
use crate::folded;
use crate::quota;
use crate::request::Page;
use crate::statement::{Params, Statement};
use crate::vocabulary;
use mindflow_guest::{
    call::Error,
    caller::Caller,
    params,
    sql::{Row, Rows, Time},
};
use uuid::Uuid;

const MICROSECONDS_A_SECOND: i64 = 1_000_000;

/// What a profile's quota is reckoned by.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub free_entries: u32,
    pub month: Month,
}

/// One row, also for a user whose registration has not arrived here yet.
pub fn one(user: Uuid, month: Month) -> Statement {
    let text = "SELECT u.id, u.email, u.display_name, u.roles, u.timezone, u.created_at, c.used
        FROM (SELECT count(*) AS used FROM query.creations
            WHERE user_id = $1 AND created_at >= $2::timestamptz AND created_at < $3::timestamptz) c
        LEFT JOIN query.users_view u ON u.id = $1";
    Statement { text: text.to_owned(), params: params![user, Time(month.start_us), Time(month.end_us)] }
}

/// Newest first; one user more than asked for, which only says that there are more.
pub fn page(month: Month, search: Option<&str>, page: &Page) -> Statement {
    let mut params = Params(params![Time(month.start_us), Time(month.end_us)]);
    let matching = search.map_or_else(
        || "true".to_owned(),
        |text| {
            let pattern = params.bind(folded::pattern(text));
            format!("({} OR {})", folded::holds("u", "email", &pattern), folded::holds("u", "display_name", &pattern))
        },
    );
    let after = page.after.map_or_else(String::new, |Position { created_at, id, .. }| {
        let (created_at, id) = (params.bind(Time(created_at)), params.bind(id));
        format!(" AND (u.created_at, u.id) < ({created_at}::timestamptz, {id}::uuid)")
    });
    let limit = params.bind(page.first.saturating_add(1));
    let text = format!(
        "WITH page AS (
            SELECT u.id, u.email, u.display_name, u.roles, u.timezone, u.created_at FROM query.users_view u
            WHERE {matching}{after}
            ORDER BY u.created_at DESC, u.id DESC LIMIT {limit}
        )
        SELECT t.total, p.id, p.email, p.display_name, p.roles, p.timezone, p.created_at,
            (SELECT count(*) FROM query.creations c
             WHERE c.user_id = p.id AND c.created_at >= $1::timestamptz AND c.created_at < $2::timestamptz) AS used
        FROM (SELECT count(*) AS total FROM query.users_view u WHERE {matching}) t LEFT JOIN page p ON true
        ORDER BY p.created_at DESC, p.id DESC"
    );
    Statement { text, params: params.0 }
}

/// `None` until the registration has been projected.
pub fn profile(row: &Row<'_>, terms: Terms) -> Result<Option<Profile>, Error> {
    let Some(id) = row.get::<Option<String>>("id")? else {
        return Ok(None);
    };
    let roles = vocabulary::roles(&row.get::<Vec<String>>("roles")?);
    Ok(Some(Profile {
        id,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        quota: quota::of(&roles, terms.free_entries, row.get("used")?, terms.month),
        roles,
        timezone: row.get("timezone")?,
        created_at: row.get::<Time>("created_at")?.0,
        provisional: false,
    }))
}

/// What the caller's token says, for the moment between registering and the arrival of that event. Only the quota is right.
pub fn of_caller(caller: &Caller, used: u32, terms: Terms) -> Profile {
    let roles: Vec<Role> = vocabulary::roles(&caller.roles);
    Profile {
        id: caller.user_id.to_string(),
        email: caller.email.clone(),
        display_name: caller.email.split('@').next().unwrap_or_default().to_owned(),
        quota: quota::of(&roles, terms.free_entries, used, terms.month),
        roles,
        timezone: "UTC".to_owned(),
        created_at: caller.iat.saturating_mul(MICROSECONDS_A_SECOND),
        provisional: true,
    }
}

pub fn paged(rows: &Rows, page: &Page, terms: Terms) -> Result<ProfilePage, Error> {
    let first = page.first as usize;
    let total_count = rows.first().map_or(Ok(0), |row| row.get("total"))?;
    let mut edges = Vec::with_capacity(rows.len().min(first));
    let mut has_next_page = false;
    for row in rows.iter() {
        let Some(node) = profile(&row, terms)? else {
            continue;
        };
        if edges.len() == first {
            has_next_page = true;
            break;
        }
        let position = Position { day: None, created_at: node.created_at, id: row.get("id")? };
        edges.push(ProfileEdge { cursor: cursor::encode(Listing::Users, position), node });
    }
    Ok(ProfilePage { edges, has_next_page, has_previous_page: page.after.is_some(), total_count })
}
