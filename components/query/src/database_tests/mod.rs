//! The statements on a real PostgreSQL with the repository's migrations, by the same `sql` back end as in the
//! host: the component's own role, the guard, row-level security.

mod accounts;
mod changes;
mod keeping;
mod order;
mod own_writes;
mod ownership;
mod server;
mod stories;
mod tags;
