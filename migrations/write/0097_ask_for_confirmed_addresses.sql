-- Whether the caller's address is confirmed, as it is now: events say it to this service a moment later.
CREATE VIEW notification.own_address WITH (security_barrier = true) AS
SELECT account.id AS user_id, account.email_confirmed_at IS NOT NULL AS confirmed
FROM auth.users account WHERE account.id = mindflow.user_id();
COMMENT ON VIEW notification.own_address IS 'Whether the caller has confirmed the address. Only for a caller: for the service it is empty.';
GRANT SELECT ON notification.own_address TO mindflow_notification;
