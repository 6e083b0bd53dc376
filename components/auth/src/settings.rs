//! The component's variables. A setting that would make accounts weak is refused, not corrected.

use crate::session::SessionTime;
use mindflow_guest::config;
use std::ops::RangeInclusive;

/// About 0.3 s of one core: what a login may cost, and a guess must.
const BCRYPT_COST_DEFAULT: u32 = 12;
/// bcrypt's own least. Below [`BCRYPT_COST_DEFAULT`] only where `allow_weak_bcrypt` is `true`, for tests.
const BCRYPT_COST_MIN: u32 = 4;
/// Each step doubles the work: 16 takes about 5 s, the most that a call of `passwords` is given.
const BCRYPT_COST_MAX: u32 = 16;
/// 15 minutes.
const ACCESS_TOKEN_S_DEFAULT: u32 = 900;
/// A day: what a copied token is good for at most, unless its session is ended.
const ACCESS_TOKEN_S_MAX: u32 = 86_400;
/// 90 days: a user who is always there logs in four times a year.
const SESSION_S_DEFAULT: u32 = 90 * 24 * 60 * 60;
/// Ten years.
const SESSION_S_MAX: u32 = 10 * 365 * 24 * 60 * 60;
/// More than a person has browsers and devices.
const SESSIONS_DEFAULT: u32 = 50;
/// As many as are listed of a user.
const SESSIONS_MAX: u32 = 1_000;

/// Two weeks: a holiday, after which a user may think better of it.
const DELETION_GRACE_DAYS_DEFAULT: u32 = 14;
/// A year: who asks for an erasure is not to wait for longer.
const DELETION_GRACE_DAYS_MAX: u32 = 365;
/// More than the longest deadline of the manifest, which is that of an upload and of an analysis, 180 s.
const ERASURE_SETTLE_S_DEFAULT: u32 = 300;
/// A day.
const ERASURE_SETTLE_S_MAX: u32 = 86_400;
const SECOND_US: i64 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub bcrypt_cost: u32,
    /// An access token's life, in seconds.
    pub access_token_s: u32,
    /// The age at which a session ends, however it is used, in seconds.
    pub session_s: u32,
    /// The live sessions that a user may have. With one more, the one that was not used for the longest time ends.
    pub sessions_max: u32,
    /// Whether a registration, too, is refused a password that many people use.
    pub refuse_common_at_registration: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bcrypt_cost: BCRYPT_COST_DEFAULT,
            access_token_s: ACCESS_TOKEN_S_DEFAULT,
            session_s: SESSION_S_DEFAULT,
            sessions_max: SESSIONS_DEFAULT,
            refuse_common_at_registration: false,
        }
    }
}

/// An invalid variable; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("the variable `bcrypt_cost` must be a number from 4 to 16")]
    BcryptCost(String),
    #[error(
        "the variable `bcrypt_cost` is {0}, too weak for real passwords; set it to 12 or more, or `allow_weak_bcrypt` to \"true\" for tests"
    )]
    WeakBcrypt(u32),
    #[error("the variable `access_token_seconds` must be a number from 1 to 86400")]
    AccessToken(String),
    #[error("the variable `session_seconds_max` must be a number from 1 to 315360000 (ten years)")]
    SessionAge(String),
    #[error("the variable `sessions_max` must be a number from 1 to 1000")]
    Sessions(String),
    #[error("the variable `account_deletion_grace_days` must be a number from 0 to 365")]
    DeletionGrace(String),
    #[error("the variable `erasure_settle_seconds` must be a number from 0 to 86400")]
    ErasureSettle(String),
    #[error("the variable `require_confirmed_email` is {0:?}; it must be `true` or `false`")]
    ConfirmedEmail(String),
    #[error("the variable `refuse_common_passwords` is {0:?}; it must be `changes` or `always`")]
    CommonPasswords(String),
}

