//! Of imports.

/// `$1` job.
pub const IMPORTER: &str = "SELECT user_id, premium FROM portability.importing WHERE job_id = $1::uuid";

/// `$1` entry, `$2` user.
pub const KNOWN_ENTRY: &str = "
SELECT purged_at IS NOT NULL AS ended FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid";

/// `$1` mood, `$2` user. One that was taken back is known.
pub const KNOWN_MOOD: &str = "SELECT id FROM command.mood_records WHERE id = $1::uuid AND user_id = $2::uuid";

/// `$1` key, `$2` user.
pub const KNOWN_TAG: &str = "
SELECT id FROM command.tags WHERE name_key = $1::text AND user_id = $2::uuid AND deleted_at IS NULL";

/// `$1` key, `$2` user.
pub const KNOWN_BOOK: &str = "
SELECT id FROM command.books WHERE name_key = $1::text AND user_id = $2::uuid AND deleted_at IS NULL";

/// `$1` user.
pub const RENAMED_DEFAULT: &str = "SELECT id FROM command.books WHERE id = $1::uuid AND user_id = $1::uuid";
