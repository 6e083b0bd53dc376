//! The statements against the schema, on a real PostgreSQL, as the service's own role under row-level
//! security: what they write, and that concurrent requests neither lose, double nor block each other.

mod creating;
mod isolation;
mod support;
mod tagging;
mod updating;
