//! Each trap of Spin is there, so that a story that passes here says something about Spin.

mod http;
mod instances;
mod postgres;
mod redis;
mod variables;
