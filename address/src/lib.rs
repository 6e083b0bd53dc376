//! The addresses that users enter, each by one grammar: what is accepted when it is entered is what can be used later.
//!
//! - [`MailAddress`]: of a mailbox
//! - [`web_address`]: of a receiver on the web
//! - [`is_private_name`]: whether the public internet does not know a host's name

mod mail;
mod name;
mod web;

pub use mail::{MAIL_ADDRESS_BYTES_MAX, MailAddress, NoMailAddress};
pub use name::is_private_name;
pub use web::{NoWebAddress, WEB_ADDRESS_CHARS_MAX, web_address};
