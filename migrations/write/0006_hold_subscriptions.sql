-- Who holds a subscription: while it is held, none of its events is handed out. For replays, which must not
-- run beside deliveries. A hold that is not renewed ends by itself.

CREATE TABLE delivery.hold (
    -- Any name: what is held need not be registered.
    subscription text        PRIMARY KEY,
    holder       uuid        NOT NULL,
    held_until   timestamptz NOT NULL
);
COMMENT ON TABLE delivery.hold IS 'Subscriptions of which nothing is leased for now.';
REVOKE ALL ON delivery.hold FROM PUBLIC;
