//! What a component may do with a database: one guarded statement at a time, in a transaction that
//! carries a proven identity, on a connection logged in as the component's own role. Row-level security
//! in the database is what protects a user's rows; the guard keeps a component from changing who it is.

mod decode;
mod encode;
mod error;
mod guard;
mod identity;
mod lease;
pub(crate) mod lexer;
mod numeric;
mod publish;
mod read;
mod rowset;
mod transaction;
mod value;

pub use error::{DbError, Error};
pub use guard::Refusal;
pub use identity::Identity;
pub use publish::NewEvent;
pub use read::READS_MAX;
pub use rowset::{ROWS_MAX, ROWSET_BYTES_MAX, Rowset};
pub use transaction::Transaction;
pub use value::Value;
