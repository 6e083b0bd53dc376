//! The addresses that users enter, each by one grammar: what is accepted when it is entered is what can be used later.
//!
//! - [`MailAddress`]: of a mailbox
//! - [`web_address`]: of a receiver on the web

mod mail;
mod web;

pub use mail::{MAIL_ADDRESS_BYTES_MAX, MailAddress, NoMailAddress};
pub use web::{NoWebAddress, WEB_ADDRESS_CHARS_MAX, web_address};
