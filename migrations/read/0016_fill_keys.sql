-- The keys of what was written before, as close as the database comes to them; apart from the change of the tables, which would keep
-- readers waiting for it. The next event of an entry or an account, or a replay, brings the exact ones.
SET LOCAL mindflow.identity = 'service';
UPDATE query.journals_view SET keys_of = sequence,
    title_key = CASE WHEN octet_length(title) > char_length(title) THEN query.folded(title) END,
    content_key = CASE WHEN octet_length(content) > char_length(content) THEN query.folded(content) END
WHERE keys_of IS NULL AND (octet_length(title) > char_length(title) OR octet_length(content) > char_length(content));
UPDATE query.users_view SET keys_of = sequence,
    email_key = CASE WHEN octet_length(email) > char_length(email) THEN query.folded(email) END,
    display_name_key = CASE WHEN octet_length(display_name) > char_length(display_name) THEN query.folded(display_name) END
WHERE keys_of IS NULL AND (octet_length(email) > char_length(email) OR octet_length(display_name) > char_length(display_name));
SET LOCAL mindflow.identity = '';
