//! `[log]`: what is printed of the log, and in `[log.keep]` what is kept for operators.

use mindflow_backends::{records, records::logs::Level};
use serde::{Deserialize, Deserializer};

/// The target of the line that each call of a component leaves. Not printed by default, but kept.
pub const CALLS: &str = "mindflow::call";

/// Each takes some 0.9 kB with its indexes: 225 MB a day, 3 GB in 14 days at most.
const ACCESS_LINES_PER_DAY: u32 = 250_000;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LogSettings {
    /// `tracing` directives, such as `info,mindflow=debug`.
    pub filter: String,
    pub format: LogFormat,
    pub keep: KeepSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    Text,
    Json,
}

/// Lines that are kept, of hosts and components, for some days.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct KeepSettings {
    #[serde(alias = "store")]
    pub enabled: bool,
    /// The lowest level that is kept. What is printed does not depend on it.
    pub level: Level,
    #[serde(alias = "keep-days", deserialize_with = "days")]
    pub days: u32,
    /// Lines about requests that this host keeps a day, and as many about calls. Others are printed and counted.
    #[serde(deserialize_with = "lines_per_day")]
    pub access_lines_per_day: u32,
    #[serde(flatten)]
    pub backend: records::Config,
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("days must be 1 or more; to keep no lines, set enabled = false")),
        days => Ok(days),
    }
}

fn lines_per_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom(
            "access-lines-per-day must be 1 or more; to keep no lines, set enabled = false",
        )),
        lines => Ok(lines),
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: format!("info,{CALLS}=warn"), format: LogFormat::Text, keep: KeepSettings::default() }
    }
}

impl Default for KeepSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            level: Level::Info,
            days: 14,
            access_lines_per_day: ACCESS_LINES_PER_DAY,
            backend: records::Config::default(),
        }
    }
}
