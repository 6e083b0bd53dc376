//! What the operator sets, by the component's variables.

use mindflow_guest::{call::Error, config};

/// 20,000: more than a day's writing for fifty years, in one go.
const ENTRIES_A_DAY: u64 = 20_000;
/// 2 GiB, as much as a user may keep by default.
const BYTES_A_DAY: u64 = 2 << 30;
/// A week to fetch what was made.
const EXPORT_DAYS: u64 = 7;
/// Of a stretch of a job: others wait so long.
pub const STRETCH_US: i64 = 8 * 1_000_000;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `import_entries_a_day`
    pub entries_a_day: u64,
    /// `import_bytes_a_day`: of uploads.
    pub bytes_a_day: u64,
    /// `export_days`: how long an export's file is kept.
    pub export_us: i64,
}

pub async fn load() -> Result<Settings, Error> {
    let number = async |name: &str, usual| config::number(name, usual).await.map_err(Error::Internal);
    let days = number("export_days", EXPORT_DAYS).await?;
    Ok(Settings {
        entries_a_day: number("import_entries_a_day", ENTRIES_A_DAY).await?,
        bytes_a_day: number("import_bytes_a_day", BYTES_A_DAY).await?,
        export_us: i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24 * 3_600 * 1_000_000),
    })
}
