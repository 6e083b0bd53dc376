//! Mails about accounts, as their readers get them.

use crate::notification::mails_to;
use mindflow_test_support::SmtpServer;
use mindflow_tests::{Account, Answer, Platform, eventually, send};
use reqwest::Method;

pub const CONFIRM: &str = "Confirm your e-mail address";

/// The newest mail to the address with this subject.
pub async fn mail_about(server: &SmtpServer, email: &str, subject: &str) -> String {
    let subject = format!("Subject: {subject}\r\n");
    eventually(&subject, async || mails_to(server, email, 1).await.into_iter().find(|mail| mail.contains(&subject)))
        .await
}

/// The path that the mail's link opens.
pub fn link(mail: &str) -> String {
    let text = mail.replace("=\r\n", "");
    let (_, path) = text.split_once("http://127.0.0.1:3000/auth/").unwrap_or_else(|| panic!("no link in {mail}"));
    let path: String = path.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_/".contains(*char)).collect();
    format!("/auth/{path}")
}

/// The link's end.
pub fn token(link: &str) -> &str {
    link.rsplit('/').next().unwrap_or_default()
}

/// What the button of a link's page does.
pub async fn follow(platform: &Platform, link: &str) -> Answer {
    send(platform.http().request(Method::POST, link)).await
}

/// The form of the page on which a password is set, as a browser sends it.
pub async fn submit(platform: &Platform, link: &str, password: &str) -> Answer {
    let form = platform.http().request(Method::POST, link).header("accept", "text/html,*/*;q=0.8");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    send(form.body(format!("newPassword={}", password.replace(' ', "+").replace(',', "%2C")))).await
}

/// Confirms the account's address by the mail of its registration, and waits until notifications know of it.
pub async fn confirm(platform: &Platform, server: &SmtpServer, account: &Account) {
    let mail = mail_about(server, &account.email, CONFIRM).await;
    follow(platform, &link(&mail)).await.expect(200);
    let database = &platform.write_database().await;
    let id: uuid::Uuid = account.id.parse().expect("an id");
    eventually("the address is known as confirmed", || async move {
        let sql = "SELECT email_confirmed FROM notification.users WHERE user_id = $1";
        let row = database.query_opt(sql, &[&id]).await.expect("the user")?;
        row.get::<_, Option<bool>>(0).unwrap_or_default().then_some(())
    })
    .await;
}
