//! Key-value buckets, opened once an instance: to open one is a call of the host, of which each request would make several.

use crate::bindings::platform::mindflow::platform::key_value::{Bucket, Error};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

thread_local! {
    static OPENED: RefCell<BTreeMap<&'static str, Rc<Bucket>>> = RefCell::default();
}

/// The bucket of that name, which the manifest must grant.
///
/// # Errors
/// It is not granted.
pub async fn open(name: &'static str) -> Result<Rc<Bucket>, Error> {
    if let Some(bucket) = OPENED.with_borrow(|opened| opened.get(name).cloned()) {
        return Ok(bucket);
    }
    let bucket = Rc::new(Bucket::open(name.to_owned()).await?);
    Ok(OPENED.with_borrow_mut(|opened| Rc::clone(opened.entry(name).or_insert(bucket))))
}
