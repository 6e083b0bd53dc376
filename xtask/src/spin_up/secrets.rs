//! Secrets that the parts of the application share: made once, kept next to the databases.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

#[derive(Serialize, Deserialize)]
pub struct Secrets {
    pub redis: String,
    /// Opens the keys that tokens are signed with.
    pub wrapping: String,
    pub relay: String,
    /// Seals secrets of services. Files of earlier builds do not have it.
    #[serde(default)]
    pub sealing: String,
}

impl Secrets {
    /// Those of a data directory, which is made if it is not there.
    pub fn of(data: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .with_context(|| format!("make {}", data.display()))?;
        let path = data.join("secrets.json");
        if path.is_file() {
            let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            let mut kept: Self = serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
            if kept.sealing.is_empty() {
                kept.sealing = random()?;
                let whole = data.join("secrets.json.new");
                kept.write(&whole)?;
                fs::rename(&whole, &path).with_context(|| format!("write {}", path.display()))?;
            }
            return Ok(kept);
        }
        let made = Self { redis: random()?, wrapping: random()?, relay: random()?, sealing: random()? };
        made.write(&path)?;
        Ok(made)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| file.write_all(&serde_json::to_vec_pretty(self)?));
        written.with_context(|| format!("write {}", path.display()))
    }
}

/// 256 bits, in hexadecimal.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("read /dev/urandom")?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        let (first, second) = (Secrets::of(&data).unwrap(), Secrets::of(&data).unwrap());
        assert_eq!(first.redis, second.redis);
        assert_ne!(first.redis, first.relay);
        assert_eq!(first.wrapping.len(), 64);
    }

    #[test]
    fn a_file_of_an_earlier_build_gets_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secrets.json"), r#"{"redis": "a", "wrapping": "b", "relay": "c"}"#).unwrap();
        let secrets = Secrets::of(folder.path()).unwrap();
        assert_eq!((secrets.redis.as_str(), secrets.sealing.len()), ("a", 64));
        assert_eq!(Secrets::of(folder.path()).unwrap().sealing, secrets.sealing);
    }
}
