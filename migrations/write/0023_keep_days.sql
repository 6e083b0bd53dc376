-- An entry's day can be changed.
GRANT UPDATE (entry_date) ON command.journals TO mindflow_command;

-- The day of a mood is that of the time zone which its user had when it was recorded, and stays when the zone changes.
ALTER TABLE command.mood_records ADD COLUMN date date;
COMMENT ON COLUMN command.mood_records.date IS 'Null for a mood that was recorded before days were kept: then it is the day in UTC.';
