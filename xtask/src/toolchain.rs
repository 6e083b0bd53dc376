//! Which compiler builds the guests: the installed one where it has
//! wasm32-wasip2, otherwise the wrapper that `scripts/setup` left in the cache
//! folder, which adds a standard library built from source.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TARGET: &str = "wasm32-wasip2";

pub enum GuestToolchain {
    Installed,
    Built { rustc: PathBuf, sysroot: PathBuf },
}

impl GuestToolchain {
    pub fn find() -> Result<Self> {
        let must_be_built = env::var_os("MINDFLOW_GUEST_STD").is_some_and(|value| value == "built");
        if !must_be_built && has_std(Path::new(rustc(&["--print", "sysroot"])?.trim())) {
            return Ok(Self::Installed);
        }
        let folder = cache()?.join("guest-std").join(compiler_key(&rustc(&["-vV"])?)?);
        let built = Self::Built { rustc: folder.join("bin/rustc"), sysroot: folder.join("sysroot") };
        match &built {
            Self::Built { sysroot, .. } if has_std(sysroot) => Ok(built),
            _ => bail!("this Rust toolchain has no {TARGET}: run scripts/setup"),
        }
    }

    /// Below the workspace's target folder. Cargo cannot distinguish the two standard libraries, so each has a folder.
    pub fn target_folder(&self) -> &'static str {
        match self {
            Self::Installed => "guest",
            Self::Built { .. } => "guest-built",
        }
    }

    /// A native build's own settings stay out of the sandbox.
    pub fn apply(&self, cargo: &mut Command) {
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        if let Self::Built { rustc, sysroot } = self {
            // Clippy's driver takes the second, everything else the first.
            cargo.env("RUSTC", rustc).env("SYSROOT", sysroot);
        }
    }
}

/// Where `scripts/setup` and `scripts/test` keep what they downloaded and built.
pub fn cache() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    set("MINDFLOW_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("mindflow")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/mindflow")))
        .context("neither MINDFLOW_CACHE nor HOME is set")
}

fn rustc(args: &[&str]) -> Result<String> {
    let output = Command::new("rustc").args(args).output().context("start rustc")?;
    if !output.status.success() {
        bail!("rustc {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("rustc's answer")
}

fn has_std(sysroot: &Path) -> bool {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let Ok(entries) = lib.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("libstd-")))
}

/// The same name as in `scripts/lib/guest_std.sh`, such as `1.95.0-59807616e`.
fn compiler_key(version: &str) -> Result<String> {
    let field = |name: &str| {
        version
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
            .with_context(|| format!("rustc -vV has no {name}"))
    };
    let hash: String = field("commit-hash:")?.chars().take(9).collect();
    Ok(format!("{}-{hash}", field("release:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_known_by_its_release_and_its_commit() {
        let version = "rustc 1.95.0 (59807616e 2026-04-14)\ncommit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\nrelease: 1.95.0\n";
        assert_eq!(compiler_key(version).unwrap(), "1.95.0-59807616e");
    }
}
