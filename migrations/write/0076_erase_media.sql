-- What the media service has of a user; files go from the container before their rows do.

CREATE FUNCTION media.erase(of_user uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    FOREACH name IN ARRAY ARRAY['media.renditions', 'media.files', 'media.uploads', 'media.room'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
REVOKE EXECUTE ON FUNCTION media.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION media.erase TO mindflow_media;
