-- Vectors by pgvector, where the server has it: the server itself then compares them, and none is carried to the
-- host. Where it comes later: CREATE EXTENSION vector; SELECT search_index.use_vectors(); and start the hosts anew.

-- The 32-bit floats (IEEE 754) of bytes, little-endian.
CREATE FUNCTION search_index.floats(bytes bytea) RETURNS real[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
SELECT array_agg(
    (CASE WHEN bits >> 31 = 1 THEN -1 ELSE 1 END
        * CASE WHEN (bits >> 23) & 255 = 0 THEN (bits & 8388607) * 2.0::double precision ^ -149
            ELSE (8388608 + (bits & 8388607)) * 2.0::double precision ^ (((bits >> 23) & 255) - 150) END)::real
    ORDER BY at)
FROM (
    SELECT at, get_byte(bytes, at)::bigint | (get_byte(bytes, at + 1)::bigint << 8)
        | (get_byte(bytes, at + 2)::bigint << 16) | (get_byte(bytes, at + 3)::bigint << 24) AS bits
    FROM generate_series(0, length(bytes) - 4, 4) AS at
) floats
$$;

CREATE FUNCTION search_index.use_vectors() RETURNS boolean
    LANGUAGE plpgsql
    AS $use$
DECLARE
    place text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector');
BEGIN
    IF place IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format($f$CREATE OR REPLACE FUNCTION search_index.embedding(bytes bytea) RETURNS %1$I.vector
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT search_index.floats(bytes)::%1$I.vector'$f$, place);
    EXECUTE format($f$CREATE OR REPLACE FUNCTION search_index.cosine(one %1$I.vector, other %1$I.vector) RETURNS double precision
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 1 - (one OPERATOR(%1$I.<=>) other)'$f$, place);
    -- Follows from `vector`, so that whoever writes a document need not know.
    EXECUTE format('ALTER TABLE search_index.documents ADD COLUMN IF NOT EXISTS embedding %I.vector
        GENERATED ALWAYS AS (search_index.embedding(vector)) STORED', place);
    RETURN true;
END
$use$;

REVOKE ALL ON FUNCTION search_index.use_vectors() FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pgvector is there and not used, because it may not be created: %', SQLERRM;
END
$$;

SELECT search_index.use_vectors();
