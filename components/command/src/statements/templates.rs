//! What new entries begin with.

/// `$1` user.
pub const TEMPLATES: &str = "
SELECT * FROM command.templates WHERE user_id = $1::uuid ORDER BY name COLLATE command.by_language, id";

/// `$1` id, `$2` user, `$3` name, `$4` its key, `$5` title, `$6` content, `$7` tags, `$8` journal or null, `$9` now, `$10` how many a user
/// can have. No row: there are as many.
pub const CREATE_TEMPLATE: &str = "
INSERT INTO command.templates (id, user_id, name, name_key, title, content, tags, book_id, updated_at)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text[], $8::uuid, $9::timestamptz
WHERE (SELECT count(*) FROM command.templates WHERE user_id = $2::uuid) < $10::bigint
RETURNING id";

/// `$1` id, `$2` user, and what it is from now on, as in [`CREATE_TEMPLATE`]. No row: there is none.
pub const UPDATE_TEMPLATE: &str = "
UPDATE command.templates SET name = $3::text, name_key = $4::text, title = $5::text, content = $6::text, tags = $7::text[],
    book_id = $8::uuid, updated_at = $9::timestamptz
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING id";

/// `$1` id, `$2` user.
pub const DELETE_TEMPLATE: &str = "DELETE FROM command.templates WHERE id = $1::uuid AND user_id = $2::uuid";

/// The constraint that a name breaks which another template has.
pub const TEMPLATE_NAME_CONSTRAINT: &str = "templates_name_is_unique";
