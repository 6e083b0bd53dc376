//! Users, tags, journals and recorded moods: aggregates of their own, one row each.

use super::Plan;
use crate::folded::{Kept, kept};
use crate::statement::Statement;
use mindflow_events::{Account, Book, MoodRecorded, MoodTakenBack, TagDeleted};
use mindflow_guest::{params, sql::Value, text};
use uuid::Uuid;

pub fn user(user: Account, sequence: i64) -> Plan {
    let text = upsert(
        "users_view",
        &[
            ("id", "uuid"),
            ("sequence", "bigint"),
            ("email", "text"),
            ("display_name", "text"),
            ("roles", "text[]"),
            ("timezone", "text"),
            ("created_at", "timestamptz"),
            ("email_key", "text"),
            ("display_name_key", "text"),
            ("keys_of", "bigint"),
        ],
    );
    // What is the owner's alone, the auth service answers itself.
    let Account { user_id, email, display_name, roles, timezone, created_at, .. } = user;
    let (email, display_name) = (text::into_nfc(email), text::into_nfc(display_name));
    let Kept { keys: [email_key, display_name_key], of } = kept([&email, &display_name], sequence);
    let params =
        params![user_id, sequence, email, display_name, roles, timezone, created_at, email_key, display_name_key, of];
    Plan { user_id, statement: Statement { text, params }, notice: None, renamed_tag: None }
}

pub fn tag(tag_id: Uuid, user_id: Uuid, name: String, sequence: i64) -> Plan {
    let name = text::into_nfc(name);
    let key = text::key(&name).into_owned();
    tag_row(tag_id, user_id, Some((name, key)), sequence)
}

/// Its name goes. Entries that had it say so themselves.
pub fn tag_deleted(deleted: &TagDeleted, sequence: i64) -> Plan {
    tag_row(deleted.tag_id, deleted.user_id, None, sequence)
}

/// With a name and its key, or deleted.
fn tag_row(tag_id: Uuid, user_id: Uuid, named: Option<(String, String)>, sequence: i64) -> Plan {
    let columns = [
        ("tag_id", "uuid"),
        ("sequence", "bigint"),
        ("user_id", "uuid"),
        ("name", "text"),
        ("name_key", "text"),
        ("deleted", "boolean"),
    ];
    let deleted = named.is_none();
    let (name, key) = named.unzip();
    let params = params![tag_id, sequence, user_id, name, key, deleted];
    Plan {
        user_id,
        statement: Statement { text: upsert("tags_view", &columns), params },
        notice: None,
        renamed_tag: None,
    }
}

pub fn mood(recorded: MoodRecorded, sequence: i64) -> Plan {
    let text = upsert(
        "moods_view",
        &[
            ("mood_id", "uuid"),
            ("sequence", "bigint"),
            ("user_id", "uuid"),
            ("mood", "text"),
            ("note", "text"),
            ("recorded_at", "timestamptz"),
            ("date", "date"),
        ],
    );
    let MoodRecorded { mood_id, user_id, mood, note, at, date } = recorded;
    let params = params![mood_id, sequence, user_id, mood, note.map(text::into_nfc), at, date];
    Plan { user_id, statement: Statement { text, params }, notice: None, renamed_tag: None }
}

/// What it was goes.
pub fn mood_taken_back(taken: &MoodTakenBack, sequence: i64) -> Plan {
    let text = upsert(
        "moods_view",
        &[
            ("mood_id", "uuid"),
            ("sequence", "bigint"),
            ("user_id", "uuid"),
            ("taken_back_at", "timestamptz"),
            ("mood", "text"),
            ("note", "text"),
            ("recorded_at", "timestamptz"),
            ("date", "date"),
        ],
    );
    let MoodTakenBack { mood_id, user_id, taken_back_at } = *taken;
    let nothing = || Value::Null;
    let params = params![mood_id, sequence, user_id, taken_back_at, nothing(), nothing(), nothing(), nothing()];
    Plan { user_id, statement: Statement { text, params }, notice: None, renamed_tag: None }
}

pub fn book(book: Book, deleted: bool, sequence: i64) -> Plan {
    let columns =
        [("book_id", "uuid"), ("sequence", "bigint"), ("user_id", "uuid"), ("name", "text"), ("deleted", "boolean")];
    let Book { book_id, user_id, name } = book;
    let name = (!deleted).then(|| text::into_nfc(name));
    let params = params![book_id, sequence, user_id, name, deleted];
    Plan {
        user_id,
        statement: Statement { text: upsert("books_view", &columns), params },
        notice: None,
        renamed_tag: None,
    }
}

/// Writes one row, unless a newer one is there. The columns begin with the id and `sequence`.
fn upsert(view: &str, columns: &[(&str, &str)]) -> String {
    let id = columns.first().map_or("id", |(name, _)| name);
    let list = |form: fn(usize, &(&str, &str)) -> String| {
        columns.iter().enumerate().map(|(at, column)| form(at, column)).collect::<Vec<_>>().join(", ")
    };
    let names = list(|_, (name, _)| (*name).to_owned());
    let values = list(|at, (_, kind)| format!("${}::{kind}", at + 1));
    let changes = list(|_, (name, _)| format!("{name} = EXCLUDED.{name}"));
    format!(
        "WITH written AS (
            INSERT INTO query.{view} AS held ({names}) VALUES ({values})
            ON CONFLICT ({id}) DO UPDATE SET {changes} WHERE held.sequence < EXCLUDED.sequence
            RETURNING 1
        )
        SELECT EXISTS (SELECT FROM written) OR COALESCE((SELECT v.sequence = $2 FROM query.{view} v WHERE v.{id} = $1), true) AS shown"
    )
}
