//! Entries: the row that readers see, the tags it carries, the record of its creation, and whether an analysis will
//! come; or the tombstone of a deleted entry.

use super::{
    Plan,
    analysis::{self, COLUMNS, NEWER_WINS},
    json,
};
use crate::columns;
use crate::folded::{Kept, kept};
use crate::statement::Statement;
use crate::vocabulary::Word;
use mindflow_events::{EntryDeleted, EntryWritten, Notice, NoticeKind};
use mindflow_guest::{params, sql::Json, text};
use uuid::Uuid;

/// The whole row is replaced, so that what an earlier event left in it makes no difference.
fn replaced() -> String {
    format!(
        "ON CONFLICT (entry_id) DO UPDATE SET
            user_id = EXCLUDED.user_id, sequence = EXCLUDED.sequence, deleted_at = EXCLUDED.deleted_at,
            tags = EXCLUDED.tags, tag_ids = EXCLUDED.tag_ids, tag_names = EXCLUDED.tag_names,
            title_key = EXCLUDED.title_key, content_key = EXCLUDED.content_key, keys_of = EXCLUDED.keys_of, {}
        WHERE held.sequence < EXCLUDED.sequence
        RETURNING entry_id",
        columns::replaced()
    )
}

const SHOWN: &str = "SELECT EXISTS (SELECT FROM written)
    OR COALESCE((SELECT v.sequence = $3 FROM query.journals_view v WHERE v.entry_id = $1), true) AS shown";

/// Of a draft nothing is counted: neither its tags nor that it was created, and no analysis will come.
pub fn written(written: &EntryWritten, sequence: i64, kind: NoticeKind) -> Plan {
    let entry = &written.entry;
    let expected = analysis::expected(written).filter(|_| !entry.draft).map(Word::word);
    let tag_ids: Vec<Uuid> = entry.tags.iter().map(|tag| tag.id).collect();
    let tag_names: Vec<String> = entry.tags.iter().map(|tag| text::key(&tag.name).into_owned()).collect();
    let Kept { keys: [title_key, content_key], of } = kept([&entry.title, &entry.content], sequence);
    let (columns, given, replaced) = (columns::names(), columns::of("given"), replaced());
    let text = format!(
        "WITH counted AS (
            INSERT INTO query.entry_creations (entry_id, user_id, created_at) SELECT $1::uuid, $2::uuid, $8::timestamptz WHERE NOT $13::boolean AND NOT $14::boolean
            ON CONFLICT (entry_id) DO NOTHING
        ), written AS (
            INSERT INTO query.journals_view AS held (entry_id, user_id, sequence, tags, tag_ids, tag_names, title_key, content_key, keys_of, {columns})
            SELECT $1::uuid, $2::uuid, $3::bigint, $5::jsonb, $6::uuid[], $7::text[], $9::text, $10::text, $11::bigint, {given}
            FROM jsonb_populate_record(NULL::query.journals_view, $4::jsonb) AS given
            {replaced}
        ), untagged AS (
            DELETE FROM query.entry_tags t USING written w WHERE t.entry_id = w.entry_id AND ($13 OR t.tag_id <> ALL ($6))
        ), tagged AS (
            INSERT INTO query.entry_tags (entry_id, tag_id, user_id)
            SELECT w.entry_id, carried.id, $2 FROM written w CROSS JOIN unnest($6) AS carried (id) WHERE NOT $13
            ON CONFLICT (entry_id, tag_id) DO NOTHING
        ), expected AS (
            INSERT INTO query.analyses_view AS held ({COLUMNS})
            SELECT $1, $2, $3, 0, $12::text, NULL, '{{}}', '[]', NULL, NULL WHERE $12 IS NOT NULL
            {NEWER_WINS}
        )
        {SHOWN}"
    );
    let params = params![
        entry.id,
        entry.user_id,
        sequence,
        Json::columns(entry),
        json(&entry.tags),
        tag_ids,
        tag_names,
        entry.counted_since(),
        title_key,
        content_key,
        of,
        expected,
        entry.draft,
        entry.imported,
    ];
    Plan {
        user_id: entry.user_id,
        statement: Statement { text, params },
        notice: Some(Notice { kind, entry_id: entry.id }),
        renamed_tag: None,
    }
}

pub fn deleted(deleted: &EntryDeleted, sequence: i64) -> Plan {
    let EntryDeleted { id, user_id, deleted_at, version } = *deleted;
    let replaced = replaced();
    let text = format!(
        "WITH written AS (
            INSERT INTO query.journals_view AS held (entry_id, user_id, sequence, version, deleted_at)
            VALUES ($1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::timestamptz)
            {replaced}
        ), untagged AS (
            DELETE FROM query.entry_tags t USING written w WHERE t.entry_id = w.entry_id
        )
        {SHOWN}"
    );
    let notice = Some(Notice { kind: NoticeKind::Deleted, entry_id: id });
    let params = params![id, user_id, sequence, version, deleted_at];
    Plan { user_id, statement: Statement { text, params }, notice, renamed_tag: None }
}
