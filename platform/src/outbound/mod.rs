//! The capability `outbound`: where a component's HTTP requests may go.

mod allow_list;
mod public;

pub use allow_list::{AllowList, AllowListError};
pub use public::{ADDRESSES_MAX, Destination, PublicOnly, RESOLVE_TIMEOUT, Refused};
