//! Variables of the environment that look like this program's and are none. One that is ignored leaves a setting as it was, and no
//! line says so.

use super::Manifest;
use strsim::damerau_levenshtein;

pub(super) const PREFIX: &str = "MINDFLOW_";
/// Values of the manifest's variables; [`super::Variables`] reads them.
pub(super) const VARIABLE: &str = "VARIABLE_";
/// What the command line and the scripts read. The first four are paths, which may have any bytes.
pub(super) const OTHERS: [&str; 5] = ["MANIFEST", "CONFIG", "POSTGRES_BIN", "CACHE", "RELAY_TOKEN"];
/// A shorter name may be anything.
const LENGTH_MIN: usize = 5;
const CHANGES_MAX: usize = 2;

/// The names that there are.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// Settings and tables at the top of the configuration.
    pub keys: Vec<&'a str>,
    /// The variables of the manifest, in capitals; `None` where it cannot be read.
    variables: Option<Vec<String>>,
    /// Names that the manifest gives to its variables besides.
    others: Vec<&'a str>,
}

// === impl Known ===

impl<'a> Known<'a> {
    pub fn of(keys: &[&'a str]) -> Self {
        Self { keys: keys.to_vec(), ..Self::default() }
    }

    pub fn with(mut self, manifest: Option<&'a Manifest>) -> Self {
        self.variables = manifest.map(|manifest| manifest.variables.keys().map(|name| name.to_uppercase()).collect());
        self.others =
            manifest.into_iter().flat_map(|manifest| manifest.environment.values()).map(String::as_str).collect();
        self
    }
}

/// What is wrong with a variable whose name begins as ours do and is no setting's. Nothing where another program may read it.
pub(super) fn misspelt(variable: &str, known: &Known<'_>) -> Option<String> {
    let own = variable.strip_prefix(PREFIX)?;
    if known.others.contains(&variable) {
        return None;
    }
    if let Some(name) = own.strip_prefix(VARIABLE) {
        return unknown_variable(variable, name, known);
    }
    let meant =
        |name: String| Some(format!("the environment sets {variable}, which is no setting; {name} may be meant"));
    let word = own.split("__").next().unwrap_or_default();
    if let Some(near) = nearest(word, known.keys.iter().chain(&OTHERS).copied()) {
        return meant(format!("{PREFIX}{near}{}", own.strip_prefix(word).unwrap_or_default()));
    }
    if word.is_empty() {
        return Some(format!("the environment sets {variable}, which names no table; remove or rename it"));
    }
    if own.contains("__") {
        let table = word.to_ascii_lowercase().replace('_', "-");
        let rule = format!("and there is no table [{table}]; remove or rename it");
        return Some(format!("the environment sets {variable}, {rule}"));
    }
    if is_of_kubernetes(own) {
        return None;
    }
    if let Some((_, name)) = own.split_once('_').filter(|(begin, _)| nearest(begin, ["VARIABLE"]).is_some()) {
        return meant(format!("{PREFIX}{VARIABLE}{name}"));
    }
    let near = |other: &&&str| damerau_levenshtein(other, variable) <= CHANGES_MAX;
    if let Some(other) = known.others.iter().find(near) {
        return meant((*other).to_owned());
    }
    let tables = known.keys.iter().map(|key| in_capitals(key));
    let of_table =
        |table: String| Some((table.clone(), own.strip_prefix(table.as_str())?.strip_prefix('_')?.to_owned()));
    let (table, name) = tables.filter_map(of_table).max_by_key(|(table, _)| table.len())?;
    meant(format!("{PREFIX}{table}__{name}"))
}

fn unknown_variable(variable: &str, name: &str, known: &Known<'_>) -> Option<String> {
    let variables = known.variables.as_ref().filter(|variables| !variables.iter().any(|known| known == name))?;
    let meant = match nearest(name, variables.iter().map(String::as_str)) {
        Some(near) => format!("{PREFIX}{VARIABLE}{near} may be meant"),
        None => "remove or rename it".to_owned(),
    };
    let rule = format!("and the manifest defines no variable `{}`", name.to_lowercase());
    Some(format!("the environment sets {variable}, {rule}; {meant}"))
}

/// The name that is the most like it, in capitals, if one is like it.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names = names.into_iter().map(in_capitals).map(|name| (damerau_levenshtein(&name, word), name));
    let (changes, name) = names.min()?;
    (changes <= CHANGES_MAX && word.len() >= LENGTH_MIN).then_some(name)
}

