//! Contents: mails from templates, push messages, and bodies of webhooks as JSON. A user's text is data in all of them:
//! escaped in HTML, and never part of a header.

use mindflow_events::{CredentialsChanged, Kind, Payload};
use mindflow_guest::{clock, event, events::Event};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::{Value, json};

use crate::services::account_mails::Kind as AccountMail;

/// What the mail to the owner of a webhook that is switched off is about, as the other mails are about events.
pub const DISABLED: &str = "WebhookDisabled";
/// What reminders to write are about.
pub const REMINDER: &str = "ReminderDue";
/// The page of MindFlow's own client that a push message about insights opens.
const INSIGHTS_PAGE: &str = "/insights";
/// Two templates a mail: the name's ending decides what is escaped.
const TEMPLATES: [(&str, &str); 18] = [
    ("confirmation.txt", include_str!("templates/confirmation.txt")),
    ("confirmation.html", include_str!("templates/confirmation.html")),
    ("reset.txt", include_str!("templates/reset.txt")),
    ("reset.html", include_str!("templates/reset.html")),
    ("change.txt", include_str!("templates/change.txt")),
    ("change.html", include_str!("templates/change.html")),
    ("changed.txt", include_str!("templates/changed.txt")),
    ("changed.html", include_str!("templates/changed.html")),
    ("deletion.txt", include_str!("templates/deletion.txt")),
    ("deletion.html", include_str!("templates/deletion.html")),
    ("insights.txt", include_str!("templates/insights.txt")),
    ("insights.html", include_str!("templates/insights.html")),
    ("reminder.txt", include_str!("templates/reminder.txt")),
    ("reminder.html", include_str!("templates/reminder.html")),
    ("webhook.txt", include_str!("templates/webhook.txt")),
    ("webhook.html", include_str!("templates/webhook.html")),
    ("security.txt", include_str!("templates/security.txt")),
    ("security.html", include_str!("templates/security.html")),
];
/// The member of `TagRenamed` that has what the tag was called before.
const FORMER_NAME: &str = "previousName";
/// Of a name, in a greeting.
const NAME_CHARS_MAX: usize = 100;

/// A mail without its address.
#[derive(Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What a mail says besides its fixed words.
#[derive(Debug, Serialize)]
pub struct Words<'a> {
    pub name: String,
    pub count: u64,
    /// The platform's public address.
    pub home: &'a str,
    pub unsubscribe: &'a str,
    /// Of a webhook that was switched off: its address, and why.
    pub url: String,
    pub reason: String,
    /// Of the account: what was changed, as a sentence without its end.
    pub change: &'static str,
}

/// Whether all templates can be read.
pub fn check() -> Result<(), minijinja::Error> {
    environment().map(drop)
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Whether the mail goes to addresses that are not confirmed as well: the one that confirms them.
pub fn confirms(event_type: &str) -> bool {
    Kind::of(event_type) == Some(Kind::UserRegistered)
}

/// Whether there is a mail about such events.
pub fn has_mail(event_type: &str) -> bool {
    confirms(event_type) || kind(event_type).is_some()
}

/// Whether there is a push message about such events.
pub fn has_push(event_type: &str) -> bool {
    Kind::of(event_type) == Some(Kind::AIInsightsGenerated)
}

/// Whether the mail is about the safety of the account: it goes out whatever the user wants, and at any hour.
pub fn is_about_safety(event_type: &str) -> bool {
    matches!(Kind::of(event_type), Some(Kind::CredentialsChanged | Kind::UserRegistered))
}

/// Whether the message waits for the end of quiet hours: not when the user has named its time, nor when the account is at risk.
pub fn waits_for_quiet_to_end(event_type: &str) -> bool {
    event_type != REMINDER && !is_about_safety(event_type)
}

/// What an event of [`CredentialsChanged`] says, in a sentence without its end.
pub fn change(word: &str) -> &'static str {
    match word {
        CredentialsChanged::PASSWORD_CHANGED => "The password of your account was changed",
        CredentialsChanged::PASSWORD_RESET => {
            "The password of your account was replaced by a link in a mail. Webhooks and push messages, if there were any, are off until \
             you switch them on again"
        }
        CredentialsChanged::SECOND_FACTOR_SET => "A second factor was set up for your account",
        CredentialsChanged::SECOND_FACTOR_REMOVED => "The second factor of your account was removed",
        CredentialsChanged::RECOVERY_CODES_REPLACED => "Your account has new recovery codes",
        _ => "How you log in to your account was changed",
    }
}

