//! What the capabilities of `mindflow:platform` are, whoever provides them: the host, or the adapter for Spin. Rules, texts and
//! forms that both must have alike are here; connections, drivers and grants are the providers' own.

pub mod audit;
pub mod blob;
pub mod broken_rule;
#[cfg(feature = "data-keys")]
pub mod data_keys;
#[cfg(feature = "delivery")]
pub mod delivery;
pub mod disclosure;
pub mod embeddings;
pub mod event;
#[cfg(feature = "jwt")]
pub mod jwt;
pub mod key_value;
#[cfg(feature = "mail")]
pub mod mail;
pub mod outbound;
pub mod rate_limits;
pub mod realtime;
#[cfg(feature = "schedule")]
pub mod schedule;
#[cfg(feature = "sealing")]
pub mod sealing;
pub mod search_index;
pub mod sql;
#[cfg(feature = "web-push")]
pub mod web_push;
