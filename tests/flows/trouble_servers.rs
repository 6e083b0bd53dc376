//! Platforms on a PostgreSQL or a Redis of the test's own.

use mindflow_tests::Builder;
use std::path::Path;

// === platforms on them ===

/// The builder with one database on a server of the test's own.
pub fn on_postgres(builder: Builder, database: &str, dsn: &str) -> Builder {
    builder.env(&format!("MINDFLOW_DATABASES__{}__DSN", database.to_uppercase()), &format!("\"{dsn}\""))
}

/// The builder with one bucket on a server of the test's own.
pub fn bucket_on_redis(builder: Builder, bucket: &str, url: &str) -> Builder {
    builder.env(&format!("MINDFLOW_KEY_VALUE__{}__URL", bucket.to_uppercase()), url)
}

/// The builder with realtime on a server of the test's own.
pub fn realtime_on_redis(builder: Builder, url: &str) -> Builder {
    builder.env("MINDFLOW_REALTIME__URL", url)
}

/// The builder with every bucket and realtime on a server of the test's own.
pub fn all_on_redis(builder: Builder, url: &str) -> Builder {
    let buckets = ["sessions", "auth_limits", "cache"];
    let builder = buckets.into_iter().fold(builder, |builder, bucket| bucket_on_redis(builder, bucket, url));
    realtime_on_redis(builder, url)
}

/// Processes whose command line names the folder.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let commands = entries.flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(&name)).collect()
}