/// Whether it says that the password was replaced by who reads the account's mail.
pub fn is_reset(event: &Event) -> bool {
    match event::payload(event, &[Kind::CredentialsChanged]) {
        Ok(Some(Payload::CredentialsChanged(changed))) => changed.change == CredentialsChanged::PASSWORD_RESET,
        _ => false,
    }
}

/// Whether it is worth a message. An analysis without insights, of an entry without text, is no news to them; and of another
/// address the former one hears by a mail of its own.
pub fn is_news(event: &Event) -> bool {
    match event::payload(event, &[Kind::AIInsightsGenerated, Kind::CredentialsChanged]) {
        Ok(Some(Payload::AIInsightsGenerated(insights))) => !insights.insights.is_empty(),
        Ok(Some(Payload::CredentialsChanged(changed))) => changed.change != CredentialsChanged::EMAIL_CHANGED,
        _ => true,
    }
}

/// The mail's template and subject.
fn kind(event_type: &str) -> Option<(&'static str, &'static str)> {
    // Not an event: `switch` asks for it.
    if event_type == DISABLED {
        return Some(("webhook", "Your webhook was switched off"));
    }
    // Nor this one: the schedule does.
    if event_type == REMINDER {
        return Some(("reminder", "Time to write"));
    }
    match Kind::of(event_type)? {
        Kind::AIInsightsGenerated => Some(("insights", "Your insights are ready")),
        Kind::CredentialsChanged => Some(("security", "Your account was changed")),
        _ => None,
    }
}

/// The mail about an event of this type, if there is one.
pub fn mail(event_type: &str, words: &Words<'_>) -> Result<Option<Mail>, minijinja::Error> {
    kind(event_type).map(|(template, subject)| rendered(template, subject, words)).transpose()
}

/// What a mail with a link says. It has no text of a user: who typed the address in may not be who reads the mail.
#[derive(Debug, Serialize)]
pub struct Linked<'a> {
    pub link: &'a str,
}

/// What the mail about an account that goes says.
#[derive(Debug, Serialize)]
pub struct Leaving<'a> {
    /// When, in UTC.
    pub due: &'a str,
    /// The number of the receipt.
    pub receipt: &'a str,
}

/// The mail about an account that the auth service asks for: with [`Linked`], and [`Leaving`] where the account goes.
pub fn about_account(mail: AccountMail, words: &impl Serialize) -> Result<Mail, minijinja::Error> {
    let (template, subject) = match mail {
        AccountMail::Confirmation => ("confirmation", "Confirm your e-mail address"),
        AccountMail::Reset => ("reset", "Choose a new password"),
        AccountMail::Change => ("change", "Confirm your new e-mail address"),
        AccountMail::Changed => ("changed", "Your account has another e-mail address"),
        AccountMail::Deletion => ("deletion", "Your account will be deleted"),
    };
    rendered(template, subject, words)
}

fn rendered(template: &str, subject: &str, words: &impl Serialize) -> Result<Mail, minijinja::Error> {
    let environment = environment()?;
    let render = |ending| environment.get_template(&format!("{template}.{ending}"))?.render(words);
    Ok(Mail { subject: subject.to_owned(), text: render("txt")?, html: render("html")? })
}

/// A name for one line of text: without control characters, and bounded.
pub fn name(display_name: &str) -> String {
    let line: String = display_name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().chars().take(NAME_CHARS_MAX).collect()
}

/// The part of the event that a send stores: a webhook gets the event, the others only the number of insights, or what was changed.
pub fn kept(event: &Event, whole: bool) -> Result<Value, serde_json::Error> {
    if whole {
        return webhook(event);
    }
    Ok(match event::payload(event, &[Kind::AIInsightsGenerated, Kind::CredentialsChanged]) {
        Ok(Some(Payload::AIInsightsGenerated(insights))) => json!({ "insights": insights.insights.len() }),
        Ok(Some(Payload::CredentialsChanged(changed))) => json!({ "change": changed.change }),
        _ => json!({ "insights": 0 }),
    })
}

