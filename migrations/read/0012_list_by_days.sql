-- Entries are listed by the days that they are about, then by when they were begun. This index serves what the one of days alone
-- did, for earlier releases as well.
CREATE INDEX journals_view_by_day ON query.journals_view (user_id, entry_date DESC, created_at DESC, entry_id DESC) WHERE deleted_at IS NULL;
DROP INDEX query.journals_view_by_date;
