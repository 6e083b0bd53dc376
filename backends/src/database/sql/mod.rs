//! What a component may do with a database, by connections of the host's own. The crate `mindflow_sql` has what does not
//! depend on the driver.

mod decode;
mod encode;
mod guard;
mod lease;
mod read;
mod row;
mod rowset;
mod transaction;

pub use mindflow_platform::sql::{DbError, Draft, Error, Identity, NewEvent, READS_MAX, ROWS_MAX, Refusal, Value};
pub(crate) use row::{row_values, rows, rows_again};
pub use rowset::{ROWSET_BYTES_MAX, Rowset};
pub use transaction::Transaction;
