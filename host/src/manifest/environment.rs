//! Settings from the environment: `MINDFLOW_DATABASES__WRITE__DSN` is `databases.write.dsn`. A variable is text. It is read as
//! what its setting takes, and never shown: it may be a secret. Double quotes around it are not part of it.

use super::{RuleError, hidden::hide, texts::to_text};
use figment::{Error, Figment, error::Kind, providers::Serialized, util::nest, value::Value};
use std::{collections::BTreeSet, ffi::OsString, os::unix::ffi::OsStrExt};
use strsim::damerau_levenshtein;

const PREFIX: &str = "MINDFLOW_";
/// Values of the manifest's variables; [`super::Variables`] reads them.
const VARIABLE: &str = "VARIABLE_";
/// What tests pass on to each other.
const TEST: &str = "TEST_";
/// What the command line and the scripts read. The first four are paths, which may have any bytes.
const OTHERS: [&str; 5] = ["MANIFEST", "CONFIG", "POSTGRES_BIN", "CACHE", "RELAY_TOKEN"];
/// A path and a setting. The command line reads it before, as it is.
const DATA_DIR: &str = "DATA_DIR";
/// A shorter name may be anything, such as the `MINDFLOW_PORT` that Kubernetes sets for a service `mindflow`.
const MISSPELT_LENGTH_MIN: usize = 5;
const MISSPELT_CHANGES_MAX: usize = 2;
/// So many variables of one table are tried as text and as numbers in each way.
const TRIED_TOGETHER_MAX: usize = 6;

/// The variables that are settings.
pub(super) struct Environment(Vec<Setting>);

struct Setting {
    variable: String,
    /// Such as `databases.write.dsn`.
    key: String,
    text: String,
}

// === impl Environment ===

impl Environment {
    /// `keys`: the names of the settings and tables at the top.
    ///
    /// # Errors
    /// A variable that looks like a setting and is none, or a setting's or the manifest's whose value is no UTF-8.
    pub fn new(variables: impl Iterator<Item = (OsString, OsString)>, keys: &[&str]) -> Result<Self, RuleError> {
        let mut settings = Vec::new();
        for (name, value) in variables.filter(|(name, _)| name.as_bytes().starts_with(PREFIX.as_bytes())) {
            let Some(variable) = name.to_str() else {
                let name = name.to_string_lossy();
                return Err(format!("the environment sets {name}, whose name is no UTF-8; remove or rename it").into());
            };
            let own = variable.trim_start_matches(PREFIX);
            if own.starts_with(VARIABLE) {
                to_text(variable, value)?;
                continue;
            }
            if own.starts_with(TEST) || OTHERS.contains(&own) || (own == DATA_DIR && value.to_str().is_none()) {
                continue;
            }
            let key = own.to_ascii_lowercase().replace("__", ".").replace('_', "-");
            let top = key.split('.').next().unwrap_or_default();
            if !keys.contains(&top) {
                refuse_misspelt(variable, own, top, keys)?;
                continue;
            }
            let text = to_text(variable, value)?;
            settings.push(Setting { variable: variable.to_owned(), key, text });
        }
        settings.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(Self(settings))
    }

    /// Reads the file's values with these over them. Each is text at first. Where a setting takes something else, such as a
    /// number, its variable is parsed.
    ///
    /// # Errors
    /// The first setting that cannot be read: by its variable where it has one, else by its path.
    pub fn read<T>(&self, file: &Figment, read: impl Fn(&Figment) -> Result<T, Error>) -> Result<T, RuleError> {
        let mut parsed = BTreeSet::new();
        loop {
            let error = match read(&self.over(file, &parsed)) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let open: Vec<&Setting> = self
                .below(&error)
                .filter(|setting| {
                    !parsed.contains(setting.key.as_str()) && !matches!(parse(setting), Value::String(..))
                })
                .take(TRIED_TOGETHER_MAX)
                .collect();
            // Where the table as a whole is named, each of its variables may be the one.
            let ways = (1_usize..1 << open.len()).map(|way| {
                let chosen = open.iter().enumerate().filter(move |(at, _)| way >> at & 1 == 1);
                chosen.map(|(_, setting)| setting.key.as_str()).collect::<Vec<_>>()
            });
            let place = path(&error);
            let is_better = |way: &Vec<&str>| {
                let with: BTreeSet<&str> = parsed.iter().copied().chain(way.iter().copied()).collect();
                let Err(other) = read(&self.over(file, &with)) else { return true };
                // Or it is a list, of which an item is wrong.
                !is_under(&other, &place) || (*way == [place.as_str()] && path(&other) != place)
            };
            let mut ways: Vec<_> = ways.collect();
            ways.sort_by_key(Vec::len);
            match ways.into_iter().find(is_better) {
                Some(way) => parsed.extend(way),
                None => return Err(self.rule(file, &read, &error)),
            }
        }
    }

