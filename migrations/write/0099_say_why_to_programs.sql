-- Why a job failed and why a webhook was switched off, for programs, beside the sentences: clients say it in the language of their user.

ALTER TABLE portability.jobs ADD COLUMN failure jsonb;
COMMENT ON COLUMN portability.jobs.failure IS 'As `error`, for programs. Null of jobs that failed before.';

ALTER TABLE notification.webhooks
    ADD COLUMN disabled_cause text CHECK (disabled_cause IN ('GONE', 'SILENT', 'PASSWORD_RESET'));
COMMENT ON COLUMN notification.webhooks.disabled_cause IS 'As `disabled_reason`, for programs.';

-- The owner of the tables is held to their policies as well. Webhooks without a reason answered 410 (0052).
SET LOCAL mindflow.identity = 'service';
UPDATE notification.webhooks SET disabled_cause = CASE
    WHEN disabled_reason IS NULL OR disabled_reason = 'the receiver answered 410 Gone' THEN 'GONE'
    WHEN disabled_reason LIKE '% times in a row without an answer;%' THEN 'SILENT'
    WHEN disabled_reason = 'the password of the account was reset' THEN 'PASSWORD_RESET'
END
WHERE NOT active;
SET LOCAL mindflow.identity = '';
