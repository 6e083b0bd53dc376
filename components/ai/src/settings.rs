//! How the service is set up: the variables of its manifest entry.

use crate::claude::Claude;
use http::Uri;
use mindflow_guest::{config, consent};

/// Where the Messages API is, unless `claude_url` says otherwise.
const URL: &str = "https://api.anthropic.com";
/// The quickest model that takes a JSON schema; made for extraction at volume.
const MODEL: &str = "claude-haiku-5-5";
/// Room for the answer (at most about 800 tokens) and for the thinking of current models, which counts as well. Only
/// used tokens are paid.
const MAX_TOKENS: u32 = 4096;
const MAX_TOKENS_RANGE: std::ops::RangeInclusive<u32> = 64..=64_000;
/// For one call of the API. An answer takes seconds.
const TIMEOUT_MS: u32 = 60_000;
/// Above it the host would end the delivery first.
const TIMEOUT_RANGE_MS: std::ops::RangeInclusive<u32> = 50..=crate::claude::DELIVERY_BUDGET_MS;

/// The connection to the API; `None` without a key, when the local analyser is used.
///
/// # Errors
/// A sentence that names the invalid variable.
pub async fn read() -> Result<Option<Claude>, String> {
    let Some(key) = config::text("anthropic_api_key").await else {
        return Ok(None);
    };
    // Asked for each entry (`sharing`), and wrong for none.
    consent::is_assumed().await?;
    let url = config::text("claude_url").await.unwrap_or_else(|| URL.to_owned());
    let model = config::text("claude_model").await.unwrap_or_else(|| MODEL.to_owned());
    Ok(Some(Claude {
        key: key.trim().to_owned(),
        endpoint: endpoint(&url)?,
        model: model.trim().to_owned(),
        max_tokens: within("max_tokens", config::number("max_tokens", MAX_TOKENS).await?, MAX_TOKENS_RANGE)?,
        timeout_ms: within(
            "claude_timeout_ms",
            config::number("claude_timeout_ms", TIMEOUT_MS).await?,
            TIMEOUT_RANGE_MS,
        )?,
    }))
}

fn within(name: &str, value: u32, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("the variable `{name}` is {value}; it can be {} to {}", range.start(), range.end()))
    }
}

/// `{base}/v1/messages`; the base may have a path of its own (a proxy) and a closing slash.
fn endpoint(base: &str) -> Result<Uri, String> {
    let wrong = || format!("the variable `claude_url` must be an http or https address such as {URL}");
    let uri: Uri = format!("{}/v1/messages", base.trim().trim_end_matches('/')).parse().map_err(|_| wrong())?;
    let ours = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.query().is_none();
    if ours { Ok(uri) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_follows_from_the_base_with_or_without_a_closing_slash() {
        for base in ["https://api.anthropic.com", "https://api.anthropic.com/", " https://api.anthropic.com "] {
            assert_eq!(endpoint(base).unwrap(), "https://api.anthropic.com/v1/messages", "{base}");
        }
        assert_eq!(endpoint("http://127.0.0.1:4010").unwrap(), "http://127.0.0.1:4010/v1/messages");
        assert_eq!(
            endpoint("https://proxy.example/anthropic/").unwrap(),
            "https://proxy.example/anthropic/v1/messages"
        );
    }

    #[test]
    fn an_address_that_is_none_is_named_with_its_variable() {
        for base in ["", "api.anthropic.com", "ftp://example.org", "https://", "https://a b", "https://example.org?x="]
        {
            assert!(endpoint(base).unwrap_err().contains("`claude_url`"), "{base:?}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_named_with_its_range() {
        assert_eq!(
            within("max_tokens", 1, 64..=100).unwrap_err(),
            "the variable `max_tokens` is 1; it can be 64 to 100"
        );
        assert_eq!(within("max_tokens", 64, 64..=100), Ok(64));
    }
}
