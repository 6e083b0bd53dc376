//! Mails that were asked for, in the write database, with the hashes of the tokens in their links.

use super::accounts::{self, DATABASE};
use mindflow_events::{AccountMailRequested, Payload};
use mindflow_guest::{
    call::{CallContext, Error},
    failure::internal,
    id, params,
    sql::{self, Abort, Identity, Row, RowError, Time, Tx},
};
use uuid::Uuid;

/// Expired rows that a new one deletes. More than it adds, so that their number falls.
const SWEPT_PER_WRITE: i64 = 10;
/// Of an `AccountMailRequested`: each is the only event of its mail.
const SEQUENCE: u64 = 1;
const HOUR_US: i64 = 3_600 * 1_000_000;

/// What a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The address of an account is its user's.
    Confirmation,
    /// The password of an account may be replaced by who reads its mail.
    Reset,
    /// The address that an account is to have is its user's.
    Change,
    /// To the address that an account had: it has another one. Without a link.
    Changed,
    /// The account goes. Without a link: who wants to keep it logs in.
    Deletion,
}

/// A mail that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub id: Uuid,
    pub kind: Kind,
    pub user_id: Option<Uuid>,
    /// That the mail is about.
    pub email: String,
}

// === impl Kind ===

impl Kind {
    const ALL: [Self; 5] = [Self::Confirmation, Self::Reset, Self::Change, Self::Changed, Self::Deletion];

    /// The word for it in the database and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Reset => "reset",
            Self::Change => "change",
            Self::Changed => "changed",
            Self::Deletion => "deletion",
        }
    }

    /// How long its link is good, and how late it may be sent (ASVS 5.0, 6.5.5 and 6.4.1).
    pub fn lifetime_us(self) -> i64 {
        match self {
            Self::Confirmation | Self::Change | Self::Changed | Self::Deletion => 24 * HOUR_US,
            Self::Reset => HOUR_US / 2,
        }
    }

    fn is_in_time(self, requested_us: i64, now_us: i64) -> bool {
        now_us.saturating_sub(requested_us) < self.lifetime_us()
    }

    pub fn has_link(self) -> bool {
        !matches!(self, Self::Changed | Self::Deletion)
    }

    fn parse(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| internal(format!("there are no mails of the kind {word:?}")))
    }
}

// === statements ===

/// Keeps a mail that is to be sent. Takes away some that are over.
pub async fn keep(tx: &Tx, mail: &Mail, now_us: i64) -> Result<(), Abort> {
    tx.execute(
        "DELETE FROM auth.mails WHERE id IN (SELECT id FROM auth.mails WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        params![Time(now_us), SWEPT_PER_WRITE],
    )
    .await?;
    let until = Time(now_us.saturating_add(mail.kind.lifetime_us()));
    tx.execute(
        "INSERT INTO auth.mails (id, kind, user_id, email, requested_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        params![mail.id, mail.kind.as_str(), mail.user_id, &mail.email, Time(now_us), until],
    )
    .await?;
    Ok(())
}

/// Keeps a mail, and asks for it to be sent.
pub async fn request(
    tx: &Tx,
    context: &CallContext,
    kind: Kind,
    user_id: Option<Uuid>,
    email: &str,
    now_us: i64,
) -> Result<(), Abort> {
    let mail = Mail { id: id::random(), kind, user_id, email: email.to_owned() };
    keep(tx, &mail, now_us).await?;
    let requested = AccountMailRequested { mail_id: mail.id, mail: kind.as_str().to_owned(), user_id };
    accounts::publish(tx, context, &Payload::AccountMailRequested(requested), SEQUENCE).await
}

/// The mail of that id when it is still to be sent, locked until the transaction ends. Attempts that fail do not give it more time.
pub async fn unsent(tx: &Tx, id: Uuid, now_us: i64) -> Result<Option<Mail>, Abort> {
    let statement = "SELECT id, kind, user_id, email, requested_at FROM auth.mails
        WHERE id = $1 AND sent_at IS NULL FOR UPDATE";
    let rows = tx.query(statement, params![id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (mail, Time(requested_us)) = (read(row)?, row.get("requested_at")?);
    Ok(Some(mail).filter(|mail| mail.kind.is_in_time(requested_us, now_us)))
}

/// The link of the mail has this token from now on.
pub async fn give_token(tx: &Tx, mail: &Mail, token_hash: [u8; 32], now_us: i64) -> Result<(), Abort> {
    tx.execute(
        "UPDATE auth.mails SET token_hash = $2, user_id = $3, expires_at = $4 WHERE id = $1",
        params![mail.id, token_hash.to_vec(), mail.user_id, Time(now_us.saturating_add(mail.kind.lifetime_us()))],
    )
    .await?;
    Ok(())
}

/// It is not sent again. Its link stays good.
pub async fn note_sent(id: Uuid, now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute("UPDATE auth.mails SET sent_at = $2 WHERE id = $1", params![id, Time(now_us)]).await?;
        Ok(())
    })
    .await
}

/// The mail whose link has the token of this hash, while it is good; locked until the transaction ends.
pub async fn by_token(tx: &Tx, kind: Kind, token_hash: [u8; 32], now_us: i64) -> Result<Option<Mail>, Abort> {
    let statement = "SELECT id, kind, user_id, email FROM auth.mails
        WHERE token_hash = $1 AND kind = $2 AND expires_at > $3 FOR UPDATE";
    let rows = tx.query(statement, params![token_hash.to_vec(), kind.as_str(), Time(now_us)]).await?;
    rows.first().map(read).transpose()
}

/// Deletes a mail that has no receiver any more: its address may be a stranger's.
pub async fn drop(tx: &Tx, mail: &Mail) -> Result<(), Abort> {
    tx.execute("DELETE FROM auth.mails WHERE id = $1", params![mail.id]).await?;
    Ok(())
}

/// Links that lead to the account are not good any more: who asked for them may have known the former password.
pub async fn forget_ways_in(tx: &Tx, user_id: Uuid) -> Result<(), Abort> {
    forget(tx, user_id, Kind::Reset).await?;
    forget(tx, user_id, Kind::Change).await
}

/// Links of this kind are not good any more.
pub async fn forget(tx: &Tx, user_id: Uuid, kind: Kind) -> Result<(), Abort> {
    tx.execute("DELETE FROM auth.mails WHERE user_id = $1 AND kind = $2", params![user_id, kind.as_str()]).await?;
    Ok(())
}

fn read(row: Row<'_>) -> Result<Mail, Abort> {
    let columns = || Ok::<_, RowError>((row.get("id")?, row.get("kind")?, row.get("user_id")?, row.get("email")?));
    let (id, kind, user_id, email): (Uuid, String, Option<Uuid>, String) = columns()?;
    Ok(Mail { id, kind: Kind::parse(&kind)?, user_id, email })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written_and_its_link_ends() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()).unwrap(), kind);
            assert!((HOUR_US / 2..=24 * HOUR_US).contains(&kind.lifetime_us()));
        }
        assert!(Kind::parse("welcome").is_err());
    }

    #[test]
    fn a_mail_that_cannot_be_sent_in_its_links_time_is_not_sent_later() {
        for kind in Kind::ALL {
            assert!(kind.is_in_time(7, 6 + kind.lifetime_us()) && !kind.is_in_time(7, 7 + kind.lifetime_us()));
        }
    }
}
