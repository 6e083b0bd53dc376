//! Goal: every back end of `mail` keeps the same promises.
//! Method: one set of stories, run over a directory and a real SMTP server (aiosmtpd) of the test's own; then
//! the stories that only one of them has.

use mindflow_backends::clock::Clock;
use mindflow_backends::messaging::mail::{self, Config, Error, Mailer, Message, OpenError};
use mindflow_platform::delivery::unquoted;
use mindflow_test_support::SmtpServer;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};

const FROM: &str = "MindFlow <hello@mindflow.example>";
/// 2026-11-25T12:00:00Z.
const NOW_US: i64 = 1_795_608_000_000_000;

/// A back end, and where its mail arrives.
struct Bed {
    mailer: Arc<dyn Mailer>,
    data_dir: tempfile::TempDir,
    server: Option<SmtpServer>,
}

fn config(value: Value) -> Config {
    serde_json::from_value(value).unwrap()
}

impl Bed {
    fn open(config: &Config, server: Option<SmtpServer>) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let mailer = mail::open(config, data_dir.path(), Clock::manual(NOW_US).0).unwrap();
        Self { mailer, data_dir, server }
    }

    async fn directory() -> Self {
        Self::open(&config(json!({"backend": "directory", "from": FROM})), None)
    }

    async fn smtp() -> Self {
        let server = SmtpServer::start().await;
        let settings =
            json!({"backend": "smtp", "from": FROM, "host": "127.0.0.1", "port": server.port, "tls": "none"});
        Self::open(&config(settings), Some(server))
    }

    fn mails(&self) -> Vec<String> {
        if let Some(server) = &self.server {
            return server.mails();
        }
        let folder = std::fs::read_dir(self.data_dir.path().join("mail")).unwrap();
        folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}

on_every_back_end! {
    [Bed]: directory, smtp;
    a_message_arrives_with_text_html_and_its_headers,
    words_of_any_script_arrive_encoded,
    what_is_no_address_is_refused_and_nothing_is_left_behind,
    a_domain_goes_out_in_a_labels,
    a_mailbox_is_sent_to_with_the_quotes_that_its_name_needs,
    a_line_break_adds_no_header,
    only_known_headers_may_be_added,
    what_is_too_long_is_refused,
}

fn message(to: &str) -> Message {
    Message {
        id: uuid::Uuid::new_v4().to_string(),
        to: to.into(),
        subject: "Welcome".into(),
        text: "Hello in text.".into(),
        html: Some("<p>Hello in HTML.</p>".into()),
        headers: vec![
            ("List-Unsubscribe".into(), "<https://mindflow.example/notifications/unsubscribe/abc>".into()),
            ("List-Unsubscribe-Post".into(), "List-Unsubscribe=One-Click".into()),
        ],
    }
}

async fn a_message_arrives_with_text_html_and_its_headers(bed: Bed) {
    let sent = message("ada@example.org");
    bed.mailer.send(&sent).await.unwrap();
    let mails = bed.mails();
    assert_eq!(mails.len(), 1);
    for part in [
        "From: MindFlow <hello@mindflow.example>\r\n",
        "To: ada@example.org\r\n",
        "Subject: Welcome\r\n",
        "Date: Wed, 25 Nov 2026 12:00:00 +0000\r\n",
        "List-Unsubscribe: <https://mindflow.example/notifications/unsubscribe/abc>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "multipart/alternative",
        "Hello in text.",
        "<p>Hello in HTML.</p>",
        &format!("Message-ID: <{}@mindflow.example>\r\n", sent.id),
    ] {
        assert!(mails[0].contains(part), "{part} in {}", mails[0]);
    }
    if bed.server.is_some() {
        assert!(mails[0].starts_with("X-Envelope: hello@mindflow.example ada@example.org\r\n"), "{}", mails[0]);
    }
}

async fn words_of_any_script_arrive_encoded(bed: Bed) {
    let subject = "Grüße, 東京 🌧".to_owned();
    bed.mailer
        .send(&Message { subject, text: "Ölmühle".into(), html: None, ..message("ada@example.org") })
        .await
        .unwrap();
    let mails = bed.mails();
    assert!(mails[0].is_ascii() && mails[0].contains("Subject: =?utf-8?"), "{}", mails[0]);
}

async fn what_is_no_address_is_refused_and_nothing_is_left_behind(bed: Bed) {
    for wrong in [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "a@b, c@d",
        "ada@example",
        "ada@[127.0.0.1]",
        "Ada <ada@example.org>",
        "ada@-example.org",
    ] {
        let error = bed.mailer.send(&message(wrong)).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "to", .. }), "{wrong:?}: {error}");
    }
    assert!(bed.mails().is_empty());
}

