//! Where a container is: `s3://BUCKET/FOLDER?region=REGION&endpoint=https://HOST`, and what is asked of it there. Keys lie in
//! the bucket as the host lays them: the folder, then the key.
//!
//! Requests are signed in their address (AWS Signature Version 4, by the crate `rusty-s3`, which sends nothing itself), so the
//! contents need no hash and can go in pieces.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use rusty_s3::actions::S3Action;
use rusty_s3::{Bucket, Credentials, UrlStyle};
use url::Url;

/// Signed right before it is sent.
const SIGNATURE_LIFETIME: Duration = Duration::from_mins(5);
/// S3's own, and the host's, when none is named.
const REGION_DEFAULT: &str = "us-east-1";

/// A container on S3, or on what speaks like it.
#[derive(Clone)]
pub struct Container {
    bucket: Bucket,
    credentials: Credentials,
    /// Empty, or with a `/` at its end.
    folder: String,
}

impl Container {
    /// # Errors
    /// What is wrong, without the credentials.
    pub fn read(name: &str, url: &str, key_id: Option<String>, secret: Option<String>) -> Result<Self, String> {
        let variable = format!("blob_{}_url", name.replace('-', "_"));
        let wrong = |reason: &str| {
            format!(
                "the variable `{variable}` {reason}; write such as s3://BUCKET/FOLDER?region=eu-central-1, for a server of your \
                 own with &endpoint=https://HOST"
            )
        };
        let url = Url::parse(url).map_err(|_| wrong("is no address"))?;
        let bucket =
            url.host_str().filter(|_| url.scheme() == "s3").ok_or_else(|| wrong("names no bucket"))?.to_owned();
        let (mut region, mut endpoint) = (REGION_DEFAULT.to_owned(), None);
        for (setting, value) in url.query_pairs() {
            match &*setting {
                "region" => region = value.into_owned(),
                "endpoint" => endpoint = Some(value.into_owned()),
                other => return Err(wrong(&format!("has the unknown setting `{other}`"))),
            }
        }
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let endpoint = Url::parse(&endpoint).map_err(|_| wrong("has an endpoint that is no address"))?;
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket, region)
            .map_err(|error| wrong(&format!("has an endpoint or a bucket that makes no sense ({error})")))?;
        let (Some(key_id), Some(secret)) = (key_id, secret) else {
            return Err("the variables `blob_access_key_id` and `blob_secret_access_key` must both be set".to_owned());
        };
        let folder = url.path().trim_matches('/');
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(Self { bucket, credentials: Credentials::new(key_id, secret), folder })
    }

    pub fn get(&self, key: &str, now_us: i64) -> Url {
        signed(&self.bucket.get_object(Some(&self.credentials), &self.object(key)), now_us)
    }

    pub fn head(&self, key: &str, now_us: i64) -> Url {
        signed(&self.bucket.head_object(Some(&self.credentials), &self.object(key)), now_us)
    }

    pub fn put(&self, key: &str, now_us: i64) -> Url {
        signed(&self.bucket.put_object(Some(&self.credentials), &self.object(key)), now_us)
    }

    pub fn delete(&self, key: &str, now_us: i64) -> Url {
        signed(&self.bucket.delete_object(Some(&self.credentials), &self.object(key)), now_us)
    }

    /// POST.
    pub fn begin_parts(&self, key: &str, now_us: i64) -> Url {
        signed(&self.bucket.create_multipart_upload(Some(&self.credentials), &self.object(key)), now_us)
    }

    /// PUT. Parts count from 1.
    pub fn put_part(&self, key: &str, upload: &str, part: u16, now_us: i64) -> Url {
        signed(&self.bucket.upload_part(Some(&self.credentials), &self.object(key), part, upload), now_us)
    }

    /// POST, with a body that names the parts in their order by what the store called them.
    pub fn complete_parts(&self, key: &str, upload: &str, etags: &[String], now_us: i64) -> (Url, String) {
        let object = self.object(key);
        let etags = etags.iter().map(String::as_str);
        let action = self.bucket.complete_multipart_upload(Some(&self.credentials), &object, upload, etags);
        (signed(&action, now_us), action.body())
    }

    /// DELETE.
    pub fn abort_parts(&self, key: &str, upload: &str, now_us: i64) -> Url {
        signed(&self.bucket.abort_multipart_upload(Some(&self.credentials), &self.object(key), upload), now_us)
    }

    /// GET. An empty folder stands for all.
    pub fn list(&self, folder: &str, after: Option<&str>, limit: usize, now_us: i64) -> Url {
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        let slash = if folder.is_empty() { "" } else { "/" };
        action.with_prefix(format!("{}{folder}{slash}", self.folder));
        action.with_max_keys(limit);
        if let Some(after) = after {
            action.with_start_after(self.object(after).into_owned());
        }
        signed(&action, now_us)
    }

    /// The key of an object; none for one that is not the container's.
    pub fn key<'o>(&self, object: &'o str) -> Option<&'o str> {
        object.strip_prefix(&self.folder)
    }

    fn object<'k>(&self, key: &'k str) -> Cow<'k, str> {
        if self.folder.is_empty() { key.into() } else { format!("{}{key}", self.folder).into() }
    }
}

