//! What the operator sets, by the component's variables, read once an instance.

use mindflow_guest::{config, web::cors};
use std::sync::OnceLock;

#[derive(Debug)]
pub struct Settings {
    /// `cors_origins`, as in the gateway.
    pub cors_origins: Vec<String>,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

pub async fn load() -> &'static Settings {
    if let Some(settings) = SETTINGS.get() {
        return settings;
    }
    let origins = config::text("cors_origins").await.unwrap_or_default();
    SETTINGS.get_or_init(|| Settings { cors_origins: cors::origins(&origins) })
}
