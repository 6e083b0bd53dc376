//! A component's settings: the `variables` of its manifest entry.

use crate::bindings::mindflow::platform::config;

/// The variable's text; none when the manifest gives none or an empty one.
pub async fn text(key: &str) -> Option<String> {
    config::get(key.to_owned()).await.filter(|value| !value.trim().is_empty())
}

/// The variable as a number, or `default` when there is none.
///
/// # Errors
/// A sentence that names the variable when it is no number of the wanted kind.
pub async fn number<T: std::str::FromStr>(key: &str, default: T) -> Result<T, String> {
    match text(key).await {
        None => Ok(default),
        Some(value) => value
            .trim()
            .parse()
            .map_err(|_| format!("the variable `{key}` is {value:?}, which is not a number it can take")),
    }
}
