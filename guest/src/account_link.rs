//! Where the links of mails about accounts lead. The notification service writes the links, and the gateway has the pages.

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    ConfirmEmail,
    ConfirmEmailChange,
    ResetPassword,
}

impl Link {
    pub const ALL: [Self; 3] = [Self::ConfirmEmail, Self::ConfirmEmailChange, Self::ResetPassword];

    /// Its part of the path, below `/auth`; the token follows.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm-email",
            Self::ConfirmEmailChange => "confirm-email-change",
            Self::ResetPassword => "reset-password",
        }
    }

    pub fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|link| link.segment() == segment)
    }

    /// Of the page that takes this token.
    pub fn path(self, token: &str) -> String {
        format!("/auth/{}/{token}", self.segment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_known_by_the_path_that_is_written_into_mails() {
        for link in Link::ALL {
            let path = link.path("T-_7");
            let segment = path.strip_prefix("/auth/").and_then(|rest| rest.strip_suffix("/T-_7")).unwrap();
            assert_eq!(Link::of_segment(segment), Some(link), "{path}");
        }
        assert_eq!(Link::of_segment("unsubscribe"), None);
    }
}
