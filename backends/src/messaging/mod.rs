//! What leaves the platform for people: [`mail`], [`web_push`] for browsers, and [`realtime`] topics for open connections.

pub mod mail;
pub mod realtime;
pub mod web_push;
