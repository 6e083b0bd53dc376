//! The three roots of the schema.

mod mutation;
mod query;
mod subscription;

pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;
