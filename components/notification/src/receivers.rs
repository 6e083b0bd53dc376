//! Statements about receivers that do not answer. Of those that do, nothing is read or written here.
//!
//! Sends that are under way to the same receiver at the same moment fail together and count once: each compares the number of failures
//! with what it has seen. From the first failure on one send at a time tries the receiver, in all replicas.

use crate::{
    DATABASE,
    patience::{Patience, Receiver},
};
use mindflow_guest::{
    call, params,
    sql::{self, Identity, Time},
};
use uuid::Uuid;

/// Which table a receiver is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Webhook,
    Push,
}

struct Statements {
    claim: &'static str,
    fail: &'static str,
    answered: &'static str,
}

const WEBHOOK: Statements = Statements {
    claim: "UPDATE notification.webhooks SET rests_until = $3::timestamptz
        WHERE id = $1::uuid AND failures = $2::bigint AND (rests_until IS NULL OR rests_until <= $4::timestamptz)",
    fail: "UPDATE notification.webhooks SET failures = failures + 1, rests_until = $3::timestamptz
        WHERE id = $1::uuid AND failures = $2::bigint",
    answered: "UPDATE notification.webhooks SET failures = 0, rests_until = NULL WHERE id = $1::uuid AND failures > 0",
};
const PUSH: Statements = Statements {
    claim: "UPDATE notification.push_subscriptions SET rests_until = $3::timestamptz
        WHERE id = $1::uuid AND failures = $2::bigint AND (rests_until IS NULL OR rests_until <= $4::timestamptz)",
    fail: "UPDATE notification.push_subscriptions SET failures = failures + 1, rests_until = $3::timestamptz
        WHERE id = $1::uuid AND failures = $2::bigint",
    answered: "UPDATE notification.push_subscriptions SET failures = 0, rests_until = NULL
        WHERE id = $1::uuid AND failures > 0",
};

// === impl Kind ===

impl Kind {
    fn statements(self) -> Statements {
        match self {
            Self::Webhook => WEBHOOK,
            Self::Push => PUSH,
        }
    }

    /// For a transaction that settles the send as well.
    pub fn answered(self) -> &'static str {
        self.statements().answered
    }
}

/// Takes the turn to try a receiver that did not answer before. False: another send has it.
pub async fn claim(
    kind: Kind,
    id: Uuid,
    receiver: &Receiver,
    patience: &Patience,
    now_us: i64,
) -> Result<bool, call::Error> {
    let until = Time(patience.tried_until_us(now_us));
    let row = params![id, receiver.failures, until, Time(now_us)];
    change(kind.statements().claim, row).await.map(|claimed| claimed > 0)
}

/// It did not answer.
pub async fn fail(
    kind: Kind,
    id: Uuid,
    receiver: &Receiver,
    patience: &Patience,
    now_us: i64,
) -> Result<(), call::Error> {
    let until = Time(patience.rests_until_us(receiver.failures.saturating_add(1), now_us));
    change(kind.statements().fail, params![id, receiver.failures, until]).await.map(drop)
}

/// It answered, though it did not take the delivery.
pub async fn answered(kind: Kind, id: Uuid) -> Result<(), call::Error> {
    change(kind.answered(), params![id]).await.map(drop)
}

async fn change(statement: &'static str, row: Vec<sql::Value>) -> Result<u64, call::Error> {
    let change = async |tx: &sql::Tx| Ok(tx.execute(statement, row.clone()).await?);
    sql::transaction(DATABASE, &Identity::Service, change).await
}
