//! The capability `sealing`, with the keys that the host has as well: what one of them has sealed, the other opens. Variables:
//! `sealing_key`, and `sealing_former_keys` with commas between. Services see neither.

use std::sync::Arc;

use async_lock::Mutex;
use mindflow_platform::sealing::{Keys, NONCE_BYTES, Sealer};
use mindflow_spin_guest::variables;

use crate::bindings::exports::mindflow::platform::sealing::{Error, Guest};
use crate::{Platform, grants};

impl Guest for Platform {
    async fn seal(plaintext: Vec<u8>, context: String) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| Error::AccessDenied(format!("there is no randomness: {error}")))?;
        Ok(sealer().await?.seal(&plaintext, &context, nonce)?)
    }

    async fn open(sealed: Vec<u8>, context: String) -> Result<Vec<u8>, Error> {
        Ok(sealer().await?.open(&sealed, &context)?)
    }
}

/// Made once in an instance.
async fn sealer() -> Result<Arc<Sealer>, Error> {
    static SEALER: Mutex<Option<Arc<Sealer>>> = Mutex::new(None);
    let service = grants::service();
    service.seals().map_err(Error::AccessDenied)?;
    let mut sealer = SEALER.lock().await;
    if let Some(sealer) = &*sealer {
        return Ok(Arc::clone(sealer));
    }
    let made = Arc::new(make(&service.component).await.map_err(|reason| {
        eprintln!("ERROR sealing: {reason}");
        // The interface has no case for a platform without a key: the caller tries again all the same.
        Error::AccessDenied("the key of sealing cannot be used".to_owned())
    })?);
    *sealer = Some(Arc::clone(&made));
    Ok(made)
}

async fn make(component: &str) -> Result<Sealer, String> {
    let key = variables::get("sealing_key").await?.ok_or("the variable `sealing_key` is not set")?;
    let former = variables::get("sealing_former_keys").await?.unwrap_or_default();
    let former = former.split(',').filter(|key| !key.trim().is_empty());
    let sealer = Keys::new(&key, former).and_then(|keys| keys.of(component));
    sealer.map_err(|error| format!("the variables `sealing_key` and `sealing_former_keys`: {error}"))
}

mindflow_platform::sealing_error!(Error);
