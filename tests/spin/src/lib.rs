//! What Spin 4.1 offers to a component, and nothing else, over the real PostgreSQL and Redis of the tests: so that what this
//! repository composes for Spin is tested without Spin. Everything here panics when it fails, as a test should.

pub mod bridge;
pub mod runtime;
