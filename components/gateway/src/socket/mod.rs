//! Connections that outlive a call: WebSockets, and subscriptions over server-sent events. The host keeps a connection and
//! calls this component when something happens: a [`step`] decides what is to be done, a task does what takes longer, and
//! each notice of a subscription is presented by a call of its own. Nothing of a connection stays in this instance.

mod connection;
mod kept;
mod protocol;
mod stream;
mod task;
mod work;

pub use connection::step;
pub use stream::{EVENTS, hand_over};
pub use task::{pass_over, perform, present, refuse};
