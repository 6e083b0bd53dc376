//! Parameters of a request's query, taken one by one, so that a client learns of all its mistakes together. One that nothing takes is
//! refused: a misspelt filter that is ignored shows everything.

use super::failure::Failure;
use crate::call::FieldError;
use crate::failure::field;
use crate::rules::Rule;

/// How many unknown parameters or fields an answer names. More do not help a developer.
pub const UNKNOWN_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 100;

/// The name of an unknown parameter or field as an answer shows it: its first 100 characters.
pub fn shown_name(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

/// What is given and not taken yet.
pub struct Query {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Of a URL, without the `?`.
    pub fn of(text: &str) -> Self {
        let given = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Self { given, known: Vec::new(), errors: Vec::new() }
    }

    /// Of a path that takes no more than these, whose values are not looked at.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn only(text: Option<&str>, known: &[&'static str]) -> Result<(), Failure> {
        let Some(text) = text else { return Ok(()) };
        let mut query = Self::of(text);
        for name in known {
            query.text(name);
        }
        query.finish()
    }

    /// A parameter that may be left out. An empty one counts as such: a form that was not filled in.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let is_asked = |(given, _): &(String, String)| given == name;
        let (mut values, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.given).into_iter().partition(is_asked);
        self.given = rest;
        if values.len() > 1 {
            self.wrong(name, Rule::items(1, values.len()), "Give this parameter once.");
            return None;
        }
        values.pop().map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// What `read` makes of it.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        rule: impl Into<Rule>,
        message: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.wrong(name, rule, message);
        }
        value
    }

    fn wrong(&mut self, name: &str, rule: impl Into<Rule>, message: &str) {
        self.errors.push(field(name, rule, message));
    }

    /// # Errors
    /// 422 with every parameter that was wrong or given twice, and each that is none of those that were taken.
    pub fn finish(mut self) -> Result<(), Failure> {
        let mut unknown: Vec<String> = Vec::new();
        for (name, _) in std::mem::take(&mut self.given) {
            let name = shown_name(&name);
            if unknown.len() < UNKNOWN_MAX && !unknown.contains(&name) {
                unknown.push(name);
            }
        }
        let message = match self.known.as_slice() {
            [] => "This path takes no parameters: leave it out.".to_owned(),
            known => format!("There is no such parameter here; there are {}.", known.join(", ")),
        };
        for name in unknown {
            self.wrong(&name, Rule::unknown_field(self.known.iter().copied()), &message);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn broken(query: Query) -> Vec<(String, String, Value)> {
        let fields = query.finish().unwrap_err().fields.into_iter();
        fields.map(|error| (error.field, error.rule, serde_json::from_str(&error.params).unwrap())).collect()
    }

    #[test]
    fn a_parameter_that_nothing_takes_is_refused_with_those_that_there_are() {
        let mut query = Query::of("tgas=x&limit=5&mood=&tgas=y");
        assert_eq!((query.text("limit").as_deref(), query.text("mood")), (Some("5"), None));
        let known = json!({"known": ["limit", "mood"]});
        assert_eq!(broken(query), [("tgas".into(), "unknown-field".into(), known)]);
        let failure = Query::only(Some("tgas=x"), &["limit"]).unwrap_err();
        assert!(failure.fields[0].message.ends_with("there are limit."), "{}", failure.fields[0].message);
        let failure = Query::only(Some("a"), &[]).unwrap_err();
        assert_eq!((failure.fields[0].field.as_str(), failure.fields[0].params.as_str()), ("a", "{}"));
        for fits in [None, Some(""), Some("&&"), Some("limit=7"), Some("limit=")] {
            assert_eq!(Query::only(fits, &["limit"]), Ok(()), "{fits:?}");
        }
    }

    #[test]
    fn a_parameter_that_is_given_twice_is_refused_whatever_it_says() {
        for twice in ["tag=a&tag=b", "tag=a&tag=", "t%61g=a&tag=a"] {
            let mut query = Query::of(twice);
            assert_eq!(query.text("tag"), None);
            assert_eq!(broken(query), [("tag".into(), "too-many".into(), json!({"max": 1, "actual": 2}))], "{twice}");
        }
    }

    #[test]
    fn all_mistakes_are_named_together_and_of_very_many_the_first() {
        let mut query = Query::of("limit=many&limits=3");
        assert_eq!(query.read("limit", Rule::range(1, 100), "No.", |text| text.parse::<u32>().ok()), None);
        let names: Vec<_> = broken(query).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["limit", "limits"]);
        let many: String = (0..1_000).map(|n| format!("{n}{}=&", "x".repeat(500))).collect();
        let errors = broken(Query::of(&many));
        assert!(errors.len() == 20 && errors.iter().all(|(name, ..)| name.len() == 100));
    }
}
