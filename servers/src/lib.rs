//! Starts a private PostgreSQL, Redis or PgBouncer as a child process: the embedded default of the host, and the servers of
//! tests, benchmarks and chaos.
//!
//! - [`Postgres`] serves one data directory, is started again when it dies, and is shared with other processes that use
//!   the same directory. [`TemporaryPostgres`] has a directory that is removed with it.
//! - [`TemporaryRedis`] is a `redis-server` on a unix socket, with or without a disk; [`TemporaryRedisCluster`]
//!   is three of them that share the keys.
//! - [`TemporaryPgBouncer`] is a `pgbouncer` on a unix socket, before a PostgreSQL.
//!
//! No server outlives the process that started it: the kernel sends it a signal when its parent ends.
//!
//! Everything here blocks, so that callers need no runtime. [`Postgres::launch`] and [`Postgres::stop_then`] report to a
//! callback instead.

#![allow(clippy::disallowed_methods, reason = "deadlines of processes: no test holds their clock")]

mod child;
mod folder;
mod identity;
mod pgbouncer;
mod postgres;
mod redis;
mod redis_cluster;
mod secret;
mod socket;
mod temporary;

pub use child::end_with_parent;
pub use folder::{Folder, sweep};
pub use pgbouncer::{PGBOUNCER_ENV, PgBouncerError, PgBouncerOptions, TemporaryPgBouncer};
pub use postgres::{Authentication, BINARIES_ENV, NO_FSYNC_ENV, Postgres, PostgresError, PostgresOptions, SUPERUSER};
pub use redis::{Durability, REDIS_ENV, RedisError, TemporaryRedis, redis_program};
pub use redis_cluster::TemporaryRedisCluster;
pub use temporary::TemporaryPostgres;