fn in_capitals(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// What Kubernetes sets in each container for a service whose name begins with `mindflow`, such as `MINDFLOW_SERVICE_HOST` and
/// `MINDFLOW_PORT_3000_TCP_ADDR`.
fn is_of_kubernetes(own: &str) -> bool {
    let of_port = |rest: &str| rest.starts_with(|char: char| char.is_ascii_digit());
    own.contains("SERVICE_HOST")
        || own.contains("SERVICE_PORT")
        || own == "PORT"
        || own.ends_with("_PORT")
        || own.split("PORT_").skip(1).any(of_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variable: &str) -> Option<String> {
        let known = Known {
            variables: Some(vec!["PUBLIC_URL".to_owned(), "TAGS_MAX".to_owned()]),
            others: vec!["MINDFLOW_CLAUDE_URL"],
            ..Known::of(&["http", "key-value", "keys", "databases", "listen"])
        };
        misspelt(variable, &known)
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_may_be_meant() {
        for (variable, meant) in [
            ("MINDFLOW_DATABASE__WRITE__DSN", "MINDFLOW_DATABASES__WRITE__DSN"),
            ("MINDFLOW_CONFIGS", "MINDFLOW_CONFIG"),
            ("MINDFLOW_LISTN", "MINDFLOW_LISTEN"),
            ("MINDFLOW_HTTP_DRAIN_MS", "MINDFLOW_HTTP__DRAIN_MS"),
            ("MINDFLOW_KEY_VALUE_CACHE__URL", "[key-value-cache]"),
            ("MINDFLOW_KEY_VALUE_CACHE", "MINDFLOW_KEY_VALUE__CACHE"),
            ("MINDFLOW_VARIABEL_PUBLIC_URL", "MINDFLOW_VARIABLE_PUBLIC_URL"),
            ("MINDFLOW_VARIABLE_PUBLIC_ULR", "MINDFLOW_VARIABLE_PUBLIC_URL"),
            ("MINDFLOW_VARIABLE_Public_Url", "no variable `public_url`"),
            ("MINDFLOW_CLAUDE_ULR", "MINDFLOW_CLAUDE_URL"),
            ("MINDFLOW_SMTP__PASSWORD", "[smtp]"),
            ("MINDFLOW___PASSWORD", "names no table"),
        ] {
            let error = of(variable).unwrap_or_else(|| panic!("{variable} is taken"));
            assert!(error.contains(&format!("sets {variable},")) && error.contains(meant), "{error}");
        }
    }

    #[test]
    fn what_is_known_and_what_other_programs_set_is_no_error() {
        for other in [
            "MINDFLOW_PORT",
            "MINDFLOW_SERVICE_HOST",
            "MINDFLOW_PORT_3000_TCP_ADDR",
            "MINDFLOW_HTTP_PORT",
            "MINDFLOW_HTTP_SERVICE_PORT_WEB",
            "MINDFLOW_CLAUDE_URL",
            "MINDFLOW_VARIABLE_TAGS_MAX",
            "MINDFLOW_PRIVATE_SERVERS",
            "PATH",
        ] {
            assert_eq!(of(other), None);
        }
        // Without a manifest its variables are not known.
        assert_eq!(misspelt("MINDFLOW_VARIABLE_X", &Known::of(&["http"])), None);
    }
}
