//! Fixtures that the suites of several crates share: databases of a test's own, private servers that a test may stop, and
//! waiting for a condition; and stories that several back ends have in common. Everything here panics when it fails, as a
//! test should.

mod child;
pub mod mongo;
pub mod opensearch;
pub mod pgbouncer;
pub mod postgres;
pub mod queue_model;
pub mod redis;
pub mod s3;
pub mod smtp;
pub mod stories;
mod wait;

pub use mongo::MongoServer;
pub use pgbouncer::TestPgBouncer;
pub use postgres::{COMPONENTS, PrivatePostgres, TestDatabase, TestPostgres, migrations};
pub use redis::{PrivateRedis, TestRedis};
pub use smtp::SmtpServer;
pub use wait::{WITHIN, eventually, eventually_within, until, until_within};
