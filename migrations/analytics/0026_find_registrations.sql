-- An account's first day is the day of its registration. By user, so that the first days are read off the index; of accounts alone, so
-- that logins, entries and moods, which are most events, have nothing to keep in it.
CREATE INDEX activity_of_accounts ON analytics.activity (user_id, day) WHERE kind = 'account';
