//! What an account may do. Roles are few and fixed: the database, the tokens and the command line
//! name them by the words here and by no others.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A role of the platform, in the order in which roles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Every account.
    User,
    /// Unlimited entries and AI insights.
    Premium,
    /// All accounts and the platform's figures.
    Admin,
}

/// An account's roles, each once, in the order of [`Role`].
pub type Roles = BTreeSet<Role>;

/// The allowed words, for messages.
pub const NAMES: &str = "user, premium, admin";

impl Role {
    /// The word for it in the database, the tokens and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Premium => "premium",
            Self::Admin => "admin",
        }
    }

    /// The role of that name; upper and lower case alike.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Premium, Self::Admin].into_iter().find(|role| role.as_str().eq_ignore_ascii_case(name))
    }
}

/// The roles of these names; unknown names are skipped.
pub fn known<'a>(names: impl IntoIterator<Item = &'a String>) -> Roles {
    names.into_iter().filter_map(|name| Role::parse(name)).collect()
}

/// These roles with `user`, which no account is ever without.
pub fn with_user(roles: impl IntoIterator<Item = Role>) -> Roles {
    roles.into_iter().chain([Role::User]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_by_its_name_in_any_case() {
        assert_eq!(Role::parse("Premium"), Some(Role::Premium));
        assert_eq!(Role::parse("owner"), None);
    }

    #[test]
    fn every_role_is_among_the_allowed_words() {
        for name in NAMES.split(", ") {
            assert_eq!(Role::parse(name).map(Role::as_str), Some(name));
        }
    }

    #[test]
    fn no_account_is_without_the_role_user() {
        assert_eq!(with_user([]), Roles::from([Role::User]));
        assert_eq!(with_user([Role::Admin, Role::Admin, Role::User]), Roles::from([Role::User, Role::Admin]));
    }

    #[test]
    fn unknown_role_names_give_no_rights() {
        assert_eq!(known(&["user".into(), "root".into()]), Roles::from([Role::User]));
    }
}
