//! Whether events have been projected.

/// Whether what these marks are of is shown as they say, or newer (`mindflow_guest::own_writes`). Deleted entries keep their rows.
pub const SHOWN: &str = "SELECT NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS mark (kind, id, sequence)
        WHERE mark.sequence > COALESCE(CASE mark.kind
            WHEN 'entry' THEN (SELECT v.sequence FROM query.journals_view v WHERE v.entry_id = mark.id)
            WHEN 'draft' THEN (SELECT v.sequence FROM query.journals_view v WHERE v.entry_id = mark.id)
            WHEN 'book' THEN (SELECT v.sequence FROM query.books_view v WHERE v.book_id = mark.id)
            WHEN 'tag' THEN (SELECT v.sequence FROM query.tags_view v WHERE v.tag_id = mark.id)
            WHEN 'mood' THEN (SELECT v.sequence FROM query.moods_view v WHERE v.mood_id = mark.id)
            WHEN 'user' THEN (SELECT v.sequence FROM query.users_view v WHERE v.id = mark.id)
            ELSE mark.sequence END, 0)
    ) AS shown";
