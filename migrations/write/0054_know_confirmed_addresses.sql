-- Mail goes to confirmed addresses alone. Users whose events do not say so are from before there were confirmations.

ALTER TABLE notification.users ADD COLUMN email_confirmed boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN notification.users.email_confirmed IS 'Until then the user gets the mail that confirms the address, and no other.';
