//! Whether views show what a user has just written. A write answers the marks of its events; a service that keeps views by events
//! compares them with the sequences of its rows.

use crate::{
    cache::{self, Owner},
    call::Error,
    failure::internal,
    id,
    journal::{MARKS_MAX, Mark},
    params,
    sql::{self, Identity, Value},
};
use std::{
    cell::RefCell,
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Answers that an instance remembers: 16 KiB of hashes. A view never goes back, so they hold for good.
const REMEMBERED_MAX: usize = 1_024;

thread_local! {
    /// What is known to be shown, and whose cache was renewed since.
    static SHOWN: RefCell<HashSet<u64>> = RefCell::default();
}

/// Asks the views. `statement` answers one row with the boolean `shown`, and takes `$1` kinds (`text[]`), `$2` ids (`uuid[]`) and `$3`
/// sequences (`bigint[]`) of the marks. Once they are shown, what was cached for `owner` before is out of date: who applied the events
/// may be between the commit and the renewal.
///
/// # Errors
/// Those of the database, and more than [`MARKS_MAX`] marks.
pub async fn ask(database: &str, owner: &Owner, statement: &str, marks: &[Mark]) -> Result<bool, Error> {
    let asked = hash(owner, marks);
    if SHOWN.with_borrow(|shown| shown.contains(&asked)) {
        return Ok(true);
    }
    if marks.len() > MARKS_MAX {
        return Err(internal(format!("{} marks are asked for, at most {MARKS_MAX} may be", marks.len())));
    }
    let rows = sql::query(database, Identity::Service, statement, parameters(marks)).await?;
    let row = rows.first().ok_or_else(|| internal("a statement about marks answers no row"))?;
    let shown = row.get("shown")?;
    // A cache that is away has nothing to show either.
    if shown && cache::renew(owner).await.is_ok() {
        remember(asked);
    }
    Ok(shown)
}

fn remember(asked: u64) {
    SHOWN.with_borrow_mut(|shown| {
        if shown.len() >= REMEMBERED_MAX {
            shown.clear();
        }
        shown.insert(asked);
    });
}

fn hash(owner: &Owner, marks: &[Mark]) -> u64 {
    let mut hasher = DefaultHasher::new();
    owner.hash(&mut hasher);
    for mark in marks {
        (&mark.aggregate, mark.sequence).hash(&mut hasher);
    }
    hasher.finish()
}

/// Kinds, ids and sequences. What is no mark of this version is left out: nothing could wait for it.
pub fn parameters(marks: &[Mark]) -> Vec<Value> {
    let (mut kinds, mut ids, mut sequences) = (Vec::new(), Vec::new(), Vec::new());
    for mark in marks {
        let named = mark.aggregate.split_once(':').and_then(|(kind, id)| Some((kind, id::parse(id)?)));
        if let (Some((kind, id)), Ok(sequence)) = (named, i64::try_from(mark.sequence)) {
            kinds.push(kind.to_owned());
            ids.push(id);
            sequences.push(sequence);
        }
    }
    params![kinds, ids, sequences]
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn marks_become_parameters_and_what_is_none_is_left_out() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let odd = Mark { aggregate: "entry".into(), sequence: 1 };
        let parameters = parameters(&[Mark::entry(one, 3), odd, Mark::tag("x", 1), Mark::tag(two, 1)]);
        let kinds = vec!["entry".to_owned(), "tag".to_owned()];
        assert_eq!(parameters, params![kinds, vec![one, two], vec![3_i64, 1]]);
    }

    #[test]
    fn an_answer_is_remembered_for_the_owner_and_the_marks_it_was_of() {
        let (ann, bob) = (Owner::journal(Uuid::from_u128(1)), Owner::journal(Uuid::from_u128(2)));
        let marks = [Mark::entry(Uuid::from_u128(3), 1)];
        let later = [Mark::entry(Uuid::from_u128(3), 2)];
        assert_eq!(hash(&ann, &marks), hash(&ann, &marks));
        assert_ne!(hash(&ann, &marks), hash(&bob, &marks));
        assert_ne!(hash(&ann, &marks), hash(&ann, &later));
    }
}
