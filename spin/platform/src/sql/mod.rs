//! The capability `sql`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::sql::{
    Error, Guest, GuestTransaction, Identity, Rowset, Statement, Transaction, Value,
};
use crate::bindings::exports::mindflow::platform::sql::{Mark, NewEvent};

fn later<T>() -> Result<T, Error> {
    Err(Error::Unavailable("to be written".to_owned()))
}

impl Guest for Platform {
    type Transaction = Opened;

    async fn begin_once(_: String, _: Identity, _: Mark) -> Result<Option<Transaction>, Error> {
        later()
    }

    async fn begin_batch(_: String, _: Identity, _: Vec<Mark>) -> Result<(Transaction, Vec<bool>), Error> {
        later()
    }

    async fn query(_: String, _: Identity, _: String, _: Vec<Value>) -> Result<Rowset, Error> {
        later()
    }

    async fn query_many(_: String, _: Identity, _: Vec<Statement>) -> Result<Vec<Rowset>, Error> {
        later()
    }
}

/// A transaction.
pub struct Opened;

impl GuestTransaction for Opened {
    async fn begin(_: String, _: Identity) -> Result<Transaction, Error> {
        later()
    }

    async fn execute(&self, _: String, _: Vec<Value>) -> Result<u64, Error> {
        later()
    }

    async fn query(&self, _: String, _: Vec<Value>) -> Result<Rowset, Error> {
        later()
    }

    async fn publish(&self, _: NewEvent) -> Result<String, Error> {
        later()
    }

    async fn commit(_: Transaction) -> Result<(), Error> {
        later()
    }
}
