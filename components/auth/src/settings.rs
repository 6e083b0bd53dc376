//! The component's variables. A setting that would make accounts weak is refused, not corrected.

use mindflow_guest::config;

/// About 0.3 s of one core: what a login may cost, and a guess must (the contract's least by default).
const BCRYPT_COST_DEFAULT: u32 = 12;
/// bcrypt's own least. Below [`BCRYPT_COST_DEFAULT`] only where `allow_weak_bcrypt` is `true`, for tests.
const BCRYPT_COST_MIN: u32 = 4;
/// Each step doubles the work: 16 takes about 5 s, the most that a call is given.
const BCRYPT_COST_MAX: u32 = 16;
/// 15 minutes (the contract).
const ACCESS_TOKEN_S_DEFAULT: u32 = 900;
/// A day: longer than that, and tokens would carry roles that were taken away long ago.
const ACCESS_TOKEN_S_MAX: u32 = 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub bcrypt_cost: u32,
    /// An access token's life, in seconds.
    pub access_token_s: u32,
}

/// An invalid variable; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("the variable `bcrypt_cost` is {0:?}; it must be a number from 4 to 16")]
    BcryptCost(String),
    #[error(
        "the variable `bcrypt_cost` is {0}, too weak for real passwords; set it to 12 or more, or `allow_weak_bcrypt` to \"true\" for tests"
    )]
    WeakBcrypt(u32),
    #[error("the variable `access_token_seconds` is {0:?}; it must be a number from 1 to 86400")]
    AccessToken(String),
}

impl Settings {
    /// From the manifest's variables.
    ///
    /// # Errors
    /// The variable that cannot be used.
    pub async fn load() -> Result<Self, SettingsError> {
        let cost = config::text("bcrypt_cost").await;
        let allow_weak = config::text("allow_weak_bcrypt").await;
        let access_token = config::text("access_token_seconds").await;
        Self::parse(cost.as_deref(), allow_weak.as_deref(), access_token.as_deref())
    }

    fn parse(cost: Option<&str>, allow_weak: Option<&str>, access_token: Option<&str>) -> Result<Self, SettingsError> {
        let bcrypt_cost = match cost {
            None => BCRYPT_COST_DEFAULT,
            Some(text) => number(text, BCRYPT_COST_MIN, BCRYPT_COST_MAX)
                .ok_or_else(|| SettingsError::BcryptCost(text.to_owned()))?,
        };
        if bcrypt_cost < BCRYPT_COST_DEFAULT && allow_weak.map(str::trim) != Some("true") {
            return Err(SettingsError::WeakBcrypt(bcrypt_cost));
        }
        let access_token_s = match access_token {
            None => ACCESS_TOKEN_S_DEFAULT,
            Some(text) => {
                number(text, 1, ACCESS_TOKEN_S_MAX).ok_or_else(|| SettingsError::AccessToken(text.to_owned()))?
            }
        };
        Ok(Self { bcrypt_cost, access_token_s })
    }
}

fn number(text: &str, min: u32, max: u32) -> Option<u32> {
    text.trim().parse().ok().filter(|value| (min..=max).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variables_the_contracts_values_hold() {
        assert_eq!(Settings::parse(None, None, None), Ok(Settings { bcrypt_cost: 12, access_token_s: 900 }));
    }

    #[test]
    fn a_weak_cost_needs_a_second_variable_that_says_so() {
        assert_eq!(Settings::parse(Some("4"), None, None), Err(SettingsError::WeakBcrypt(4)));
        assert_eq!(Settings::parse(Some("11"), Some("yes"), None), Err(SettingsError::WeakBcrypt(11)));
        assert_eq!(Settings::parse(Some("4"), Some("true"), None).unwrap().bcrypt_cost, 4);
        assert_eq!(Settings::parse(Some("13"), None, None).unwrap().bcrypt_cost, 13);
    }

    #[test]
    fn a_cost_that_bcrypt_or_the_host_cannot_bear_is_refused() {
        for text in ["3", "17", "-1", "twelve", "12.5"] {
            assert_eq!(Settings::parse(Some(text), Some("true"), None), Err(SettingsError::BcryptCost(text.into())));
        }
    }

    #[test]
    fn an_access_token_lives_between_a_second_and_a_day() {
        assert_eq!(Settings::parse(None, None, Some("2")).unwrap().access_token_s, 2);
        for text in ["0", "86401", "soon"] {
            assert_eq!(Settings::parse(None, None, Some(text)), Err(SettingsError::AccessToken(text.into())));
        }
    }

    #[test]
    fn a_refused_setting_is_named_with_its_remedy() {
        let text = SettingsError::WeakBcrypt(6).to_string();
        assert!(text.contains("`bcrypt_cost` is 6") && text.contains("`allow_weak_bcrypt`"), "{text}");
    }
}
