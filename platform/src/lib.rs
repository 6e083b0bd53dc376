//! What the capabilities of `mindflow:platform` are, whoever provides them: the host, or the adapter for Spin. Rules, texts and
//! forms that both must have alike are here; connections, drivers and grants are the providers' own.

pub mod key_value;
pub mod sql;