/// The variables as they are set.
#[derive(Debug, Clone, Copy, Default)]
struct Texts<'a> {
    bcrypt_cost: Option<&'a str>,
    allow_weak_bcrypt: Option<&'a str>,
    access_token_seconds: Option<&'a str>,
    session_seconds_max: Option<&'a str>,
    sessions_max: Option<&'a str>,
    refuse_common_passwords: Option<&'a str>,
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
        let session_age = config::text("session_seconds_max").await;
        let sessions = config::text("sessions_max").await;
        let common = config::text("refuse_common_passwords").await;
        Self::email_must_be_confirmed().await?;
        Self::parse(Texts {
            bcrypt_cost: cost.as_deref(),
            allow_weak_bcrypt: allow_weak.as_deref(),
            access_token_seconds: access_token.as_deref(),
            session_seconds_max: session_age.as_deref(),
            sessions_max: sessions.as_deref(),
            refuse_common_passwords: common.as_deref(),
        })
    }

    /// Whether an account can be used only when its address is confirmed. Asked alone, and for few requests: those of accounts
    /// that are not.
    ///
    /// # Errors
    /// The variable cannot be used.
    pub async fn email_must_be_confirmed() -> Result<bool, SettingsError> {
        confirmation(config::text("require_confirmed_email").await.as_deref())
    }

    /// How long an account can be kept after its deletion was asked for.
    ///
    /// # Errors
    /// The variable cannot be used.
    pub async fn deletion_grace_us() -> Result<i64, SettingsError> {
        grace_us(config::text("account_deletion_grace_days").await.as_deref())
    }

    /// How long calls may be under way that have read something before its key was destroyed.
    ///
    /// # Errors
    /// The variable cannot be used.
    pub async fn erasure_settle_us() -> Result<i64, SettingsError> {
        settle_us(config::text("erasure_settle_seconds").await.as_deref())
    }

    /// The time at which a session is judged by these settings.
    pub fn session_time(&self, now_us: i64) -> SessionTime {
        SessionTime { now_us, age_max_us: i64::from(self.session_s).saturating_mul(1_000_000) }
    }

    fn parse(texts: Texts<'_>) -> Result<Self, SettingsError> {
        let default = Self::default();
        let costs = BCRYPT_COST_MIN..=BCRYPT_COST_MAX;
        let bcrypt_cost = number(texts.bcrypt_cost, default.bcrypt_cost, costs, SettingsError::BcryptCost)?;
        if bcrypt_cost < BCRYPT_COST_DEFAULT && texts.allow_weak_bcrypt.map(str::trim) != Some("true") {
            return Err(SettingsError::WeakBcrypt(bcrypt_cost));
        }
        Ok(Self {
            bcrypt_cost,
            access_token_s: number(
                texts.access_token_seconds,
                default.access_token_s,
                1..=ACCESS_TOKEN_S_MAX,
                SettingsError::AccessToken,
            )?,
            session_s: number(
                texts.session_seconds_max,
                default.session_s,
                1..=SESSION_S_MAX,
                SettingsError::SessionAge,
            )?,
            sessions_max: number(texts.sessions_max, default.sessions_max, 1..=SESSIONS_MAX, SettingsError::Sessions)?,
            refuse_common_at_registration: match texts.refuse_common_passwords.map(str::trim) {
                None | Some("changes") => false,
                Some("always") => true,
                Some(other) => return Err(SettingsError::CommonPasswords(other.to_owned())),
            },
        })
    }
}

fn grace_us(text: Option<&str>) -> Result<i64, SettingsError> {
    let allowed = 0..=DELETION_GRACE_DAYS_MAX;
    let days = number(text, DELETION_GRACE_DAYS_DEFAULT, allowed, SettingsError::DeletionGrace)?;
    Ok(i64::from(days) * 24 * 60 * 60 * SECOND_US)
}

fn settle_us(text: Option<&str>) -> Result<i64, SettingsError> {
    let allowed = 0..=ERASURE_SETTLE_S_MAX;
    let seconds = number(text, ERASURE_SETTLE_S_DEFAULT, allowed, SettingsError::ErasureSettle)?;
    Ok(i64::from(seconds) * SECOND_US)
}

fn confirmation(text: Option<&str>) -> Result<bool, SettingsError> {
    match text.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(SettingsError::ConfirmedEmail(other.to_owned())),
    }
}

