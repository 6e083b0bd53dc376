//! The limit of open files. Every connection is one, and many systems start a process with a limit of 1,024 that it may
//! raise itself.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files besides clients' connections: databases, compiled code, logs.
const OTHERS: u64 = 1_024;

/// Raises the limit as far as the process may, and logs when that is too little for the connections of the configuration.
pub fn raise_limit(connections_max: usize) {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    });
    match raised {
        Ok(files_max) if files_max < needed(connections_max) => tracing::warn!(
            files_max,
            connections_max,
            "the limit of open files (`ulimit -Hn`) is too small for all connections that [http] allows"
        ),
        Ok(files_max) => tracing::info!(files_max, "open files"),
        Err(error) => tracing::warn!("the limit of open files cannot be raised: {error}"),
    }
}

fn needed(connections_max: usize) -> u64 {
    u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afterwards_the_limit_is_the_hard_one() {
        raise_limit(10);
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
        assert_eq!(needed(30_000), 31_024);
    }
}
