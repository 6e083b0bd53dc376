//! Where components keep data outside a database: [`key_value`] buckets, [`blob`] containers on an object store of
//! [`objects`], and a [`search_index`].

pub mod blob;
pub mod key_value;
pub mod objects;
pub mod search_index;
