//! Which columns a statement may have.

use mindflow_platform::sql::{Error, is_supported};

/// Refuses a statement with a column that has no value, before it runs.
pub(super) fn check_columns(columns: &[tokio_postgres::Column]) -> Result<(), Error> {
    for column in columns {
        if !is_supported(column.type_()) {
            let message = format!(
                "column `{}` is of type {}, which has no value here: cast it, for example to text",
                column.name(),
                column.type_().name()
            );
            return Err(Error::Other(message));
        }
    }
    Ok(())
}