fn signed<'a>(action: &impl S3Action<'a>, now_us: i64) -> Url {
    let now = Timestamp::from_microsecond(now_us).unwrap_or(Timestamp::UNIX_EPOCH);
    action.sign_with_time(SIGNATURE_LIFETIME, &now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2013-05-24T00:00:00Z.
    const NOW_US: i64 = 1_369_353_600_000_000;

    fn read(url: &str) -> Result<Container, String> {
        Container::read("media", url, Some("AKIAIOSFODNN7EXAMPLE".into()), Some("hush".into()))
    }

    #[test]
    fn a_key_lies_in_the_containers_folder() {
        let container = read("s3://bucket/up/loads?region=eu-central-1").unwrap();
        let url = container.get("a/b.txt", NOW_US);
        assert_eq!(url.host_str(), Some("s3.eu-central-1.amazonaws.com"));
        assert_eq!(url.path(), "/bucket/up/loads/a/b.txt");
        assert_eq!(container.key("up/loads/a/b.txt"), Some("a/b.txt"));
        assert_eq!(container.key("other/a/b.txt"), None);
        assert_eq!(read("s3://bucket").unwrap().put("a", NOW_US).path(), "/bucket/a");
    }

    #[test]
    fn a_server_of_ones_own_has_an_endpoint() {
        let url = read("s3://bucket?endpoint=http://127.0.0.1:9000").unwrap().head("a", NOW_US);
        assert!(url.as_str().starts_with("http://127.0.0.1:9000/bucket/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&"), "{url}");
    }

    #[test]
    fn a_request_is_signed_for_its_region_and_moment_and_shows_no_secret() {
        let url = read("s3://bucket?region=eu-central-1").unwrap().delete("a", NOW_US);
        let credential = url.query_pairs().find(|(name, _)| name == "X-Amz-Credential").unwrap().1.into_owned();
        assert_eq!(credential, "AKIAIOSFODNN7EXAMPLE/20130524/eu-central-1/s3/aws4_request");
        assert!(url.query_pairs().any(|(name, value)| name == "X-Amz-Date" && value == "20130524T000000Z"));
        assert!(!url.as_str().contains("hush"));
    }

    #[test]
    fn a_listing_is_of_a_folder_of_the_folder() {
        let url = read("s3://bucket/up").unwrap().list("user", Some("user/1"), 50, NOW_US);
        let find =
            |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        assert_eq!(find("prefix").unwrap(), "up/user/");
        assert_eq!(find("start-after").unwrap(), "up/user/1");
        assert_eq!(find("max-keys").unwrap(), "50");
        let url = read("s3://bucket/up").unwrap().list("", None, 1, NOW_US);
        assert!(url.query_pairs().any(|(name, value)| name == "prefix" && value == "up/"));
    }

    #[test]
    fn what_is_wrong_is_named_without_the_secret() {
        for wrong in [
            "bucket",
            "https://bucket",
            "s3:bucket",
            "s3://b?colour=red",
            "s3://b?endpoint=x",
            "s3://b?endpoint=ftp://h",
        ] {
            let error = read(wrong).err().unwrap();
            assert!(error.contains("`blob_media_url`") && !error.contains("hush"), "{wrong}: {error}");
        }
        let error = Container::read("media", "s3://b", Some("id".into()), None).err().unwrap();
        assert!(error.contains("blob_secret_access_key"));
    }
}
