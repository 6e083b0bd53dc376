//! A connection string with the settings that every session must have. `RESET ALL`, which Spin's pool sends before it hands a
//! connection out again, returns to them.

/// What a leaked transaction may hold locks for. A guest that traps leaves its transaction open on a connection that goes back to
/// the pool, and the next borrower, if there is one, ends it. Longer than a handler computes between two statements.
pub const IDLE_IN_TRANSACTION_MS_MAX: u32 = 10_000;
/// For statements outside of a transaction that sets its own; a request has not more.
pub const STATEMENT_MS_MAX: u32 = 30_000;

/// The connection string with `options`, those that it has already kept: what the server reads last counts.
pub fn with_settings(dsn: &str) -> String {
    let settings = format!(
        "-c TimeZone=UTC -c standard_conforming_strings=on -c statement_timeout={STATEMENT_MS_MAX} \
         -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS_MAX}"
    );
    if dsn.starts_with("postgres://") || dsn.starts_with("postgresql://") {
        in_url(dsn, &settings)
    } else {
        in_words(dsn, &settings)
    }
}

fn in_url(dsn: &str, settings: &str) -> String {
    let settings = escaped(settings);
    let Some((address, query)) = dsn.split_once('?') else { return format!("{dsn}?options={settings}") };
    let mut found = false;
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.strip_prefix("options=") {
            Some(given) => {
                found = true;
                format!("options={given}%20{settings}")
            }
            None => pair.to_owned(),
        })
        .collect();
    if !found {
        pairs.push(format!("options={settings}"));
    }
    format!("{address}?{}", pairs.join("&"))
}

/// `key=value` pairs, as libpq reads them. Of a key that is there twice, the last one counts.
fn in_words(dsn: &str, settings: &str) -> String {
    let given = options(dsn).map(|given| format!("{given} ")).unwrap_or_default();
    let quoted = format!("{given}{settings}").replace('\\', "\\\\").replace('\'', "\\'");
    format!("{dsn} options='{quoted}'")
}

/// The value of `options` among `key=value` pairs.
fn options(dsn: &str) -> Option<String> {
    let mut rest = dsn.trim_start();
    let mut found = None;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, behind) = value(after.trim_start());
        if key.trim() == "options" {
            found = Some(value);
        }
        rest = behind.trim_start();
    }
    found
}

/// A value, unquoted, and what stands behind it.
fn value(text: &str) -> (String, &str) {
    let quoted = text.strip_prefix('\'');
    let mut value = String::new();
    let mut characters = quoted.unwrap_or(text).char_indices();
    while let Some((at, character)) = characters.next() {
        let ends = if quoted.is_some() { character == '\'' } else { character.is_whitespace() };
        if ends {
            let rest = quoted.unwrap_or(text).get(at + character.len_utf8()..).unwrap_or_default();
            return (value, rest);
        }
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

/// What stands in settings of ours, percent-encoded.
fn escaped(settings: &str) -> String {
    settings.replace(' ', "%20").replace('=', "%3D")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "-c TimeZone=UTC -c standard_conforming_strings=on -c statement_timeout=30000 \
                            -c idle_in_transaction_session_timeout=10000";

    fn url_options(dsn: &str) -> String {
        let query = with_settings(dsn);
        let (_, options) = query.split_once("options=").unwrap();
        options.split('&').next().unwrap().replace("%20", " ").replace("%3D", "=")
    }

    #[test]
    fn a_url_has_the_settings_behind_those_that_it_brings() {
        assert_eq!(url_options("postgres://u:p@h:5432/d"), SETTINGS);
        assert_eq!(url_options("postgresql://h/d?sslmode=require"), SETTINGS);
        assert_eq!(
            url_options("postgres://h/d?options=-c%20work_mem%3D8MB&sslmode=require"),
            format!("-c work_mem=8MB {SETTINGS}")
        );
        assert!(with_settings("postgres://h/d?options=x&sslmode=require").ends_with("&sslmode=require"));
    }

    #[test]
    fn pairs_have_the_settings_behind_those_that_they_bring() {
        assert_eq!(with_settings("host=h user=u"), format!("host=h user=u options='{SETTINGS}'"));
        let given = r"host=h options = '-c application_name=it\'s\\' password='a options=b'";
        assert_eq!(with_settings(given), format!(r"{given} options='-c application_name=it\'s\\ {SETTINGS}'"));
        assert_eq!(with_settings("options=-cx=1 host=h"), format!("options=-cx=1 host=h options='-cx=1 {SETTINGS}'"));
    }
}
