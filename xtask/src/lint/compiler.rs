//! A compiler with lints, which cargo starts as `RUSTC_WORKSPACE_WRAPPER` for each of this repository's own
//! crates: Clippy's lints and the warnings of the documentation, in the build that the tests run anyway.
//! `cargo clippy` and `cargo doc` would each compile all dependencies once more.
//!
//! The program is a copy of xtask, known by its name.

use crate::signals::exit_code;
use crate::workspace::Workspace;
use crate::write;
use anyhow::{Context, Result};
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const NAME: &str = "rustc-with-lints";
/// How `cargo clippy` separates the arguments of Clippy's driver in `CLIPPY_ARGS`.
const SEPARATOR: &str = "__CLIPPY_HACKERY__";
const APART: &str = "MINDFLOW_LINT_APART";

/// Makes cargo lint what it compiles.
pub struct Lints {
    program: PathBuf,
}

/// When Clippy reads a crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Clippy's driver compiles: it is rustc with more lints, and with fewer optimisations of its own.
    Joined,
    /// Before rustc compiles, so that shipped code is compiled as without lints.
    Apart,
}

// === impl Lints ===

impl Lints {
    pub fn install(workspace: &Workspace) -> Result<Self> {
        let program = workspace.target().join("lint").join(NAME);
        let xtask = env::current_exe().context("find xtask's own program")?;
        let bytes = std::fs::read(&xtask).with_context(|| format!("read {}", xtask.display()))?;
        write::program_if_changed(&program, &bytes)?;
        Ok(Self { program })
    }

    /// All warnings are errors. Cargo builds again when this changes, so either all cargo commands of a run have it or
    /// none.
    pub fn apply(&self, cargo: &mut Command, pass: Pass) {
        cargo.env("RUSTC_WORKSPACE_WRAPPER", &self.program).env("CLIPPY_ARGS", format!("-Dwarnings{SEPARATOR}"));
        match pass {
            Pass::Joined => cargo.env_remove(APART),
            Pass::Apart => cargo.env(APART, "1"),
        };
    }
}

// === The compiler ===

/// Compiles, if this process was started as the compiler.
pub fn run_if_named() -> Option<Result<ExitCode>> {
    let mut arguments = env::args_os();
    let own = arguments.next()?;
    (Path::new(&own).file_name() == Some(OsStr::new(NAME))).then(|| compile(arguments.collect()))
}

fn compile(arguments: Vec<OsString>) -> Result<ExitCode> {
    let (rustc, arguments) = arguments.split_first().context("no compiler was named")?;
    // Cargo also asks the compiler for its version and settings.
    if !arguments.iter().any(|argument| argument.as_encoded_bytes().starts_with(b"--error-format=json")) {
        return Err(Command::new(rustc).args(arguments).exec()).context("start rustc");
    }
    let unit = Unit::of(arguments);
    let apart = env::var_os(APART).is_some();
    if apart {
        let scratch = tempfile::tempdir().context("make a folder for Clippy")?;
        let mut clippy = Command::new("clippy-driver");
        clippy.arg(rustc).args(&unit.reading).arg("--emit=metadata").arg("--out-dir").arg(scratch.path());
        if let Some(failed) = failed(&mut clippy, "clippy-driver")? {
            return Ok(failed);
        }
    }
    let mut compiler = if apart {
        Command::new(rustc)
    } else {
        let mut clippy = Command::new("clippy-driver");
        clippy.arg(rustc);
        clippy
    };
    if let Some(failed) = failed(compiler.args(arguments), "the compiler")? {
        return Ok(failed);
    }
    if unit.has_documentation() {
        let scratch = tempfile::tempdir().context("make a folder for rustdoc")?;
        let mut rustdoc = Command::new(env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()));
        rustdoc.args(&unit.reading).arg("--out-dir").arg(scratch.path());
        // The documentation is for those who work on the code, and not published.
        rustdoc.args(["--document-private-items", "-Dwarnings", "-Arustdoc::private_intra_doc_links"]);
        if let Some(sysroot) = env::var_os("SYSROOT") {
            rustdoc.arg("--sysroot").arg(sysroot);
        }
        if let Some(failed) = failed(&mut rustdoc, "rustdoc")? {
            return Ok(failed);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(command: &mut Command, what: &str) -> Result<Option<ExitCode>> {
    let status = command.status().with_context(|| format!("start {what}"))?;
    Ok((!status.success()).then(|| exit_code(status)))
}

/// One compilation.
struct Unit {
    /// The arguments that say what is compiled, without those that say where the result goes.
    reading: Vec<OsString>,
    is_test: bool,
    is_build_script: bool,
}

// === impl Unit ===

impl Unit {
    fn of(arguments: &[OsString]) -> Self {
        let mut unit = Self { reading: Vec::new(), is_test: false, is_build_script: false };
        let mut rest = arguments.iter();
        let mut previous = "";
        while let Some(argument) = rest.next() {
            let text = argument.to_str().unwrap_or_default();
            unit.is_test |= text == "--test";
            unit.is_build_script |= previous == "--crate-name" && text.starts_with("build_script_");
            match text {
                "--out-dir" | "-o" => drop(rest.next()),
                "-C" => match rest.next() {
                    Some(option) if !is_about_writing(option) => {
                        unit.reading.extend([argument.clone(), option.clone()])
                    }
                    _ => {}
                },
                _ if text.starts_with("--emit") => {}
                // Cargo would take these artifacts for those that it waits for.
                _ if text.starts_with("--json=") => unit.reading.push("--json=diagnostic-rendered-ansi".into()),
                _ => unit.reading.push(argument.clone()),
            }
            previous = text;
        }
        unit
    }

    fn has_documentation(&self) -> bool {
        !self.is_test && !self.is_build_script
    }
}

fn is_about_writing(option: &OsStr) -> bool {
    ["incremental", "lto", "linker-plugin-lto", "embed-bitcode"]
        .iter()
        .any(|name| option.as_encoded_bytes().starts_with(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(arguments: &str) -> Unit {
        Unit::of(&arguments.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_crate_is_read_again_without_writing_what_cargo_waits_for() {
        let unit = unit(
            "--crate-name one --edition=2024 src/lib.rs --error-format=json --json=diagnostic-rendered-ansi,artifacts \
             --crate-type lib --emit=dep-info,metadata,link -C opt-level=3 -C lto=fat -C incremental=/t \
             --deny=clippy::panic --out-dir /deps --extern two=/deps/libtwo.rmeta --target wasm32-wasip2",
        );
        let reading: Vec<_> = unit.reading.iter().map(|argument| argument.to_str().unwrap()).collect();
        assert_eq!(
            reading.join(" "),
            "--crate-name one --edition=2024 src/lib.rs --error-format=json --json=diagnostic-rendered-ansi \
             --crate-type lib -C opt-level=3 --deny=clippy::panic --extern two=/deps/libtwo.rmeta --target wasm32-wasip2"
        );
        assert!(unit.has_documentation());
    }

    #[test]
    fn programs_and_components_have_documentation_and_tests_and_build_scripts_have_none() {
        assert!(unit("--crate-name one src/main.rs --crate-type bin").has_documentation());
        assert!(!unit("--crate-name one src/lib.rs --test").has_documentation());
        assert!(!unit("--crate-name build_script_build build.rs --crate-type bin").has_documentation());
    }
}
