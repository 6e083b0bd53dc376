//! Passwords that many people use, which are guessed first. The list is that of the crate `passwords`: some hundred thousand from
//! published leaks.

use passwords::analyzer::is_common_password;

/// Whether the list has it, as it is or in lower case: a capital at the beginning is guessed as well.
pub fn is_common(password: &str) -> bool {
    is_common_password(password) || is_common_password(password.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_people_use_is_common_however_its_letters_are_written() {
        for password in ["password123", "Password1", "PASSWORD1234", "12345678", "Passw0rd!", "iloveyou"] {
            assert!(is_common(password), "{password}");
        }
        for password in ["correct horse", "un café au lait", "kq4zpz13-harbour", ""] {
            assert!(!is_common(password), "{password}");
        }
    }
}
