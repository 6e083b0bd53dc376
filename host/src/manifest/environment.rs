//! Settings from the environment: `MINDFLOW_DATABASES__WRITE__DSN` is `databases.write.dsn`. A variable is text. It is read as
//! what its setting takes, and never shown: it may be a secret. Double quotes around it are not part of it. Names that are none are
//! errors, all of them together.

use super::{
    RuleError,
    hidden::hide,
    misspelt::{Known, OTHERS, PREFIX, VARIABLE, misspelt, nearest},
    texts::to_text,
};
use figment::{Error, Figment, error::Kind, providers::Serialized, util::nest, value::Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    os::unix::ffi::OsStrExt,
};

/// What tests pass on to each other.
const TEST: &str = "TEST_";
/// A path and a setting. The command line reads it before, as it is.
const DATA_DIR: &str = "DATA_DIR";
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
    /// # Errors
    /// All variables that look like settings or the manifest's variables and are none, and those of them whose value is no UTF-8.
    pub fn new(variables: impl Iterator<Item = (OsString, OsString)>, known: &Known<'_>) -> Result<Self, RuleError> {
        let (mut settings, mut faults) = (Vec::new(), Vec::new());
        for (name, value) in variables.filter(|(name, _)| name.as_bytes().starts_with(PREFIX.as_bytes())) {
            let Some(variable) = name.to_str() else {
                let name = name.to_string_lossy();
                faults.push(format!("the environment sets {name}, whose name is no UTF-8; remove or rename it"));
                continue;
            };
            let own = variable.strip_prefix(PREFIX).unwrap_or_default();
            if own.starts_with(VARIABLE) {
                faults.extend(misspelt(variable, known));
                faults.extend(to_text(variable, value).err().map(|rule| rule.to_string()));
                continue;
            }
            if own.starts_with(TEST) || OTHERS.contains(&own) || (own == DATA_DIR && value.to_str().is_none()) {
                continue;
            }
            let key = key_of(own);
            let top = key.split('.').next().unwrap_or_default();
            if !known.keys.contains(&top) {
                faults.extend(misspelt(variable, known));
                continue;
            }
            match to_text(variable, value) {
                Ok(text) => settings.push(Setting { variable: variable.to_owned(), key, text }),
                Err(rule) => faults.push(rule.to_string()),
            }
        }
        settings.sort_by(|one, other| one.key.cmp(&other.key));
        if faults.is_empty() { Ok(Self(settings)) } else { Err(together(faults)) }
    }

    /// With the variables of a table's former name as those of its name; `keys` of it were called otherwise, too.
    ///
    /// # Errors
    /// Two variables that are one setting.
    pub fn renamed(mut self, former: &str, name: &str, keys: &[(&str, &str)]) -> Result<Self, RuleError> {
        for setting in &mut self.0 {
            let Some(rest) = setting.key.strip_prefix(former).and_then(|rest| rest.strip_prefix('.')) else { continue };
            let now = keys.iter().find(|(before, _)| *before == rest).map_or(rest, |(_, now)| *now);
            setting.key = format!("{name}.{now}");
        }
        self.0.sort_by(|one, other| one.key.cmp(&other.key));
        let twice = self.0.windows(2).find_map(|pair| match pair {
            [one, other] if one.key == other.key => Some(format!("{} and {}", one.variable, other.variable)),
            _ => None,
        });
        match twice {
            Some(both) => Err(format!("the environment sets {both}, which are one setting; keep one of them").into()),
            None => Ok(self),
        }
    }

    /// The variables of a table.
    pub fn of_table<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |setting| is_within(&setting.key, table)).map(|setting| setting.variable.as_str())
    }

    /// Reads the file's values with these over them. Each is text at first. Where a setting takes something else, such as a
    /// number, its variable is parsed.
    ///
    /// # Errors
    /// All variables of a table that has no such setting, and the first setting that cannot be read: by its variable where it has one,
    /// else by its path.
    pub fn read<T>(&self, file: &Figment, read: impl Fn(&Figment) -> Result<T, Error>) -> Result<T, RuleError> {
        let mut parsed = BTreeSet::new();
        let (mut left_out, mut faults) = (BTreeSet::new(), Vec::new());
        let mut is_one_unreadable = false;
        loop {
            let error = match read(&self.over(file, &parsed, &left_out)) {
                Ok(value) if faults.is_empty() => return Ok(value),
                Ok(_) => return Err(together(faults)),
                Err(error) => error,
            };
            let unknown = self.unknown(&error, &left_out);
            if !unknown.is_empty() && !is_of_file(file, &read, &error) {
                for setting in unknown {
                    faults.push(unknown_setting(setting, &error));
                    left_out.insert(setting.key.as_str());
                }
                continue;
            }
            if is_one_unreadable {
                return Err(together(faults));
            }
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
                let Err(other) = read(&self.over(file, &with, &left_out)) else { return true };
                // Or it is a list, of which an item is wrong.
                !is_under(&other, &place) || (*way == [place.as_str()] && path(&other) != place)
            };
            let mut ways: Vec<_> = ways.collect();
            ways.sort_by_key(Vec::len);
            match ways.into_iter().find(is_better) {
                Some(way) => parsed.extend(way),
                // What follows it in its table may be unknown as well.
                None => {
                    faults.push(self.rule(file, &read, &error).to_string());
                    left_out.extend(self.below(&error).map(|setting| setting.key.as_str()));
                    is_one_unreadable = true;
                }
            }
        }
    }

    fn over(&self, file: &Figment, parsed: &BTreeSet<&str>, left_out: &BTreeSet<&str>) -> Figment {
        self.0.iter().filter(|setting| !left_out.contains(setting.key.as_str())).fold(
            file.clone(),
            |figment, setting| {
                let is_parsed = parsed.contains(setting.key.as_str());
                let value =
                    if is_parsed || is_quoted(&setting.text) { parse(setting) } else { setting.text.clone().into() };
                figment.merge(Serialized::defaults(nest(&setting.key, value).into_dict().unwrap_or_default()))
            },
        )
    }

    /// The settings that an error may be about.
    fn below(&self, error: &Error) -> impl Iterator<Item = &Setting> {
        let path = path(error);
        self.0.iter().filter(move |setting| is_within(&setting.key, &path) || is_within(&path, &setting.key))
    }

    /// The settings whose name an error does not know.
    fn unknown(&self, error: &Error, left_out: &BTreeSet<&str>) -> Vec<&Setting> {
        let Some(name) = unknown_name(error) else { return Vec::new() };
        let is_named = |setting: &&Setting| {
            !left_out.contains(setting.key.as_str()) && setting.key.rsplit('.').next() == Some(name)
        };
        self.below(error).filter(is_named).collect()
    }

    fn rule<T>(&self, file: &Figment, read: &impl Fn(&Figment) -> Result<T, Error>, error: &Error) -> RuleError {
        let path = path(error);
        let named =
            |place: &str, what: &str| if place.is_empty() { what.to_owned() } else { format!("{place}: {what}") };
        let settings: Vec<&Setting> = match unknown_name(error) {
            Some(_) => self.unknown(error, &BTreeSet::new()),
            None => self.below(error).collect(),
        };
        if settings.is_empty() || is_of_file(file, read, error) {
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

fn is_of_file<T>(file: &Figment, read: &impl Fn(&Figment) -> Result<T, Error>, error: &Error) -> bool {
    read(file).err().is_some_and(|other| other.to_string() == error.to_string())
}

/// The setting that a variable is for, by its name behind the prefix.
fn key_of(own: &str) -> String {
    own.to_ascii_lowercase().replace("__", ".").replace('_', "-")
}

/// Names the variable with each setting that an error is about and that the environment sets: its value may be found wrong when it
/// is used, and the file is not where to mend it.
pub fn with_variables(error: &str, variables: impl Iterator<Item = OsString>) -> String {
    let own = |name: String| Some((key_of(name.strip_prefix(PREFIX)?), name));
    let set: BTreeMap<String, String> = variables.filter_map(|name| own(name.into_string().ok()?)).collect();
    let named = |word: &str| {
        let place = word.strip_suffix(':').filter(|place| place.contains('.'));
        place.and_then(|place| Some(format!("{place} ({}):", set.get(place)?))).unwrap_or_else(|| word.to_owned())
    };
    error.split(' ').map(named).collect::<Vec<_>>().join(" ")
}

/// The name that a table does not know. Of a table in which a back end has its settings, the text alone says it, and names those of the
/// back end as all that there are.
fn unknown_name(error: &Error) -> Option<&str> {
    match &error.kind {
        Kind::UnknownField(name, _) => Some(name),
        Kind::Message(text) => text.strip_prefix("unknown field `")?.split_once('`').map(|(name, _)| name),
        _ => None,
    }
}

/// A variable of a table that has no such setting.
fn unknown_setting(setting: &Setting, error: &Error) -> String {
    let Kind::UnknownField(name, known) = &error.kind else {
        return format!("{}: unknown field", setting.variable);
    };
    let (table, what) = (setting.variable.rsplit_once("__").map_or("", |(table, _)| table), &error.kind);
    match nearest(&name.to_ascii_uppercase().replace('-', "_"), known.iter().copied()) {
        Some(near) => format!("{}: unknown field; {table}__{near} may be meant", setting.variable),
        None => format!("{}: {what}", setting.variable),
    }
}

/// One error of several.
fn together(mut faults: Vec<String>) -> RuleError {
    faults.sort();
    faults.join("; ").into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::os::unix::ffi::OsStringExt;

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
        let environment = Environment::new(variables.into_iter(), &Known::of(&["http", "mail", "databases"]));
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

    #[derive(Debug, Deserialize)]
    struct Root {
        kept: Kept,
    }

    /// The settings of a back end are in the same table as its own.
    #[derive(Debug, Deserialize)]
    struct Kept {
        days: u32,
        #[serde(flatten)]
        _backend: Backend,
    }

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "BTreeMap<String, String>")]
    struct Backend;

    impl TryFrom<BTreeMap<String, String>> for Backend {
        type Error = String;

        fn try_from(settings: BTreeMap<String, String>) -> Result<Self, String> {
            match settings.keys().find(|key| *key != "database") {
                Some(key) => Err(format!("unknown field `{key}`, expected `database`")),
                None => Ok(Self),
            }
        }
    }

    #[test]
    fn a_variable_that_a_back_end_does_not_know_is_named_alone_without_the_settings_that_are_not_all() {
        let read = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| (OsString::from(*name), OsString::from(*value)));
            let file: toml::Table = toml::from_str("[kept]\ndays = 1\n").unwrap();
            Environment::new(variables, &Known::of(&["kept"]))
                .and_then(|environment| {
                    environment.read(&Figment::from(Serialized::defaults(file)), Figment::extract::<Root>)
                })
                .map(|root| root.kept.days)
                .map_err(|error| error.to_string())
        };
        let set = [("MINDFLOW_KEPT__DAYS", "3"), ("MINDFLOW_KEPT__DATABASE", "write")];
        assert_eq!(read(&set), Ok(3));
        let error = read(&[set[0], set[1], ("MINDFLOW_KEPT__DYAS", "hunter2")]).unwrap_err();
        assert_eq!(error, "MINDFLOW_KEPT__DYAS: unknown field");
    }

    #[test]
    fn variables_of_a_former_name_are_those_of_the_name_of_now() {
        let read = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| (OsString::from(*name), OsString::from(*value)));
            let file: toml::Table = toml::from_str("[http]\nport = 1\nopen = true\n").unwrap();
            Environment::new(variables, &Known::of(&["http", "web"]))
                .and_then(|environment| environment.renamed("web", "http", &[("door", "port")]))
                .and_then(|environment| {
                    environment.read(&Figment::from(Serialized::defaults(file)), Figment::extract::<Config>)
                })
                .map(|config| (config.http.port, config.http.open, config.http.token))
                .map_err(|error| error.to_string())
        };
        let set = [("MINDFLOW_WEB__DOOR", "2"), ("MINDFLOW_WEB__TOKEN", "t"), ("MINDFLOW_HTTP__OPEN", "false")];
        assert_eq!(read(&set), Ok((2, false, "t".into())));
        let error = read(&[("MINDFLOW_WEB__DOOR", "hunter2")]).unwrap_err();
        assert_eq!(error, "MINDFLOW_WEB__DOOR: must be a whole number, 0 or more");
        let error = read(&[("MINDFLOW_WEB__TOKNE", "hunter2")]).unwrap_err();
        assert_eq!(error, "MINDFLOW_WEB__TOKNE: unknown field; MINDFLOW_WEB__TOKEN may be meant");
        let error = read(&[("MINDFLOW_WEB__DOOR", "2"), ("MINDFLOW_HTTP__PORT", "3")]).unwrap_err();
        assert!(error.contains("MINDFLOW_WEB__DOOR") && error.contains("MINDFLOW_HTTP__PORT"), "{error}");
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
            Environment::new(variables.into_iter(), &Known::of(&["http", "data-dir"]))
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
        let error = Environment::new(named.into_iter(), &Known::of(&["http"])).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("whose name is no UTF-8") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_error_about_a_setting_that_the_environment_sets_names_the_variable() {
        let set = || ["MINDFLOW_DATABASES__WRITE__DSN", "MINDFLOW_LISTEN", "PATH"].map(OsString::from).into_iter();
        for (error, named) in [
            (
                "databases.write.dsn: names no host",
                "databases.write.dsn (MINDFLOW_DATABASES__WRITE__DSN): names no host",
            ),
            ("c.toml: databases.write.dsn: no", "c.toml: databases.write.dsn (MINDFLOW_DATABASES__WRITE__DSN): no"),
            ("databases.read.dsn: names no host", "databases.read.dsn: names no host"),
            ("cannot listen: taken", "cannot listen: taken"),
        ] {
            assert_eq!(with_variables(error, set()), named);
        }
    }

    #[test]
    fn all_misspelt_variables_are_named_in_one_error_without_their_values() {
        let error = read(&[
            ("MINDFLOW_DATABASE__WRITE__DSN", "postgres://u:hunter2@h/d"),
            ("MINDFLOW_CONFIGS", "hunter2"),
            ("MINDFLOW_HTTP_PROT", "hunter2"),
        ])
        .unwrap_err();
        for meant in ["MINDFLOW_DATABASES__WRITE__DSN may", "MINDFLOW_CONFIG may", "MINDFLOW_HTTP__PROT may"] {
            assert!(error.contains(meant) && !error.contains("hunter2"), "{error}");
        }
        // Of tables that are known, with what does not fit.
        let error = read(&[
            ("MINDFLOW_HTTP__TOKNE", "hunter2"),
            ("MINDFLOW_HTTP__COLOUR", "hunter2"),
            ("MINDFLOW_HTTP__PORT", "hunter2"),
        ])
        .unwrap_err();
        for part in [
            "MINDFLOW_HTTP__TOKNE: unknown field; MINDFLOW_HTTP__TOKEN may be meant",
            "MINDFLOW_HTTP__COLOUR: unknown field",
            "MINDFLOW_HTTP__PORT: must be a whole number",
        ] {
            assert!(error.contains(part) && !error.contains("hunter2"), "{part}: {error}");
        }
    }
}
