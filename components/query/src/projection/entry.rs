//! Entries: the row that readers see, the tags it carries, the record of its creation, and whether an analysis will
//! come; or the tombstone of a deleted entry.

use super::{
    Plan,
    analysis::{self, COLUMNS, NEWER_WINS},
    json,
};
use crate::statement::Statement;
use crate::vocabulary::Word;
use mindflow_events::{EntryDeleted, EntryWritten, Notice, NoticeKind};
use mindflow_guest::params;
use uuid::Uuid;

/// The whole row is replaced, so that what an earlier event left in it makes no difference.
const REPLACED: &str = "ON CONFLICT (entry_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, sequence = EXCLUDED.sequence, version = EXCLUDED.version, deleted_at = EXCLUDED.deleted_at,
        title = EXCLUDED.title, content = EXCLUDED.content, mood = EXCLUDED.mood,
        tags = EXCLUDED.tags, tag_ids = EXCLUDED.tag_ids, tag_names = EXCLUDED.tag_names, attachment_ids = EXCLUDED.attachment_ids,
        created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, entry_date = EXCLUDED.entry_date, word_count = EXCLUDED.word_count
    WHERE held.sequence < EXCLUDED.sequence
    RETURNING entry_id";

const SHOWN: &str = "SELECT EXISTS (SELECT FROM written)
    OR COALESCE((SELECT v.sequence = $3 FROM query.journals_view v WHERE v.entry_id = $1), true) AS shown";

pub fn written(written: EntryWritten, sequence: i64, kind: NoticeKind) -> Plan {
    let expected = analysis::expected(&written).map(Word::word);
    let entry = written.entry;
    let tag_ids: Vec<Uuid> = entry.tags.iter().map(|tag| tag.id).collect();
    let tag_names: Vec<String> = entry.tags.iter().map(|tag| tag.name.to_lowercase()).collect();
    let text = format!(
        "WITH counted AS (
            INSERT INTO query.entry_creations (entry_id, user_id, created_at) VALUES ($1, $2, $12) ON CONFLICT (entry_id) DO NOTHING
        ), written AS (
            INSERT INTO query.journals_view AS held
                (entry_id, user_id, sequence, version, title, content, mood, tags, tag_ids, tag_names, attachment_ids,
                 created_at, updated_at, entry_date, word_count)
            VALUES ($1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::text, $6::text, $7::text, $8::jsonb, $9::uuid[], $10::text[], $11::uuid[],
                $12::timestamptz, $13::timestamptz, $14::date, $15::bigint)
            {REPLACED}
        ), untagged AS (
            DELETE FROM query.entry_tags t USING written w WHERE t.entry_id = w.entry_id AND t.tag_id <> ALL ($9)
        ), tagged AS (
            INSERT INTO query.entry_tags (entry_id, tag_id, user_id)
            SELECT w.entry_id, carried.id, $2 FROM written w CROSS JOIN unnest($9) AS carried (id)
            ON CONFLICT (entry_id, tag_id) DO NOTHING
        ), expected AS (
            INSERT INTO query.analyses_view AS held ({COLUMNS})
            SELECT $1, $2, $3, 0, $16::text, NULL, '{{}}', '[]', NULL, NULL WHERE $16 IS NOT NULL
            {NEWER_WINS}
        )
        {SHOWN}"
    );
    let params = params![
        entry.id,
        entry.user_id,
        sequence,
        entry.version,
        entry.title,
        entry.content,
        entry.mood,
        json(&entry.tags),
        tag_ids,
        tag_names,
        entry.attachment_ids,
        entry.created_at,
        entry.updated_at,
        entry.entry_date,
        entry.word_count,
        expected,
    ];
    Plan {
        user_id: entry.user_id,
        statement: Statement { text, params },
        notice: Some(Notice { kind, entry_id: entry.id }),
    }
}

pub fn deleted(deleted: &EntryDeleted, sequence: i64) -> Plan {
    let text = format!(
        "WITH written AS (
            INSERT INTO query.journals_view AS held (entry_id, user_id, sequence, version, deleted_at)
            VALUES ($1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::timestamptz)
            {REPLACED}
        ), untagged AS (
            DELETE FROM query.entry_tags t USING written w WHERE t.entry_id = w.entry_id
        )
        {SHOWN}"
    );
    let params = params![deleted.id, deleted.user_id, sequence, deleted.version, deleted.deleted_at];
    let notice = Some(Notice { kind: NoticeKind::Deleted, entry_id: deleted.id });
    Plan { user_id: deleted.user_id, statement: Statement { text, params }, notice }
}
