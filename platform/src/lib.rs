//! What the capabilities of `mindflow:platform` are, on both providers: the host, or the adapter for Spin. Rules, texts and
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
pub mod error;
pub mod event;
#[cfg(feature = "jwt")]
pub mod jwt;
pub mod key_value;
#[cfg(feature = "mail")]
pub mod mail;
pub mod outbound;
pub mod rate_limits;
pub mod realtime;
pub mod refusal;
#[cfg(feature = "schedule")]
pub mod schedule;
#[cfg(feature = "sealing")]
pub mod sealing;
pub mod search_index;
pub mod sql;
#[cfg(feature = "web-push")]
pub mod web_push;
