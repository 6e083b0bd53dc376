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

pub fn written(written: &EntryWritten, sequence: i64, kind: NoticeKind) -> Plan {
    let expected = analysis::expected(written).map(Word::word);
    let entry = &written.entry;
    let tag_ids: Vec<Uuid> = entry.tags.iter().map(|tag| tag.id).collect();
    let tag_names: Vec<String> = entry.tags.iter().map(|tag| text::key(&tag.name).into_owned()).collect();
    let Kept { keys: [title_key, content_key], of } = kept([&entry.title, &entry.content], sequence);
    let (columns, given, replaced) = (columns::names(), columns::of("given"), replaced());
    let text = format!(
        "WITH counted AS (
            INSERT INTO query.entry_creations (entry_id, user_id, created_at) VALUES ($1, $2, $8::timestamptz) ON CONFLICT (entry_id) DO NOTHING
        ), written AS (
            INSERT INTO query.journals_view AS held (entry_id, user_id, sequence, tags, tag_ids, tag_names, title_key, content_key, keys_of, {columns})
            SELECT $1::uuid, $2::uuid, $3::bigint, $5::jsonb, $6::uuid[], $7::text[], $9::text, $10::text, $11::bigint, {given}
            FROM jsonb_populate_record(NULL::query.journals_view, $4::jsonb) AS given
            {replaced}
        ), untagged AS (
            DELETE FROM query.entry_tags t USING written w WHERE t.entry_id = w.entry_id AND t.tag_id <> ALL ($6)
        ), tagged AS (
            INSERT INTO query.entry_tags (entry_id, tag_id, user_id)
            SELECT w.entry_id, carried.id, $2 FROM written w CROSS JOIN unnest($6) AS carried (id)
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
        entry.created_at,
        title_key,
        content_key,
        of,
        expected,
    ];
    Plan {
        user_id: entry.user_id,
        statement: Statement { text, params },
        notice: Some(Notice { kind, entry_id: entry.id }),
        renamed_tag: None,
    }
}

pub fn deleted(deleted: &EntryDeleted, sequence: i64) -> Plan {
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
    let params = params![deleted.id, deleted.user_id, sequence, deleted.version, deleted.deleted_at];
    let notice = Some(Notice { kind: NoticeKind::Deleted, entry_id: deleted.id });
    Plan { user_id: deleted.user_id, statement: Statement { text, params }, notice, renamed_tag: None }
}
