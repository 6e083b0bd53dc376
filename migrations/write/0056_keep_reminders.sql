-- Reminders to write, by weekday and by the clock on the user's wall.
CREATE TABLE notification.reminders (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    weekdays   text[]      NOT NULL CHECK (cardinality(weekdays) BETWEEN 1 AND 7
        AND weekdays <@ ARRAY['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']),
    time       text        NOT NULL CHECK (time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    channel    text        NOT NULL CHECK (channel IN ('email', 'push')),
    active     boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it is next. A time long ago is reckoned again, and nothing is sent for it.
    due_at     timestamptz NOT NULL
);
CREATE INDEX reminders_by_user ON notification.reminders (user_id, created_at, id);
CREATE INDEX reminders_due ON notification.reminders (due_at) WHERE active;
ALTER TABLE notification.reminders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON notification.reminders USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.reminders TO mindflow_notification;
-- Devices hear of what the user has set, and not of when it is due.
CREATE CONSTRAINT TRIGGER reminder_changes AFTER INSERT OR DELETE OR UPDATE OF weekdays, time, channel, active ON notification.reminders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION command.change_of_row('reminder');

-- In another time zone they are due at another time.
CREATE FUNCTION notification.reckon_reminders() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE notification.reminders SET due_at = 'epoch' WHERE user_id = NEW.user_id;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION notification.reckon_reminders() FROM PUBLIC;
CREATE TRIGGER zone_changes AFTER UPDATE ON notification.users
    FOR EACH ROW WHEN (NEW.timezone <> OLD.timezone) EXECUTE FUNCTION notification.reckon_reminders();

-- On which days something was written, without what. Only for the service: for a caller it is empty.
CREATE VIEW notification.written_days WITH (security_barrier = true) AS
SELECT entry.user_id, entry.entry_date FROM command.journals entry
WHERE mindflow.is_service() AND entry.deleted_at IS NULL AND NOT COALESCE(entry.draft, false);
COMMENT ON VIEW notification.written_days IS 'Days that an entry is about, which is neither deleted nor a draft.';
GRANT SELECT ON notification.written_days TO mindflow_notification;
CREATE INDEX journals_by_day ON command.journals (user_id, entry_date);

-- What an erasure deletes: as before, with the reminders.
CREATE OR REPLACE FUNCTION notification.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    IF of_entry IS NOT NULL THEN
        RETURN mindflow.erase_rows(counts, 'notification.sends', 'user_id = $1 AND strpos(body::text, $2::text) > 0', of_user, of_entry);
    END IF;
    FOREACH name IN ARRAY ARRAY['notification.sends', 'notification.reminders', 'notification.webhooks', 'notification.push_subscriptions', 'notification.preferences',
        'notification.users']
    LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