async fn a_domain_goes_out_in_a_labels(bed: Bed) {
    for text in ["ada@bücher.example", "ada@BU\u{308}CHER.example", "ada@xn--bcher-kva.example"] {
        bed.mailer.send(&message(text)).await.unwrap();
    }
    let mails = bed.mails();
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert!(mail.is_ascii() && mail.contains("To: ada@xn--bcher-kva.example\r\n"), "{mail}");
        assert!(bed.server.is_none() || mail.contains(" ada@xn--bcher-kva.example\r\n"), "{mail}");
    }
}

async fn a_mailbox_is_sent_to_with_the_quotes_that_its_name_needs(bed: Bed) {
    for (text, sent) in [("\"a b\"@example.org", "\"a b\"@example.org"), ("\"ada\"@Example.org", "ada@example.org")] {
        bed.mailer.send(&message(text)).await.unwrap();
        let to = format!("To: {sent}\r\n");
        assert_eq!(bed.mails().iter().filter(|mail| mail.contains(&to)).count(), 1, "{text} {:?}", bed.mails());
    }
}

async fn a_line_break_adds_no_header(bed: Bed) {
    for line_break in ["\r\n", "\n", "\r", "\0"] {
        let hostile = format!("Hello{line_break}Bcc: eve@example.org");
        let error =
            bed.mailer.send(&Message { subject: hostile.clone(), ..message("a@example.org") }).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "subject", .. }), "{error}");
        let headers = vec![("List-Id".into(), hostile)];
        let error = bed.mailer.send(&Message { headers, ..message("a@example.org") }).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "headers", .. }), "{error}");
    }
    assert!(bed.mails().is_empty());
}

async fn only_known_headers_may_be_added(bed: Bed) {
    for name in ["Bcc", "From", "Reply-To", "X-Anything", "List-Id: x\r\nBcc"] {
        let headers = vec![(name.to_owned(), "eve@example.org".to_owned())];
        let error = bed.mailer.send(&Message { headers, ..message("a@example.org") }).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "headers", .. }), "{name}: {error}");
    }
    assert!(bed.mails().is_empty());
}

async fn what_is_too_long_is_refused(bed: Bed) {
    let whole = message("a@example.org");
    for (wrong, field) in [
        (Message { id: "../escape".into(), ..whole.clone() }, "id"),
        (Message { id: String::new(), ..whole.clone() }, "id"),
        (Message { subject: " ".into(), ..whole.clone() }, "subject"),
        (Message { subject: "x".repeat(mail::SUBJECT_CHARS_MAX + 1), ..whole.clone() }, "subject"),
        (Message { text: "x".repeat(mail::TEXT_BYTES_MAX + 1), ..whole.clone() }, "text"),
        (Message { html: Some("x".repeat(mail::HTML_BYTES_MAX + 1)), ..whole.clone() }, "html"),
        (Message { headers: vec![("List-Id".into(), "x".into()); mail::HEADERS_MAX + 1], ..whole.clone() }, "headers"),
    ] {
        match bed.mailer.send(&wrong).await.unwrap_err() {
            Error::Invalid { field: named, .. } => assert_eq!(named, field),
            other => panic!("{other}"),
        }
    }
    assert!(bed.mails().is_empty());
}

#[tokio::test]
async fn a_directory_keeps_a_message_that_is_sent_twice_once() {
    let bed = Bed::directory().await;
    let sent = message("ada@example.org");
    bed.mailer.send(&sent).await.unwrap();
    bed.mailer.send(&sent).await.unwrap();
    assert_eq!(bed.mails().len(), 1);
}

#[tokio::test]
async fn a_permanent_refusal_is_distinguished_from_a_temporary_one() {
    let bed = Bed::smtp().await;
    let refused = bed.mailer.send(&message("refused@example.org")).await.unwrap_err();
    assert!(matches!(&refused, Error::Rejected(reason) if reason.contains("5.1.1")), "{refused}");
    let printed = unquoted(&refused.to_string()).into_owned();
    assert!(printed.contains("550") && !printed.contains("refused@"), "{printed}");
    let later = bed.mailer.send(&message("later@example.org")).await.unwrap_err();
    assert!(matches!(&later, Error::Unavailable(reason) if reason.contains("4.7.1")), "{later}");
    assert!(bed.mails().is_empty());
    // The connection goes on.
    bed.mailer.send(&message("ada@example.org")).await.unwrap();
    assert_eq!(bed.mails().len(), 1);
}

