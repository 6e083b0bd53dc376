-- The keys under which payloads of events are kept. In a database of its own, with backups of its own: a restore of the
-- others must not bring back a key that was destroyed.
CREATE SCHEMA IF NOT EXISTS data_keys;
REVOKE ALL ON SCHEMA data_keys FROM PUBLIC;

-- Which keys these are; the event log notes it, so that no host works with others.
CREATE TABLE IF NOT EXISTS data_keys.store (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        uuid    NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO data_keys.store DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The nodes of the users' trees of keys, each sealed with the platform's master key. A node leads to the places from its first
-- one on, 2^(64-depth) of them; places are from -2^63 on.
CREATE TABLE IF NOT EXISTS data_keys.node (
    user_id     uuid    NOT NULL,
    first_place bigint  NOT NULL,
    depth       integer NOT NULL CHECK (depth BETWEEN 0 AND 64),
    sealed      bytea   NOT NULL,
    PRIMARY KEY (user_id, first_place)
);

-- What was destroyed, for good: all keys of a user where the aggregate is empty.
CREATE TABLE IF NOT EXISTS data_keys.destroyed (
    user_id   uuid        NOT NULL,
    aggregate text        NOT NULL DEFAULT '',
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, aggregate)
);

-- Changes of one user's keys come one after another. A function's statements each see what committed before they began.
CREATE OR REPLACE FUNCTION data_keys.lock_user(of_user uuid) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(of_user::text, 0))
$$;

CREATE OR REPLACE FUNCTION data_keys.add_root(of_user uuid, root bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM data_keys.lock_user(of_user);
    INSERT INTO data_keys.node (user_id, first_place, depth, sealed)
    SELECT of_user, -9223372036854775808, 0, root
    WHERE NOT EXISTS (SELECT FROM data_keys.node WHERE user_id = of_user)
      AND NOT EXISTS (SELECT FROM data_keys.destroyed WHERE user_id = of_user AND aggregate = '');
    RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION data_keys.leads_to(node data_keys.node, place bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT node.depth = 0 OR ((node.first_place # place) >> (64 - node.depth)) = 0
$$;

CREATE OR REPLACE FUNCTION data_keys.exchange(
    of_user uuid, of_aggregate text, place bigint, node_first bigint, node_depth integer,
    rest_first bigint[], rest_depth bigint[], rest_sealed text[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    nearest data_keys.node;
BEGIN
    PERFORM data_keys.lock_user(of_user);
    SELECT * INTO nearest FROM data_keys.node
        WHERE user_id = of_user AND first_place <= place ORDER BY first_place DESC LIMIT 1;
    IF node_first IS NULL AND data_keys.leads_to(nearest, place)
        OR node_first IS NOT NULL AND (nearest.first_place, nearest.depth) IS DISTINCT FROM (node_first, node_depth) THEN
        RETURN 'otherwise';
    END IF;
    IF node_first IS NULL
        AND EXISTS (SELECT FROM data_keys.destroyed WHERE user_id = of_user AND aggregate IN ('', of_aggregate)) THEN
        RETURN 'already';
    END IF;
    DELETE FROM data_keys.node WHERE user_id = of_user AND first_place = node_first;
    INSERT INTO data_keys.destroyed (user_id, aggregate) VALUES (of_user, of_aggregate) ON CONFLICT DO NOTHING;
    -- Without a node that leads there, a user who has others has lost the key; one who has none gets a tree without it.
    IF node_first IS NOT NULL OR NOT EXISTS (SELECT FROM data_keys.node WHERE user_id = of_user) THEN
        INSERT INTO data_keys.node (user_id, first_place, depth, sealed)
        SELECT of_user, r.first, r.depth, decode(r.sealed, 'hex')
        FROM unnest(rest_first, rest_depth, rest_sealed) AS r (first, depth, sealed);
    END IF;
    RETURN 'done';
END
$$;

CREATE OR REPLACE FUNCTION data_keys.destroy_user(of_user uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    were_there boolean;
BEGIN
    PERFORM data_keys.lock_user(of_user);
    DELETE FROM data_keys.node WHERE user_id = of_user;
    INSERT INTO data_keys.destroyed (user_id) VALUES (of_user) ON CONFLICT DO NOTHING;
    were_there := FOUND;
    -- The names of its aggregates say nothing any more.
    DELETE FROM data_keys.destroyed WHERE user_id = of_user AND aggregate <> '';
    RETURN were_there;
END
$$;
