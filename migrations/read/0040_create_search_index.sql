-- Documents that their owners search: the PostgreSQL back end of the capability search-index.
--
-- The tables are the platform's own. It asks them with the role of the capability, under row-level security:
-- a search sees its owner's documents and no others; documents are written by the service.

CREATE SCHEMA search_index;

GRANT USAGE ON SCHEMA search_index TO "mindflow_search-index";

-- A deleted document stays as a tombstone: no content, only the version of its deletion, so that an older
-- version that comes late does not bring it back.
CREATE TABLE search_index.documents (
    index_name text NOT NULL,
    id         text NOT NULL,
    owner      uuid NOT NULL,
    version    bigint NOT NULL,
    deleted    boolean NOT NULL DEFAULT false,
    title      text NOT NULL DEFAULT '',
    body       text NOT NULL DEFAULT '',
    -- lower case, for filters
    keywords   text[] NOT NULL DEFAULT '{}',
    -- how its words are brought to their stems
    config     regconfig NOT NULL DEFAULT 'simple',
    at         timestamptz NOT NULL DEFAULT 'epoch',
    -- title (A), labels (B), body (C) as stems, and all of them as they are written (D)
    terms      tsvector NOT NULL DEFAULT '',
    -- its different words, for what is spelt wrongly
    words      text NOT NULL DEFAULT '',
    -- what it means: 32-bit floats of length 1, little-endian
    vector     bytea,
    PRIMARY KEY (index_name, id)
);

-- A search reads its owner's documents and nothing else: row-level security lets no operator of text search
-- look at another's first, so an index over everybody's words would never be used.
CREATE INDEX documents_by_owner ON search_index.documents (index_name, owner, at DESC) WHERE NOT deleted;

ALTER TABLE search_index.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_index.documents FORCE ROW LEVEL SECURITY;
CREATE POLICY documents_are_read_by_their_owner ON search_index.documents FOR SELECT USING (owner = mindflow.user_id());
CREATE POLICY documents_are_kept_by_the_service ON search_index.documents USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());

GRANT SELECT, INSERT, UPDATE ON search_index.documents TO "mindflow_search-index";

-- How much a word resembles another, and the nearest of many words, 0 to 1. By pg_trgm where the server has
-- it; where it comes later: CREATE EXTENSION pg_trgm; SELECT search_index.use_trigrams();
CREATE FUNCTION search_index.use_trigrams() RETURNS boolean
    LANGUAGE plpgsql
    AS $use$
DECLARE
    place text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
BEGIN
    IF place IS NULL THEN
        CREATE OR REPLACE FUNCTION search_index.resemblance(word text, words text) RETURNS real
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 0::real';
        CREATE OR REPLACE FUNCTION search_index.similarity(word text, other text) RETURNS real
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 0::real';
        RETURN false;
    END IF;
    EXECUTE format('CREATE OR REPLACE FUNCTION search_index.resemblance(word text, words text) RETURNS real
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT %I.strict_word_similarity(word, words)''', place);
    EXECUTE format('CREATE OR REPLACE FUNCTION search_index.similarity(word text, other text) RETURNS real
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT %I.similarity(word, other)''', place);
    RETURN true;
END
$use$;

REVOKE ALL ON FUNCTION search_index.use_trigrams() FROM PUBLIC;

DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'pg_trgm is not to be had, so words that are spelt wrongly find nothing: %', SQLERRM;
END
$$;

SELECT search_index.use_trigrams();
