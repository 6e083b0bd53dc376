//! The capability `mail`: a message as it is sent (RFC 5322), checked, encoded, and the same whichever way it goes.

use crate::broken_rule::BrokenRule;
use lettre::{
    Address,
    address::Envelope,
    message::{MultiPart, SinglePart, header::HeaderName, header::HeaderValue},
};
use mindflow_address::MailAddress;
use std::time::{Duration, UNIX_EPOCH};

pub use lettre::message::Mailbox;

/// What is shown of a subject ends far before.
pub const SUBJECT_CHARS_MAX: usize = 200;
/// A notification, not a document.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
pub const HTML_BYTES_MAX: usize = 512 * 1024;
pub const HEADERS_MAX: usize = 8;
/// Longer lines are not to be sent (RFC 5322 §2.1.1).
const HEADER_BYTES_MAX: usize = 900;
/// A UUID, with room.
const ID_BYTES_MAX: usize = 64;
/// What a component may add: none of these says who a message is from or to.
pub const HEADERS: [&str; 4] = ["Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"];

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message for good: its Message-ID. Letters, digits, `-`.
    pub id: String,
    /// An address alone, without a name.
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// Of [`HEADERS`].
    pub headers: Vec<(String, String)>,
}

impl Message {
    /// The message as it goes out.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn compose(&self, from: &Mailbox, now_us: i64) -> Result<lettre::Message, BrokenRule> {
        self.check()?;
        let to = self.recipient()?;
        let sent_at = UNIX_EPOCH + Duration::from_micros(u64::try_from(now_us).unwrap_or_default());
        // The library would read it from the headers, and finds no mailbox there whose name needs its quotes.
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()]);
        let mut builder = lettre::Message::builder()
            .envelope(envelope.map_err(|error| BrokenRule::new("to", error))?)
            .message_id(Some(format!("<{}@{}>", self.id, from.email.domain())))
            .date(sent_at)
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(&self.subject);
        for (name, value) in &self.headers {
            let name =
                HeaderName::new_from_ascii(name.clone()).map_err(|_| BrokenRule::new("headers", "has a bad name"))?;
            builder = builder.raw_header(HeaderValue::new(name, value.clone()));
        }
        let text = SinglePart::plain(self.text.clone());
        let composed = match &self.html {
            Some(html) => {
                builder.multipart(MultiPart::alternative().singlepart(text).singlepart(SinglePart::html(html.clone())))
            }
            None => builder.singlepart(text),
        };
        composed.map_err(|error| BrokenRule::new("message", error))
    }

    /// Whom it goes to, with the domain in A-labels.
    ///
    /// # Errors
    /// It can never be sent there.
    pub fn recipient(&self) -> Result<Address, BrokenRule> {
        let to = MailAddress::parse(&self.to).and_then(MailAddress::deliverable);
        let to = to.map_err(|error| BrokenRule::new("to", error))?;
        Address::new(to.local(), to.domain()).map_err(|error| BrokenRule::new("to", error))
    }

    fn check(&self) -> Result<(), BrokenRule> {
        let id_fits = (1..=ID_BYTES_MAX).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !id_fits {
            return Err(BrokenRule::new("id", format!("must be 1 to {ID_BYTES_MAX} letters, digits and hyphens")));
        }
        if self.subject.trim().is_empty() || self.subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(BrokenRule::new("subject", format!("must have 1 to {SUBJECT_CHARS_MAX} characters")));
        }
        if self.subject.chars().any(char::is_control) {
            return Err(BrokenRule::new("subject", "must be one line without control characters"));
        }
        if self.text.len() > TEXT_BYTES_MAX {
            return Err(BrokenRule::new("text", format!("must have at most {TEXT_BYTES_MAX} bytes")));
        }
        if self.html.as_ref().is_some_and(|html| html.len() > HTML_BYTES_MAX) {
            return Err(BrokenRule::new("html", format!("must have at most {HTML_BYTES_MAX} bytes")));
        }
        if self.headers.len() > HEADERS_MAX {
            return Err(BrokenRule::new("headers", format!("must be at most {HEADERS_MAX}")));
        }
        for (name, value) in &self.headers {
            if !HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                return Err(BrokenRule::new("headers", format!("may only be {}", HEADERS.join(", "))));
            }
            let visible = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            if value.is_empty() || value.len() > HEADER_BYTES_MAX || !visible {
                return Err(BrokenRule::new(
                    "headers",
                    format!("must each be one line of 1 to {HEADER_BYTES_MAX} ASCII characters"),
                ));
            }
        }
        Ok(())
    }
}

/// The sender that a configuration names, such as `MindFlow <no-reply@example.org>`, with the domain in A-labels. It may be of a
/// network of one's own.
///
/// # Errors
/// It is none.
pub fn sender(text: &str) -> Result<Mailbox, NoSender> {
    let none = || NoSender(text.to_owned());
    let Mailbox { name, email } = text.parse().map_err(|_| none())?;
    let email = match MailAddress::parse(email.as_ref()) {
        Ok(known) => Address::new(known.local(), known.domain()).map_err(|_| none())?,
        Err(_) if email.domain().is_ascii() => email,
        Err(_) => return Err(none()),
    };
    Ok(Mailbox { name, email })
}

/// A text that is no sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no sender; write such as \"MindFlow <no-reply@example.org>\"")]
pub struct NoSender(pub String);