/// A webhook's body: the event's envelope, without internal fields. Of a tag that is renamed it has no former name: that may be from a private
/// entry with which the tag was made.
fn webhook(event: &Event) -> Result<Value, serde_json::Error> {
    let mut payload: Value = serde_json::from_str(&event.payload)?;
    if let Some(members) = payload.as_object_mut() {
        members.remove(FORMER_NAME);
    }
    Ok(json!({
        "eventId": event.id,
        "eventType": event.event_type,
        "version": event.version,
        "timestamp": clock::rfc3339(event.timestamp),
        "sequence": event.sequence,
        "payload": payload,
    }))
}

/// A push message. Angular's service worker shows `notification` by itself
/// (<https://angular.dev/ecosystem/service-workers/push-notifications>), gives its `data` to the application, and on a click opens the page
/// that `data` names. The other members are for service workers of one's own.
pub fn push(event_type: &str, count: u64) -> Vec<u8> {
    let (title, body, page) = match (event_type, count) {
        (REMINDER, _) => ("Time to write", "What happened today?".to_owned(), "/write"),
        (_, 1) => ("Your insights are ready", "There is a new insight about your journal.".to_owned(), INSIGHTS_PAGE),
        (_, count) => {
            ("Your insights are ready", format!("There are {count} new insights about your journal."), INSIGHTS_PAGE)
        }
    };
    let click = json!({ "default": { "operation": "navigateLastFocusedOrOpen", "url": page } });
    let data = json!({ "type": event_type, "count": count, "onActionClick": click });
    let notification = json!({ "title": title, "body": body, "data": data });
    json!({ "notification": notification, "type": event_type, "title": title, "count": count }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_events::{WEBHOOK_EVENTS, fixture};

    fn words(name: &str) -> Words<'_> {
        Words {
            name: super::name(name),
            count: 2,
            home: "https://m.example",
            unsubscribe: "https://m.example/u/T",
            url: "https://a.example/?x=<b>".into(),
            reason: "the receiver answered 410 Gone".into(),
            change: change(CredentialsChanged::PASSWORD_CHANGED),
        }
    }

    #[test]
    fn a_users_words_are_escaped_in_html_and_stay_as_they_are_in_text() {
        let hostile = "<script>alert('x')</script>{{ unsubscribe }}\r\nBcc: eve@example.org";
        let mail = mail("AIInsightsGenerated", &words(hostile)).unwrap().unwrap();
        assert!(!mail.html.contains("<script>") && mail.html.contains("&lt;script&gt;"), "{}", mail.html);
        assert!(
            mail.text.contains("<script>alert('x')</script>{{ unsubscribe }}  Bcc: eve@example.org"),
            "{}",
            mail.text
        );
        assert!(!mail.text.contains("\nBcc:") && !mail.html.contains("\nBcc:"));
        assert_eq!(mail.subject, "Your insights are ready");
    }

    #[test]
    fn every_mail_says_how_to_get_no_more() {
        for event_type in ["AIInsightsGenerated", DISABLED, REMINDER] {
            let mail = mail(event_type, &words("Ada")).unwrap().unwrap();
            assert!(mail.text.contains("https://m.example/u/T"), "{event_type}: {}", mail.text);
            assert!(mail.html.replace("&#x2f;", "/").contains("href=\"https://m.example/u/T\""), "{}", mail.html);
        }
        assert_eq!(mail("TagCreated", &words("Ada")).unwrap(), None);
    }

    #[test]
    fn a_mail_about_a_webhook_says_which_and_why_and_what_to_do() {
        let mail = mail(DISABLED, &words("Ada")).unwrap().unwrap();
        for said in ["https://a.example/?x=<b>", "the receiver answered 410 Gone", "enableWebhook"] {
            assert!(mail.text.contains(said), "{}", mail.text);
        }
        assert!(!mail.html.contains("<b>"), "{}", mail.html);
    }

    #[test]
    fn a_mail_about_the_safety_of_the_account_says_what_was_changed_and_cannot_be_ended() {
        let mail = mail("CredentialsChanged", &words("Ada")).unwrap().unwrap();
        assert!(mail.text.contains("The password of your account was changed."), "{}", mail.text);
        assert!(!mail.text.contains("https://") && !mail.html.contains("href"), "{}", mail.text);
        assert!(is_about_safety("CredentialsChanged") && !is_about_safety("AIInsightsGenerated"));
        assert_eq!(change("somethingNew"), "How you log in to your account was changed");
    }

    #[test]
    fn a_mail_about_an_account_has_its_link_and_no_text_of_a_user() {
        let link = Linked { link: "https://m.example/auth/T-_7" };
        for kind in [AccountMail::Confirmation, AccountMail::Reset, AccountMail::Change] {
            let mail = about_account(kind, &link).unwrap();
            assert!(mail.text.contains("\nhttps://m.example/auth/T-_7\n"), "{}", mail.text);
            assert!(mail.html.replace("&#x2f;", "/").contains("href=\"https://m.example/auth/T-_7\""), "{}", mail.html);
            assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
        }
        assert!(!about_account(AccountMail::Changed, &link).unwrap().text.contains("T-_7"));
        assert!(has_mail("UserRegistered") && confirms("UserRegistered") && !confirms("CredentialsChanged"));
    }

    #[test]
    fn a_mail_about_an_account_that_goes_says_when_and_how_to_keep_it() {
        let words = Leaving { due: "2026-12-07 02:13 UTC", receipt: "R-1" };
        let mail = about_account(AccountMail::Deletion, &words).unwrap();
        for said in ["2026-12-07 02:13 UTC", "R-1"] {
            assert!(mail.text.contains(said) && mail.html.contains(said), "{said}: {}", mail.html);
        }
        assert!(mail.subject.is_ascii() && mail.text.starts_with("Hello,\n"), "{}", mail.text);
    }

    fn event(kind: Kind, payload: &str) -> Event {
        Event {
            id: "00000000-0000-0000-0000-000000000009".into(),
            event_type: kind.name().into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "a-service".into(),
            sequence: 1,
            partition_key: "p".into(),
            correlation_id: "c".into(),
            traceparent: None,
            user_id: None,
            tenant_id: None,
            payload: payload.into(),
        }
    }

    #[test]
    fn a_webhook_gets_what_the_event_says_but_the_former_name_of_a_tag() {
        for kind in WEBHOOK_EVENTS {
            let sent = kept(&event(kind, fixture(kind)), true).unwrap();
            let mut said: Value = serde_json::from_str(fixture(kind)).unwrap();
            let former = said.as_object_mut().unwrap().remove(FORMER_NAME);
            assert_eq!((&sent["payload"], former.is_some()), (&said, kind == Kind::TagRenamed), "{}", kind.name());
        }
    }

    #[test]
    fn an_analysis_without_insights_is_no_news() {
        let payload = |insights: Value| {
            json!({
                "journalId": "00000000-0000-0000-0000-000000000001", "userId": "00000000-0000-0000-0000-000000000002",
                "entrySequence": 1, "sentiment": null, "themes": [], "insights": insights, "model": "none",
                "completedAt": "2026-11-23T02:13:20.000000Z",
            })
        };
        let event = |payload: Value| event(Kind::AIInsightsGenerated, &payload.to_string());
        assert!(is_news(&event(payload(json!([{ "id": "i", "text": "You rest.", "kind": "pattern" }])))));
        let nothing = event(payload(json!([])));
        assert!(!is_news(&nothing));
        assert!(is_news(&Event { event_type: "UserRegistered".into(), ..nothing }));
    }

    #[test]
    fn a_reminder_comes_at_its_time_and_can_be_ended() {
        let mail = mail(REMINDER, &words("Ada")).unwrap().unwrap();
        assert_eq!(mail.subject, "Time to write");
        assert!(
            mail.text.contains("https://m.example") && mail.text.contains("https://m.example/u/T"),
            "{}",
            mail.text
        );
        assert!(!waits_for_quiet_to_end(REMINDER) && waits_for_quiet_to_end("AIInsightsGenerated"));
        let message: Value = serde_json::from_slice(&push(REMINDER, 0)).unwrap();
        assert_eq!(message["notification"]["title"], "Time to write");
        assert_eq!(message["notification"]["data"]["onActionClick"]["default"]["url"], "/write");
    }

    #[test]
    fn one_insight_is_one() {
        let text = |count| mail("AIInsightsGenerated", &Words { count, ..words("Ada") }).unwrap().unwrap().text;
        assert!(text(1).contains("there is a new insight about"), "{}", text(1));
        assert!(text(3).contains("there are 3 new insights about"), "{}", text(3));
    }
}
