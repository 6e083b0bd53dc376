//! Whether a text may go to the model that embeds it, and whose it is. One that runs on the platform's machine gets every text; a service outside gets
//! what the read side says may leave at this moment.

use crate::bindings::mindflow::query::leaving::{self, EntryRef};
use mindflow_guest::{
    call::{CallContext, Error},
    disclosure::{self, Owner, Subject},
    embeddings, event,
    events::Event,
    search_index::Document,
};

/// What a text of each is sent for, as the ledger names it.
const INDEX: &str = "search-index";
const QUERY: &str = "search-query";

/// What an event says of an entry besides its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether it was private then.
    pub private: bool,
    /// Its version, by which its user knows it.
    pub version: u32,
}

/// Why a text is not embedded.
#[derive(Debug)]
pub enum Refusal {
    /// It stays inside the platform.
    Stays,
    Model(embeddings::Error),
    Unknown(Error),
}

/// Of an entry, while an event of it is applied.
pub async fn entry(event: &Event, document: &Document, terms: Terms) -> Result<Subject, Refusal> {
    let entry = EntryRef { user_id: document.owner.clone(), entry_id: document.id.clone() };
    ask(event::context(event), Some(entry), terms.private).await?;
    Ok(Subject {
        owner: Owner::User(document.owner.clone()),
        document: Some(disclosure::Document { id: document.id.clone(), version: u64::from(terms.version) }),
        purpose: INDEX.to_owned(),
    })
}

/// Of what the caller searches for.
pub async fn query(context: &CallContext, token: &str) -> Result<Subject, Refusal> {
    ask(context.clone(), None, false).await?;
    Ok(Subject { owner: Owner::Caller(token.to_owned()), document: None, purpose: QUERY.to_owned() })
}

async fn ask(context: CallContext, entry: Option<EntryRef>, private: bool) -> Result<(), Refusal> {
    if !embeddings::leaves().await.map_err(Refusal::Model)? {
        return Ok(());
    }
    if private || !leaving::may_leave(context, entry).await.map_err(Refusal::Unknown)? {
        return Err(Refusal::Stays);
    }
    Ok(())
}
