//! The keys in a PostgreSQL database of their own. What must be one step is a function there, so that a provider with one statement
//! at a time does it as well as one with transactions.

use uuid::Uuid;

use super::store::{Exchange, Exchanged, FORGOTTEN_AFTER, KeyError, StoredNode, Wanted};
use super::tree::Place;
use crate::sql::Value;

/// Makes everything that is missing. Several statements.
pub const SCHEMA: &str = include_str!("schema.sql");

/// In the write database: under which aggregates' keys payloads belong that are in clear, by the events' partition keys; empty: under
/// none.
pub const KEPT_UNDER: &str =
    "SELECT delivery.kept_under(k.name) FROM unnest($1::text[]) WITH ORDINALITY AS k (name, place) ORDER BY k.place";
/// Takes [`find_params`], answers [`found`]. The selects around the parameters keep their lengths from the planner: knowing that they
/// are short, it would take no plan that it has, and plan each time, which takes longer than the statement.
pub const FIND: &str = "SELECT w.place, n.first_place, n.depth, n.sealed \
     FROM unnest((SELECT $1::uuid[]), (SELECT $2::int8[])) WITH ORDINALITY AS w (user_id, wanted, place) \
     CROSS JOIN LATERAL (SELECT first_place, depth, sealed FROM data_keys.node \
     WHERE user_id = w.user_id AND first_place <= w.wanted ORDER BY first_place DESC LIMIT 1) n";
/// Takes [`add_params`]. Users are locked one after another, in their order.
pub const ADD: &str = "SELECT data_keys.add_root(r.user_id, decode(r.sealed, 'hex')) \
     FROM unnest($1::uuid[], $2::text[]) AS r (user_id, sealed)";
/// Takes [`exchange_params`], answers [`exchanged`].
pub const EXCHANGE: &str =
    "SELECT data_keys.exchange($1::uuid, $2::text, $3::int8, $4::int8, $5::int4, $6::int8[], $7::int8[], $8::text[])";
/// The user's id; answers whether the keys were there.
pub const DESTROY: &str = "SELECT data_keys.destroy_user($1::uuid)";

#[must_use]
pub fn find_params(wanted: &[Wanted]) -> [Value; 2] {
    [
        Value::UuidArray(wanted.iter().map(|wanted| wanted.user_id.to_string()).collect()),
        Value::Int64Array(wanted.iter().map(|wanted| wanted.place.signed()).collect()),
    ]
}

/// The rows of [`FIND`], in the order of what was wanted. The row nearest below a place may be a node that does not lead there.
///
/// # Errors
/// They are others.
pub fn found(wanted: &[Wanted], rows: Vec<Vec<Value>>) -> Result<Vec<Option<StoredNode>>, KeyError> {
    let mut nodes = vec![None; wanted.len()];
    for row in rows {
        let Ok([Value::Int64(place), Value::Int64(first), Value::Int32(depth), Value::Bytes(sealed)]) =
            <[Value; 4]>::try_from(row)
        else {
            return Err(unknown());
        };
        let index = usize::try_from(place).ok().and_then(|place| place.checked_sub(1)).ok_or_else(unknown)?;
        let (asked, slot) = wanted.get(index).zip(nodes.get_mut(index)).ok_or_else(unknown)?;
        let depth = u8::try_from(depth).map_err(|_| unknown())?;
        let node = StoredNode { user_id: asked.user_id, first: Place::from_signed(first), depth, sealed };
        *slot = Some(node).filter(|node| node.covers(asked.place));
    }
    Ok(nodes)
}

#[must_use]
pub fn add_params(roots: &[StoredNode]) -> [Value; 2] {
    let users = roots.iter().map(|root| root.user_id.to_string());
    [Value::UuidArray(users.collect()), sealed_of(roots)]
}

#[must_use]
pub fn exchange_params(exchange: Exchange) -> [Value; 8] {
    let Exchange { user_id, aggregate, place, node, rest } = exchange;
    let (first, depth) = match node {
        Some((first, depth)) => (Value::Int64(first.signed()), Value::Int32(depth.into())),
        None => (Value::Null, Value::Null),
    };
    [
        user_id.into(),
        Value::Text(aggregate),
        Value::Int64(place.signed()),
        first,
        depth,
        Value::Int64Array(rest.iter().map(|node| node.first.signed()).collect()),
        Value::Int64Array(rest.iter().map(|node| node.depth.into()).collect()),
        sealed_of(&rest),
    ]
}

/// An array of bytes is no value of its own.
fn sealed_of(nodes: &[StoredNode]) -> Value {
    Value::TextArray(nodes.iter().map(|node| hexadecimal(&node.sealed)).collect())
}

/// The row of [`EXCHANGE`].
///
/// # Errors
/// It is another.
pub fn exchanged(rows: Vec<Vec<Value>>) -> Result<Exchanged, KeyError> {
    match rows.into_iter().flatten().next() {
        Some(Value::Text(text)) if text == "done" => Ok(Exchanged::Done),
        Some(Value::Text(text)) if text == "already" => Ok(Exchanged::Already),
        Some(Value::Text(text)) if text == "otherwise" => Ok(Exchanged::Otherwise),
        _ => Err(unknown()),
    }
}

/// The row of [`DESTROY`].
///
/// # Errors
/// It is another.
pub fn destroyed(rows: Vec<Vec<Value>>) -> Result<bool, KeyError> {
    match rows.into_iter().flatten().next() {
        Some(Value::Boolean(destroyed)) => Ok(destroyed),
        _ => Err(unknown()),
    }
}

/// What [`DESTROY`] takes.
#[must_use]
pub fn destroy_params(user_id: Uuid) -> [Value; 1] {
    [user_id.into()]
}

/// Takes as long as a destruction waits, for a provider without a timer.
#[must_use]
pub fn wait() -> String {
    format!("SELECT 1 FROM pg_sleep({})", FORGOTTEN_AFTER.as_secs_f64())
}

fn unknown() -> KeyError {
    KeyError("the database answered something else than it should".to_owned())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: i64, first: i64, depth: i32) -> Vec<Value> {
        vec![Value::Int64(place), Value::Int64(first), Value::Int32(depth), Value::Bytes(vec![1])]
    }

    #[test]
    fn each_wanted_key_gets_the_node_that_leads_there() {
        let wanted = ["entry:1", "entry:2", "entry:3"]
            .map(|aggregate| Wanted { user_id: Uuid::from_u128(1), place: Place::of(aggregate) });
        let leaf = wanted[1].place.signed();
        let nodes = found(&wanted, vec![row(2, leaf, 64), row(1, i64::MIN, 0)]).unwrap();
        assert_eq!(nodes[0].as_ref().map(|node| node.depth), Some(0));
        assert_eq!(nodes[1].as_ref().map(|node| node.depth), Some(64));
        assert_eq!(nodes[2], None);
        // The nearest below leads elsewhere.
        assert_eq!(found(&wanted[..1], vec![row(1, leaf, 64)]).unwrap(), [None]);
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        let wanted = [Wanted { user_id: Uuid::from_u128(1), place: Place::FIRST }];
        for rows in
            [vec![vec![Value::Null]], vec![row(0, i64::MIN, 0)], vec![row(2, i64::MIN, 0)], vec![row(1, 0, 300)]]
        {
            assert!(found(&wanted, rows).is_err());
        }
        assert!(exchanged(Vec::new()).is_err() && destroyed(vec![vec![Value::Null]]).is_err());
    }
}
