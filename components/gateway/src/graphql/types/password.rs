//! Inputs with passwords.

use async_graphql::InputObject;

/// A change of the password. Send it as a variable: a query's text may be kept by programs on its way.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The current password.
    pub current_password: String,
    /// The next one: 8 to 72 bytes, and none that many people use.
    pub new_password: String,
}
