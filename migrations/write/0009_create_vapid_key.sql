-- The key by which push services know this platform (VAPID, RFC 8292). Browsers subscribe to its public
-- half, so it is made once and stays. Read by the host alone: no component is granted anything here.

CREATE TABLE mindflow.vapid_key (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    pkcs8      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON mindflow.vapid_key FROM PUBLIC;
