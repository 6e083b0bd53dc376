//! The capability `config`: a service's own variables, which are those of the Spin component that begin with its name and that
//! the manifest names as its own. So it reads neither a connection string of its own nor a variable of `media-codec` as `media`.

use mindflow_spin_guest::variables;

use crate::Platform;
use crate::bindings::exports::mindflow::platform::config::Guest;
use crate::grants;

impl Guest for Platform {
    async fn get(key: String) -> Option<String> {
        let service = grants::service();
        if !service.variables.contains(&key) {
            return None;
        }
        match variables::get(&service.variable(&key)).await {
            Ok(value) => value,
            Err(reason) => {
                // As on the host, a variable is there or not.
                eprintln!("WARN {reason}");
                None
            }
        }
    }
}
