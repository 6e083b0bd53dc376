//! How the read database and tokens spell enumerations.

use crate::bindings::exports::mindflow::query::reads::{AnalysisStatus, Role};

/// An enumeration with one fixed spelling a value.
pub trait Word: Copy + PartialEq + Sized + 'static {
    const ALL: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, spelt)| *spelt == word).map(|(value, _)| *value)
    }
}

impl Word for Role {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::User, "user"), (Self::Premium, "premium"), (Self::Admin, "admin")];
}

impl Word for AnalysisStatus {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Pending, "PENDING"),
        (Self::Processing, "PROCESSING"),
        (Self::Ready, "READY"),
        (Self::Failed, "FAILED"),
        (Self::NotIncluded, "NOT_INCLUDED"),
    ];
}

/// The roles among these words; a role of a later version is skipped, and `user` is always included.
pub fn roles(words: &[String]) -> Vec<Role> {
    let mut roles: Vec<Role> = words.iter().filter_map(|word| Role::parse(word)).collect();
    if !roles.contains(&Role::User) {
        roles.insert(0, Role::User);
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_the_value_it_was_written_for() {
        for (status, word) in AnalysisStatus::ALL {
            assert_eq!(AnalysisStatus::parse(word), Some(*status));
            assert_eq!(status.word(), *word);
        }
        assert_eq!(AnalysisStatus::parse("pending"), None);
    }

    #[test]
    fn an_unknown_role_is_skipped_and_everybody_is_a_user() {
        assert_eq!(roles(&["auditor".into(), "premium".into()]), [Role::User, Role::Premium]);
    }
}
