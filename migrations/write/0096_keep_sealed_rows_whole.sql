-- A sealed payload cannot be compressed. PostgreSQL tried that with each row of more than 2 kB, and then cut the payload up into rows of
-- a table beside, which are written and read apart. From now on a row is whole up to 8 kB, and nothing is compressed. What is there stays as it is.

ALTER TABLE delivery.archive ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE audit.records ALTER COLUMN body SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);
ALTER TABLE audit.rechained ALTER COLUMN body SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);

-- A partition does not take it over.
CREATE FUNCTION delivery.keep_rows_whole(of_partition regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN payload SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160)', of_partition);
END
$$;
SELECT delivery.keep_rows_whole(inhrelid) FROM pg_inherits WHERE inhparent = 'delivery.archive'::regclass;

-- Nor does one that is made later.
ALTER FUNCTION delivery.make_archive_partition(date) RENAME TO attach_archive_partition;
CREATE FUNCTION delivery.make_archive_partition(day date) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT delivery.attach_archive_partition(day) THEN
        RETURN false;
    END IF;
    PERFORM delivery.keep_rows_whole(format('delivery.%I', 'archive_' || to_char(day, 'YYYY_MM'))::regclass);
    RETURN true;
END
$$;
COMMENT ON FUNCTION delivery.make_archive_partition(date) IS 'Makes the partition of the month that the day is in. False: there is one.';
REVOKE EXECUTE ON FUNCTION delivery.keep_rows_whole(regclass), delivery.make_archive_partition(date) FROM PUBLIC;
