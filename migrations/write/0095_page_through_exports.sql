-- The ids of the next page of what an export reads, in their order. The views build the record of each row that they find before rows are
-- sorted and cut, so that a page of them costs as much as all the rows after it: they are asked for the rows of one page alone.

-- `of_one`: of the journal `of_book` alone, or of the default one where that is null.
CREATE FUNCTION portability.next_entries(of_user uuid, after uuid, of_one boolean, of_book uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT j.id FROM command.journals j
    -- As in the view of entries.
    LEFT JOIN command.books b ON b.user_id = j.user_id AND b.id = j.book_id AND b.id <> j.user_id AND b.deleted_at IS NULL
    WHERE mindflow.is_service() AND j.user_id = $1 AND j.id > $2 AND j.deleted_at IS NULL AND (NOT $3 OR b.id IS NOT DISTINCT FROM $4)
    -- An entry has up to 100,000 characters.
    ORDER BY j.id LIMIT 25
$$;

CREATE FUNCTION portability.next_moods(of_user uuid, after uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.id FROM command.mood_records r
    WHERE mindflow.is_service() AND r.user_id = $1 AND r.id > $2 AND r.taken_back_at IS NULL
    ORDER BY r.id LIMIT 500
$$;

-- Each file is written in a step of its own.
CREATE FUNCTION portability.next_media(of_user uuid, after uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT f.id FROM media.files f
    WHERE mindflow.is_service() AND f.user_id = $1 AND f.id > $2 AND EXISTS (
        SELECT FROM command.journal_attachments l JOIN command.journals j ON j.id = l.entry_id
        WHERE l.media_id = f.id AND j.deleted_at IS NULL
    )
    ORDER BY f.id LIMIT 1
$$;

REVOKE ALL ON FUNCTION portability.next_entries, portability.next_moods, portability.next_media FROM PUBLIC;
GRANT EXECUTE ON FUNCTION portability.next_entries, portability.next_moods, portability.next_media TO mindflow_portability;