    fn over(&self, file: &Figment, parsed: &BTreeSet<&str>) -> Figment {
        self.0.iter().fold(file.clone(), |figment, setting| {
            let is_parsed = parsed.contains(setting.key.as_str());
            let value =
                if is_parsed || is_quoted(&setting.text) { parse(setting) } else { setting.text.clone().into() };
            figment.merge(Serialized::defaults(nest(&setting.key, value).into_dict().unwrap_or_default()))
        })
    }

    /// The settings that an error may be about.
    fn below(&self, error: &Error) -> impl Iterator<Item = &Setting> {
        let path = path(error);
        self.0.iter().filter(move |setting| is_within(&setting.key, &path) || is_within(&path, &setting.key))
    }

    fn rule<T>(&self, file: &Figment, read: &impl Fn(&Figment) -> Result<T, Error>, error: &Error) -> RuleError {
        let path = path(error);
        let named =
            |place: &str, what: &str| if place.is_empty() { what.to_owned() } else { format!("{place}: {what}") };
        let of_file = read(file).err().is_some_and(|other| other.to_string() == error.to_string());
        let mut settings: Vec<&Setting> = self.below(error).collect();
        if let Kind::UnknownField(name, _) = &error.kind {
            settings.retain(|setting| setting.key.rsplit('.').next() == Some(name));
        }
        if of_file || settings.is_empty() {
            return named(&path, &error.kind.to_string()).into();
        }
        let mut what = match &error.kind {
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                format!("must be {}", in_words(expected))
            }
            other => other.to_string(),
        };
        for setting in &settings {
            what = hide(&what, &setting.text, &parse(setting));
        }
        let variables: Vec<&str> = settings.iter().map(|setting| setting.variable.as_str()).collect();
        named(&variables.join(" or "), &what).into()
    }
}

/// What a setting takes. The libraries name Rust's types.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => r#"a list, such as ["a", "b"]"#,
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}

fn is_quoted(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('"') && text.ends_with('"')
}

/// A number, a truth value, a list or a table, where the text is one.
fn parse(setting: &Setting) -> Value {
    setting.text.parse().unwrap_or_else(|never| match never {})
}

fn path(error: &Error) -> String {
    error.path.join(".")
}

