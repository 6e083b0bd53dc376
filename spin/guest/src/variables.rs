//! Variables of the Spin component.

use crate::bindings::spin::variables::variables::{self, Error};

/// `None`: the manifest of the application does not give the component such a variable, or it is empty.
///
/// # Errors
/// The provider of variables is away, or refused; the text names the variable and never its value.
pub async fn get(name: &str) -> Result<Option<String>, String> {
    match variables::get(name.to_owned()).await {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(Error::Undefined(_) | Error::InvalidName(_)) => Ok(None),
        Err(Error::Provider(reason) | Error::Other(reason)) => Err(format!("variable `{name}`: {reason}")),
    }
}
