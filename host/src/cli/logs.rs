//! `mindflow logs`: what hosts and components logged, by request, component, level and time.

use super::{AppLocation, CliError, commands, output};
use crate::operator::{LogsRequest, OperatorRequest};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use mindflow_backends::{
    clock::Clock,
    records::logs::{BATCH_MAX, Filter, Level, Line},
};
use serde_json::Value;
use std::fmt::Write;

const DAY_S: i64 = 24 * 60 * 60;

#[derive(Debug, Args)]
pub struct LogsArguments {
    /// Only what follows from this request: the X-Correlation-Id of its answer.
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Only this component's, such as `command`.
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// Only this level and the more severe ones: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only since this time, such as 2026-11-01T00:00:00Z, or this long ago, such as 15m, 2h or 3d.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most this many lines, the newest; up to 1000.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    last: usize,
    /// Print a JSON object a line.
    #[arg(long)]
    json: bool,
}

pub async fn logs(location: &AppLocation, arguments: LogsArguments) -> Result<(), CliError> {
    let LogsArguments { correlation, component, level, since, last, json } = arguments;
    if !(1..=BATCH_MAX).contains(&last) {
        return Err(CliError::Argument(format!("--last: must be from 1 to {BATCH_MAX}")));
    }
    let parsed = |word: &str| {
        Level::parse(&word.to_lowercase())
            .ok_or_else(|| CliError::Argument(format!("--level {word:?}: must be error, warn, info, debug or trace")))
    };
    let filter = Filter {
        correlation_id: correlation,
        component,
        level: level.as_deref().map(parsed).transpose()?,
        since_us: since.as_deref().map(|text| since_us(text, Clock::system().now_us())).transpose()?,
    };
    let answer = commands::request(location, OperatorRequest::Logs(LogsRequest { filter, last })).await?;
    let lines = answer.as_array().into_iter().flatten();
    for line in lines {
        if json {
            output::line(line)?;
        } else {
            let line: Line = serde_json::from_value(line.clone()).map_err(|error| CliError::Answer(error.into()))?;
            output::line(shown(&line))?;
        }
    }
    Ok(())
}

/// A time, or how long ago.
fn since_us(text: &str, now_us: i64) -> Result<i64, CliError> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_microsecond());
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
    let day = days.and_then(|days| days.checked_mul(DAY_S)).map(SignedDuration::from_secs);
    let ago = day.or_else(|| text.parse().ok()).filter(|ago| ago.is_positive());
    let us = ago.and_then(|ago| i64::try_from(ago.as_micros()).ok()).and_then(|us| now_us.checked_sub(us));
    us.ok_or_else(|| {
        CliError::Argument(format!(
            "--since {text:?}: must be a time such as 2026-11-01T00:00:00Z, or how long, such as 15m, 2h or 3d"
        ))
    })
}

/// One line, with line breaks in the message escaped.
fn shown(line: &Line) -> String {
    let at = Timestamp::from_microsecond(line.at_us).map(|at| format!("{at:.6}")).unwrap_or_default();
    let component = line.component.as_deref().unwrap_or("host");
    let mut text = format!("{at} {:>5} {component}: {}", line.level.word().to_uppercase(), line.message.escape_debug());
    for (name, value) in &line.fields {
        let value = match value {
            Value::String(word) if !word.contains([' ', '"', '\n']) => word.clone(),
            other => other.to_string(),
        };
        let _ = write!(text, " {name}={value}");
    }
    if let Some(correlation_id) = &line.correlation_id {
        let _ = write!(text, " correlation_id={correlation_id}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        let hour_us = 3_600_000_000;
        assert_eq!(since_us("1970-01-01T01:00:00Z", 0).unwrap(), hour_us);
        assert_eq!(since_us("90m", 2 * hour_us).unwrap(), hour_us / 2);
        assert_eq!(since_us("2d", 0).unwrap(), -48 * hour_us);
        for wrong in ["", "yesterday", "-1h", "0s", "99999999999999999d"] {
            assert!(since_us(wrong, 0).is_err_and(|error| error.to_string().contains("--since")), "{wrong}");
        }
    }

    #[test]
    fn a_line_is_shown_in_one_line() {
        let Value::Object(fields) = json!({ "ms": 2, "error": "no \"luck\"" }) else { panic!() };
        let line = Line {
            at_us: 1,
            level: Level::Warn,
            component: Some("ai".into()),
            correlation_id: Some("c:1".into()),
            target: "t".into(),
            message: "one\ntwo".into(),
            fields,
        };
        let shown = shown(&line);
        assert!(shown.starts_with("1970-01-01T00:00:00.000001Z  WARN ai: one\\ntwo "), "{shown}");
        assert!(shown.ends_with(" correlation_id=c:1") && shown.contains(r#"error="no \"luck\"""#), "{shown}");
    }
}
