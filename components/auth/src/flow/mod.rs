//! What callers ask for, step by step: each file is one part of the interface, and the order of its
//! steps is what it promises.

pub mod account;
pub mod address;
pub mod credentials;
pub mod erasure;
pub mod erasures_command;
pub mod grant;
pub mod health;
pub mod login;
pub mod mails;
pub mod operator;
pub mod proof;
pub mod refresh;
pub mod register;
pub mod reset;
pub mod second_factor;
pub mod session;
