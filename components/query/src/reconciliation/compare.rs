//! The state of each side. The two views make the same document of an aggregate, so that one statement serves both; see
//! `migrations/read/0011` and `migrations/write/0021`.

use crate::{DATABASE, WRITE_DATABASE};
use mindflow_guest::{
    call, params,
    sql::{self, Identity, Rows, Value},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Users compared together, with one statement on each side.
const USERS_MAX: usize = 200;
/// Aggregates of one user read together; a rowset holds 10,000.
const PAGE: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Read,
    Write,
}

/// Kind and id: `entry`, `tag`, `mood` or `user`.
pub type Key = (String, Uuid);

/// The state of an aggregate on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub version: i64,
    /// The document's hash, 128 bits in hexadecimal.
    pub hash: String,
}

/// The whole state of an aggregate on the write side.
#[derive(Debug, Clone)]
pub struct Expected {
    pub state: State,
    /// The sequence of the last event.
    pub sequence: i64,
    pub document: String,
    pub event_type: String,
    pub payload: String,
}

impl Side {
    const fn database(self) -> &'static str {
        match self {
            Self::Read => DATABASE,
            Self::Write => WRITE_DATABASE,
        }
    }

    const fn view(self) -> &'static str {
        match self {
            Self::Read => "query.aggregates",
            Self::Write => "reconciliation.aggregates",
        }
    }

    async fn ask(self, statement: &str, params: Vec<Value>) -> Result<Rows, call::Error> {
        Ok(sql::query(self.database(), Identity::Service, &statement.replace("VIEW", self.view()), params).await?)
    }

    /// The next users of this side, in order of their ids.
    async fn users(self, after: Uuid) -> Result<Vec<Uuid>, call::Error> {
        let statement = match self {
            Self::Write => "SELECT user_id FROM VIEW WHERE kind = 'user' AND user_id > $1::uuid ORDER BY user_id LIMIT $2::bigint",
            // Including users with data and no account; each table by its index.
            Self::Read => {
                "SELECT user_id FROM (
                    (SELECT id AS user_id FROM query.users_view WHERE id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.journals_view WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.entry_creations WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.entry_tags WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.tags_view WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.moods_view WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                    UNION (SELECT DISTINCT user_id FROM query.books_view WHERE user_id > $1::uuid ORDER BY 1 LIMIT $2::bigint)
                ) users ORDER BY user_id LIMIT $2::bigint"
            }
        };
        let limit = i64::try_from(USERS_MAX).unwrap_or(i64::MAX);
        let rows = self.ask(statement, params![after, limit]).await?;
        rows.iter().map(|row| row.get("user_id").map_err(Into::into)).collect()
    }

    /// How many aggregates each user has, and the hash over all of them.
    async fn digests(self, users: &[Uuid]) -> Result<BTreeMap<Uuid, (i64, String)>, call::Error> {
        let statement = "SELECT user_id, count(*) AS aggregates,
                md5(string_agg(kind || id::text || version::text || md5(state::text), '' ORDER BY kind, id)) AS hash
            FROM VIEW WHERE user_id = ANY ($1::uuid[]) GROUP BY user_id";
        let rows = self.ask(statement, params![users.to_vec()]).await?;
        rows.iter().map(|row| Ok((row.get("user_id")?, (row.get("aggregates")?, row.get("hash")?)))).collect()
    }

    /// All aggregates of a user.
    async fn aggregates(self, user: Uuid) -> Result<BTreeMap<Key, State>, call::Error> {
        let statement = "SELECT kind, id, version, md5(state::text) AS hash FROM VIEW
            WHERE user_id = $1::uuid AND (kind, id) > ($2::text, $3::uuid) ORDER BY kind, id LIMIT $4::bigint";
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut found = BTreeMap::new();
        let mut after: Key = (String::new(), Uuid::nil());
        loop {
            let rows = self.ask(statement, params![user, after.0.as_str(), after.1, limit]).await?;
            let page = states(&rows)?;
            let Some((last, _)) = page.last() else { break };
            after = last.clone();
            let full = page.len() >= PAGE;
            found.extend(page);
            if !full {
                break;
            }
        }
        Ok(found)
    }

    /// Some of a user's aggregates.
    async fn some(self, user: Uuid, keys: &[Key]) -> Result<BTreeMap<Key, State>, call::Error> {
        let statement = "SELECT kind, id, version, md5(state::text) AS hash FROM VIEW
            WHERE user_id = $1::uuid AND id = ANY ($2::uuid[])";
        let ids: Vec<Uuid> = keys.iter().map(|(_, id)| *id).collect();
        let rows = self.ask(statement, params![user, ids]).await?;
        Ok(states(&rows)?.into_iter().collect())
    }
}