fn number(
    text: Option<&str>,
    default: u32,
    allowed: RangeInclusive<u32>,
    refuse: impl FnOnce(String) -> SettingsError,
) -> Result<u32, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let number = text.trim().parse::<u32>().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| refuse(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(cost: &str, allow_weak: Option<&str>) -> Result<Settings, SettingsError> {
        Settings::parse(Texts { bcrypt_cost: Some(cost), allow_weak_bcrypt: allow_weak, ..Texts::default() })
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let settings = Settings {
            bcrypt_cost: 12,
            access_token_s: 900,
            session_s: 7_776_000,
            sessions_max: 50,
            refuse_common_at_registration: false,
        };
        assert_eq!(Settings::parse(Texts::default()), Ok(settings));
    }

    #[test]
    fn a_weak_cost_needs_a_second_variable_that_says_so() {
        assert_eq!(costs("4", None), Err(SettingsError::WeakBcrypt(4)));
        assert_eq!(costs("11", Some("yes")), Err(SettingsError::WeakBcrypt(11)));
        assert_eq!(costs("4", Some("true")).unwrap().bcrypt_cost, 4);
        assert_eq!(costs("13", None).unwrap().bcrypt_cost, 13);
    }

    #[test]
    fn a_cost_that_bcrypt_or_the_host_cannot_bear_is_refused() {
        for text in ["3", "17", "-1", "twelve", "12.5"] {
            assert_eq!(costs(text, Some("true")), Err(SettingsError::BcryptCost(text.into())));
        }
    }

    #[test]
    fn an_access_token_lives_between_a_second_and_a_day() {
        let parse = |text| Settings::parse(Texts { access_token_seconds: Some(text), ..Texts::default() });
        assert_eq!(parse("2").unwrap().access_token_s, 2);
        for text in ["0", "86401", "soon"] {
            assert_eq!(parse(text), Err(SettingsError::AccessToken(text.into())));
        }
    }

    #[test]
    fn the_age_and_the_number_of_sessions_have_a_least_and_a_most() {
        let age = |text| Settings::parse(Texts { session_seconds_max: Some(text), ..Texts::default() });
        let number = |text| Settings::parse(Texts { sessions_max: Some(text), ..Texts::default() });
        assert_eq!((age(" 60 ").unwrap().session_s, number("1").unwrap().sessions_max), (60, 1));
        assert_eq!(age("60").unwrap().session_time(5).age_max_us, 60_000_000);
        for text in ["0", "-1", "315360001", "never"] {
            assert_eq!(age(text), Err(SettingsError::SessionAge(text.into())));
        }
        for text in ["0", "1001", "all"] {
            assert_eq!(number(text), Err(SettingsError::Sessions(text.into())));
        }
    }

    #[test]
    fn common_passwords_are_refused_at_changes_or_always() {
        let parse = |text| Settings::parse(Texts { refuse_common_passwords: Some(text), ..Texts::default() });
        assert!(parse("always").unwrap().refuse_common_at_registration);
        assert!(!parse(" changes ").unwrap().refuse_common_at_registration);
        assert_eq!(parse("never"), Err(SettingsError::CommonPasswords("never".into())));
    }

    #[test]
    fn addresses_are_to_be_confirmed_where_that_is_said() {
        assert_eq!((confirmation(None), confirmation(Some(" True "))), (Ok(false), Ok(true)));
        assert_eq!(confirmation(Some("yes")), Err(SettingsError::ConfirmedEmail("yes".into())));
    }

    #[test]
    fn an_account_can_be_kept_for_a_while_and_calls_under_way_are_waited_for() {
        assert_eq!((grace_us(None), grace_us(Some("0"))), (Ok(14 * 86_400 * SECOND_US), Ok(0)));
        assert_eq!((settle_us(None), settle_us(Some(" 1 "))), (Ok(300 * SECOND_US), Ok(SECOND_US)));
        assert_eq!(grace_us(Some("366")), Err(SettingsError::DeletionGrace("366".into())));
        assert_eq!(settle_us(Some("-1")), Err(SettingsError::ErasureSettle("-1".into())));
    }

    #[test]
    fn a_refused_setting_is_named_with_its_remedy() {
        let text = SettingsError::WeakBcrypt(6).to_string();
        assert!(text.contains("`bcrypt_cost` is 6") && text.contains("`allow_weak_bcrypt`"), "{text}");
    }
}
