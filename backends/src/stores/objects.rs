//! Where files go that are no database: copies of the archive, and the containers of `blob`.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use serde::Deserialize;

use crate::secret::Secret;

/// In the runtime configuration, such as `[archive] backend = "directory"`, `path = "…"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Config {
    /// A directory, made when it is missing.
    Directory { path: PathBuf },
    /// Amazon's S3, or what speaks like it. Without keys, they are taken from the environment and the
    /// machine's role, as the tools of Amazon do.
    S3 {
        bucket: String,
        region: Option<String>,
        /// Such as `http://localhost:9000`; none: Amazon's own.
        endpoint: Option<String>,
        /// A folder within the bucket.
        prefix: Option<String>,
        access_key_id: Option<String>,
        secret_access_key: Option<Secret>,
    },
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("directory `{path}` cannot be made")]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the object store cannot be opened")]
    Open(#[source] object_store::Error),
}

/// Opens the store. Nothing is sent to S3 by this: a wrong key shows itself at first use.
pub fn open(config: &Config) -> Result<Arc<dyn ObjectStore>, StoreError> {
    match config {
        Config::Directory { path } => {
            std::fs::create_dir_all(path).map_err(|source| StoreError::Directory { path: path.clone(), source })?;
            let directory = LocalFileSystem::new_with_prefix(path).map_err(StoreError::Open)?;
            // An export that is reported as done survives a power cut. Of a file that was removed, no folder stays.
            Ok(Arc::new(directory.with_fsync(true).with_automatic_cleanup(true)))
        }
        Config::S3 { bucket, region, endpoint, prefix, access_key_id, secret_access_key } => {
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
            if let Some(region) = region {
                builder = builder.with_region(region);
            }
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
            }
            if let Some(id) = access_key_id {
                builder = builder.with_access_key_id(id);
            }
            if let Some(secret) = secret_access_key {
                builder = builder.with_secret_access_key(secret.reveal());
            }
            let bucket = builder.build().map_err(StoreError::Open)?;
            Ok(match prefix {
                Some(prefix) => Arc::new(PrefixStore::new(bucket, prefix.as_str())),
                None => Arc::new(bucket),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_its_back_end_and_keeps_its_secret() {
        let text = r#"{"backend": "s3", "bucket": "b", "access-key-id": "k", "secret-access-key": "hush"}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert!(matches!(&config, Config::S3 { bucket, endpoint: None, .. } if bucket == "b"));
        assert!(!format!("{config:?}").contains("hush"));
        assert!(serde_json::from_str::<Config>(r#"{"backend": "directory", "path": "/x", "colour": 1}"#).is_err());
    }
}
