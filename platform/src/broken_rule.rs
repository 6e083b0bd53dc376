//! What a caller did wrong, in a form that each capability's own error takes over.

/// A rule that one field of a call breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct BrokenRule {
    pub field: &'static str,
    pub rule: String,
}

impl BrokenRule {
    pub fn new(field: &'static str, rule: impl ToString) -> Self {
        Self { field, rule: rule.to_string() }
    }
}