fn states(rows: &Rows) -> Result<Vec<(Key, State)>, call::Error> {
    let state = |row: sql::Row<'_>| {
        let state = State { version: row.get("version")?, hash: row.get("hash")? };
        Ok(((row.get("kind")?, row.get("id")?), state))
    };
    rows.iter().map(state).collect()
}

/// Users to compare together, and the user after whom to continue.
pub struct Page {
    pub users: Vec<Uuid>,
    /// `None` at the end.
    pub next: Option<Uuid>,
}

/// The users of both sides after one, in order.
pub async fn page(after: Uuid) -> Result<Page, call::Error> {
    let (read, write) = (Side::Read.users(after).await?, Side::Write.users(after).await?);
    // Beyond the end of a full list its side may have users that are not in it.
    let ends = [&read, &write].into_iter().filter(|list| list.len() >= USERS_MAX).filter_map(|list| list.last());
    let next = ends.min().copied();
    let users: BTreeSet<Uuid> =
        read.into_iter().chain(write).filter(|user| next.is_none_or(|end| *user <= end)).collect();
    Ok(Page { users: users.into_iter().collect(), next })
}

/// How many aggregates the write side has of these users, and the users on whom the sides disagree.
pub async fn differing_users(users: &[Uuid]) -> Result<(u64, Vec<Uuid>), call::Error> {
    let read = Side::Read.digests(users).await?;
    let write = Side::Write.digests(users).await?;
    let aggregates = write.values().map(|(count, _)| u64::try_from(*count).unwrap_or_default()).sum();
    let differing = users.iter().filter(|user| read.get(user) != write.get(user)).copied();
    Ok((aggregates, differing.collect()))
}

/// An aggregate on both sides at one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub read: Option<State>,
    pub write: Option<State>,
}

impl Seen {
    pub fn agrees(&self) -> bool {
        self.read == self.write
    }
}

/// The differences of a user.
pub async fn differences(user: Uuid) -> Result<BTreeMap<Key, Seen>, call::Error> {
    let read = Side::Read.aggregates(user).await?;
    let write = Side::Write.aggregates(user).await?;
    Ok(paired(read, write))
}

/// Some of a user's aggregates as they are now, those that differ.
pub async fn again(user: Uuid, keys: &[Key]) -> Result<BTreeMap<Key, Seen>, call::Error> {
    let read = Side::Read.some(user, keys).await?;
    let write = Side::Write.some(user, keys).await?;
    Ok(paired(read, write))
}

fn paired(read: BTreeMap<Key, State>, mut write: BTreeMap<Key, State>) -> BTreeMap<Key, Seen> {
    let mut differing = BTreeMap::new();
    for (key, state) in read {
        let seen = Seen { read: Some(state), write: write.remove(&key) };
        if !seen.agrees() {
            differing.insert(key, seen);
        }
    }
    differing.extend(write.into_iter().map(|(key, state)| (key, Seen { read: None, write: Some(state) })));
    differing
}

/// The write side's state of one aggregate.
pub async fn expected(user: Uuid, (kind, id): &Key) -> Result<Option<Expected>, call::Error> {
    let statement = "SELECT version, md5(state::text) AS hash, sequence, state::text AS document, event_type, payload::text AS payload
        FROM VIEW WHERE user_id = $1::uuid AND kind = $2::text AND id = $3::uuid";
    let rows = Side::Write.ask(statement, params![user, kind.as_str(), *id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Expected {
        state: State { version: row.get("version")?, hash: row.get("hash")? },
        sequence: row.get("sequence")?,
        document: row.get("document")?,
        event_type: row.get("event_type")?,
        payload: row.get("payload")?,
    }))
}

/// The read side's document of one aggregate.
pub async fn document(user: Uuid, (kind, id): &Key) -> Result<Option<String>, call::Error> {
    let statement =
        "SELECT state::text AS document FROM VIEW WHERE user_id = $1::uuid AND kind = $2::text AND id = $3::uuid";
    let rows = Side::Read.ask(statement, params![user, kind.as_str(), *id]).await?;
    Ok(rows.first().map(|row| row.get("document")).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(aggregates: &[(u128, i64, &str)]) -> BTreeMap<Key, State> {
        let state = |(id, version, hash): &(u128, i64, &str)| {
            (("entry".to_owned(), Uuid::from_u128(*id)), State { version: *version, hash: (*hash).to_owned() })
        };
        aggregates.iter().map(state).collect()
    }

    #[test]
    fn what_is_missing_surplus_older_or_other_differs_and_nothing_else() {
        let read = side(&[(1, 1, "same"), (2, 1, "old"), (3, 4, "corrupt"), (5, 1, "surplus")]);
        let write = side(&[(1, 1, "same"), (2, 2, "new"), (3, 4, "right"), (4, 1, "missing")]);
        let ids: Vec<u128> = paired(read, write).keys().map(|(_, id)| id.as_u128()).collect();
        assert_eq!(ids, [2, 3, 4, 5]);
    }
}
