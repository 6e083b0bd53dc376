//! The capability `config`: a service's own variables, which are those of the Spin component that begin with its name.

use mindflow_spin_guest::variables;

use crate::Platform;
use crate::bindings::exports::mindflow::platform::config::Guest;
use crate::grants;

impl Guest for Platform {
    async fn get(key: String) -> Option<String> {
        match variables::get(&grants::service().variable(&key)).await {
            Ok(value) => value,
            Err(reason) => {
                // As on the host, a variable is there or not.
                eprintln!("WARN {reason}");
                None
            }
        }
    }
}