fn is_within(key: &str, path: &str) -> bool {
    path.is_empty() || key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_under(error: &Error, place: &str) -> bool {
    is_within(&path(error), place)
}

fn refuse_misspelt(variable: &str, own: &str, top: &str, keys: &[&str]) -> Result<(), RuleError> {
    let known = |key: &str| key.to_ascii_uppercase().replace('-', "_");
    let word = own.split("__").next().unwrap_or_default();
    let names = keys.iter().map(|key| known(key)).chain(OTHERS.map(str::to_owned));
    let nearest = names.map(|name| (damerau_levenshtein(&name, word), name)).min();
    let meant = nearest.filter(|(changes, _)| *changes <= MISSPELT_CHANGES_MAX && word.len() >= MISSPELT_LENGTH_MIN);
    match meant {
        Some((_, name)) => {
            let rest = own.strip_prefix(word).unwrap_or_default();
            Err(format!("the environment sets {variable}, which is no setting; {PREFIX}{name}{rest} may be meant")
                .into())
        }
        None if top.is_empty() => {
            Err(format!("the environment sets {variable}, which names no table; remove or rename it").into())
        }
        None if own.contains("__") => {
            Err(format!("the environment sets {variable}, and there is no table [{top}]; remove or rename it").into())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::{collections::BTreeMap, os::unix::ffi::OsStringExt};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[serde(default)]
        http: Http,
        #[serde(default)]
        mail: Option<Mail>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Http {
        port: u16,
        open: bool,
        hosts: Vec<String>,
        token: String,
        rooms: Vec<Room>,
    }

    /// Its error quotes what it was given, as errors of many types do.
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(try_from = "String")]
    struct Room(u16);

    impl TryFrom<String> for Room {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            text.parse().map(Self).map_err(|_| format!("{text:?} is no room"))
        }
    }

    /// Where serde buffers a table, an error names the table alone.
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(tag = "backend", rename_all = "kebab-case")]
    enum Mail {
        Smtp { port: u16, password: String },
    }

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables: BTreeMap<OsString, OsString> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let file: toml::Table = toml::from_str("[http]\nport = 1\n").unwrap();
        let environment = Environment::new(variables.into_iter(), &["http", "mail", "databases"]);
        environment
            .and_then(|environment| environment.read(&Figment::from(Serialized::defaults(file)), Figment::extract))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_read_as_its_setting_takes_it() {
        let config = read(&[
            ("MINDFLOW_HTTP__PORT", "8080"),
            ("MINDFLOW_HTTP__OPEN", "true"),
            ("MINDFLOW_HTTP__HOSTS", r#"["a", "b"]"#),
            ("MINDFLOW_HTTP__TOKEN", "0123456789"),
            ("MINDFLOW_MAIL__BACKEND", "smtp"),
            ("MINDFLOW_MAIL__PORT", "587"),
            ("MINDFLOW_MAIL__PASSWORD", "\"31415926\""),
        ])
        .unwrap();
        let (hosts, token) = (vec!["a".into(), "b".into()], "0123456789".into());
        let http = Http { port: 8080, open: true, hosts, token, rooms: Vec::new() };
        let mail = Mail::Smtp { port: 587, password: "31415926".into() };
        assert_eq!(config, Config { http, mail: Some(mail) });
    }

    #[test]
    fn an_error_names_the_variable_and_never_its_value() {
        for (name, value) in [
            ("MINDFLOW_HTTP__PORT", "hunter2hunter2"),
            ("MINDFLOW_HTTP__PORT", "123456789"),
            ("MINDFLOW_HTTP__OPEN", "hunter2hunter2"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(name) && !error.contains(value), "{error}");
        }
        for (name, takes) in [
            ("MINDFLOW_HTTP__PORT", "must be a whole number, 0 or more"),
            ("MINDFLOW_HTTP", "must be a table"),
            ("MINDFLOW_HTTP__HOSTS", r#"must be a list, such as ["a", "b"]"#),
        ] {
            let error = read(&[(name, "hunter2hunter2")]).unwrap_err();
            assert_eq!(error, format!("{name}: {takes}"));
        }
        let error = read(&[("MINDFLOW_HTTP__PROT", "1")]).unwrap_err();
        assert!(error.starts_with("MINDFLOW_HTTP__PROT: ") && error.contains("unknown field"), "{error}");
    }

    #[test]
    fn an_error_that_quotes_a_part_of_a_value_does_not_show_it() {
        for value in [r#"["hunter2"]"#, r#"["7", "hunter2"]"#, r#"["hunt\\er2"]"#, r#"["a \"hunter2\" b"]"#] {
            let error = read(&[("MINDFLOW_HTTP__ROOMS", value)]).unwrap_err();
            assert!(error.starts_with("MINDFLOW_HTTP__ROOMS: ") && error.contains("is no room"), "{error}");
            assert!(!error.contains("er2"), "{error}");
        }
    }

    #[test]
    fn a_value_that_is_no_utf_8_is_an_error_that_names_its_variable_alone() {
        let read = |name: &str| {
            let variables = [(OsString::from(name), OsString::from_vec(b"hunter2\xff".to_vec()))];
            Environment::new(variables.into_iter(), &["http", "data-dir"])
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        for name in ["MINDFLOW_HTTP__TOKEN", "MINDFLOW_HTTP", "MINDFLOW_VARIABLE_PUBLIC_URL"] {
            let error = read(name).unwrap_err();
            assert!(error.contains(&format!("sets {name} to a value that is no UTF-8")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        for path in ["MINDFLOW_DATA_DIR", "MINDFLOW_MANIFEST", "MINDFLOW_CACHE", "ANOTHER_PROGRAM"] {
            assert_eq!(read(path), Ok(()), "{path}");
        }
        let named = [(OsString::from_vec(b"MINDFLOW_VARIABLE_\xff".to_vec()), OsString::from("hunter2"))];
        let error = Environment::new(named.into_iter(), &["http"]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("whose name is no UTF-8") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_misspelt_variable_is_an_error_and_that_of_another_program_is_not() {
        let error = read(&[("MINDFLOW_DATABASE__WRITE__DSN", "postgres://u:secret@h/d")]).unwrap_err();
        assert!(error.contains("MINDFLOW_DATABASES__WRITE__DSN") && !error.contains("secret"), "{error}");
        assert!(read(&[("MINDFLOW_SMTP__PASSWORD", "secret")]).unwrap_err().contains("[smtp]"));
        assert!(read(&[("MINDFLOW___PASSWORD", "secret")]).unwrap_err().contains("names no table"));
        assert!(read(&[("MINDFLOW_CONFIGS", "x.toml")]).unwrap_err().contains("MINDFLOW_CONFIG "));
        for other in
            ["MINDFLOW_PORT", "MINDFLOW_SERVICE_HOST", "MINDFLOW_PORT_3000_TCP_ADDR", "MINDFLOW_CONFIG", "PATH"]
        {
            assert!(read(&[(other, "tcp://10.0.0.1:3000")]).is_ok(), "{other}");
        }
    }
}
