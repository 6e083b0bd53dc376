//! The event as it travels; what it is, is the same on every host.

pub use mindflow_platform::event::{EnvelopeError, Event, Metadata};

pub use mindflow_platform::event::COLUMNS;
