-- What the notification service has of a user, or of one entry: of an entry, the sends that wait and say something of it. Settled ones have
-- no text, and links of webhooks and devices are the user's.

CREATE FUNCTION notification.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    IF of_entry IS NOT NULL THEN
        RETURN mindflow.erase_rows(counts, 'notification.sends', 'user_id = $1 AND strpos(body::text, $2::text) > 0', of_user, of_entry);
    END IF;
    FOREACH name IN ARRAY ARRAY['notification.sends', 'notification.webhooks', 'notification.push_subscriptions', 'notification.preferences',
        'notification.users']
    LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
REVOKE EXECUTE ON FUNCTION notification.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notification.erase TO mindflow_notification;
