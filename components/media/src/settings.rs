//! What the operator sets, by the component's variables, read once an instance.

use mindflow_guest::{config, web::cors};
use std::sync::OnceLock;

#[derive(Debug)]
pub struct Settings {
    /// `cors_origins`, as in the gateway.
    pub cors_origins: Vec<String>,
    /// `media_cdn_url`: what files' addresses begin with; empty for the platform's own.
    pub cdn_url: String,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

pub async fn load() -> &'static Settings {
    if let Some(settings) = SETTINGS.get() {
        return settings;
    }
    let origins = config::text("cors_origins").await.unwrap_or_default();
    let cdn_url = config::text("media_cdn_url").await.unwrap_or_default();
    let cdn_url = cdn_url.trim().trim_end_matches('/').to_owned();
    SETTINGS.get_or_init(|| Settings { cors_origins: cors::origins(&origins), cdn_url })
}