#[tokio::test]
async fn an_address_that_the_server_cannot_take_is_given_up_and_one_that_can_takes_it() {
    let bed = Bed::smtp().await;
    let refused = bed.mailer.send(&message("ädä@example.org")).await.unwrap_err();
    assert!(matches!(&refused, Error::Rejected(reason) if reason.contains("SMTPUTF8")), "{refused}");
    bed.mailer.send(&message("ada@example.org")).await.unwrap();
    let server = SmtpServer::start_with(0, &["utf8"]).await;
    let settings = json!({"backend": "smtp", "from": FROM, "host": "127.0.0.1", "port": server.port, "tls": "none"});
    let bed = Bed::open(&config(settings), Some(server));
    bed.mailer.send(&message("ädä@bücher.example")).await.unwrap();
    let mails = bed.mails();
    assert!(mails[0].starts_with("X-Envelope: hello@mindflow.example ädä@xn--bcher-kva.example\r\n"), "{}", mails[0]);
}

#[tokio::test]
async fn a_server_that_is_away_is_no_fault_of_the_message() {
    let mut bed = Bed::smtp().await;
    bed.mailer.send(&message("ada@example.org")).await.unwrap();
    bed.server.as_mut().unwrap().stop().await;
    let error = bed.mailer.send(&message("ada@example.org")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_was_asked_for() {
    let server = SmtpServer::start().await;
    for tls in ["starttls", "implicit"] {
        let settings = json!({"backend": "smtp", "from": FROM, "host": "127.0.0.1", "port": server.port, "tls": tls});
        let bed = Bed::open(&config(settings), None);
        let error = bed.mailer.send(&message("ada@example.org")).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
    assert!(server.mails().is_empty());
}

/// Two files: a certificate of its own authority for this machine's address, and its key.
fn certificate(folder: &tempfile::TempDir) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

#[tokio::test]
async fn mail_goes_over_tls_with_a_log_in_to_a_server_whose_authority_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(&folder);
    for tls in ["starttls", "implicit"] {
        let server = SmtpServer::start_with(0, &[tls, certificate.to_str().unwrap(), key.to_str().unwrap()]).await;
        let settings = |ca: Option<&PathBuf>, password: &str| {
            config(json!({"backend": "smtp", "from": FROM, "host": "127.0.0.1", "port": server.port, "tls": tls,
                "ca-file": ca, "username": "ada", "password": password}))
        };
        for (wrong, reason) in [(settings(None, "hush"), "certificate"), (settings(Some(&certificate), "wrong"), "535")]
        {
            let error = Bed::open(&wrong, None).mailer.send(&message("ada@example.org")).await.unwrap_err();
            assert!(matches!(&error, Error::Unavailable(_)) && error.to_string().contains(reason), "{tls}: {error}");
        }
        assert!(server.mails().is_empty());
        Bed::open(&settings(Some(&certificate), "hush"), None).mailer.send(&message("ada@example.org")).await.unwrap();
        assert_eq!(server.mails().len(), 1, "{tls}");
    }
}

#[test]
fn a_file_of_authorities_without_one_stops_the_start_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.pem");
    let settings = json!({"backend": "smtp", "from": FROM, "host": "localhost", "ca-file": path});
    let open = || mail::open(&config(settings.clone()), folder.path(), Clock::system()).err().unwrap().to_string();
    assert!(open().contains("empty.pem: No such file"), "{}", open());
    std::fs::write(&path, "no certificate").unwrap();
    assert!(open().ends_with("empty.pem: has no certificate in PEM"), "{}", open());
}

#[test]
fn settings_that_make_no_sense_are_refused_and_a_password_is_never_shown() {
    let open = |value: Value| {
        let folder = tempfile::tempdir().unwrap();
        mail::open(&config(value), folder.path(), Clock::system()).err().unwrap()
    };
    let smtp = |from: &str, tls: &str, password: Option<&str>| json!({"backend": "smtp", "from": from, "host": "localhost", "tls": tls, "username": "u", "password": password});
    assert!(matches!(open(json!({"backend": "directory", "from": "no-address"})), OpenError::From(_)));
    assert!(matches!(open(smtp(FROM, "starttls", None)), OpenError::HalfCredentials));
    assert!(matches!(open(smtp(FROM, "none", Some("p"))), OpenError::PasswordInTheClear));
    assert!(!format!("{:?}", config(smtp(FROM, "none", Some("hunter2")))).contains("hunter2"));
}
