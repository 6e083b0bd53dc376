//! A component's settings: the `variables` of its manifest entry.

use crate::bindings::platform::mindflow::platform::config;

/// The variable's text; `None` when the manifest sets none or an empty one.
pub async fn text(key: &str) -> Option<String> {
    config::get(key.to_owned()).await.filter(|value| !value.trim().is_empty())
}

/// The variable as a number, or `default` when it is not set.
///
/// # Errors
/// A sentence that names the variable when it is not such a number.
pub async fn number<T: std::str::FromStr>(key: &str, default: T) -> Result<T, String> {
    match text(key).await {
        None => Ok(default),
        Some(value) => {
            value.trim().parse().map_err(|_| format!("the variable `{key}` is not a number that it can take"))
        }
    }
}
