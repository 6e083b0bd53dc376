//! What Spin offers to a component and wants from it, and whether a file keeps to that.

use anyhow::{Result, bail};
use cargo_metadata::semver::Version;
use wac_graph::types::{Package, Types, are_semver_compatible};

/// The interface that Spin's HTTP trigger calls.
pub const HANDLER: &str = "wasi:http/handler@0.3.0";

const SPIN_4_1: &str = include_str!("spin-4.1.txt");

/// Whether Spin 4.1 offers an interface: in this version, or in a later one of the same track.
pub fn offers(interface: &str) -> bool {
    SPIN_4_1.lines().filter(|line| !line.starts_with('#')).any(|offered| {
        offered == interface || (are_semver_compatible(offered, interface) && version(offered) > version(interface))
    })
}

fn version(interface: &str) -> Option<Version> {
    Version::parse(interface.split_once('@')?.1).ok()
}

/// Reads a composed file as Spin does.
///
/// # Errors
/// It is no valid component, imports what Spin does not offer, or does not export its handler alone.
pub fn check(component: &[u8]) -> Result<()> {
    let mut types = Types::default();
    let package = Package::from_bytes("composed", None, component, &mut types)?;
    let world = &types[package.ty()];
    for import in world.imports.keys() {
        if !offers(import) {
            bail!("it imports {import}, which the world spin:up/http-trigger@4.1.0 does not offer");
        }
    }
    let exports: Vec<&str> = world.exports.keys().map(String::as_str).collect();
    if exports != [HANDLER] {
        bail!("it exports {exports:?} instead of {HANDLER} alone");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_offered_in_its_version_and_earlier_ones_of_its_track() {
        assert!(offers("spin:postgres/postgres@4.2.0") && offers("wasi:cli/environment@0.2.0"));
        assert!(offers("wasi:http/types@0.3.0") && offers("spin:variables/variables@3.0.0"));
        for strange in [
            "wasi:cli/environment@0.2.7",
            "spin:postgres/postgres@5.0.0",
            "wasi:cli/environment",
            "mindflow:platform/sql@0.1.0",
            "# comment",
            "",
        ] {
            assert!(!offers(strange), "{strange}");
        }
    }

    #[test]
    fn a_file_keeps_to_the_world_or_says_what_is_wrong() {
        let handler = r#"(instance $e) (export "wasi:http/handler@0.3.0" (instance $e))"#;
        let checked = |text: &str| check(&wat::parse_str(format!("(component {text})")).unwrap());
        checked(&format!(r#"(import "spin:redis/redis@3.0.0" (instance)) {handler}"#)).unwrap();
        let error = checked(&format!(r#"(import "mindflow:platform/sql@0.1.0" (instance)) {handler}"#)).unwrap_err();
        assert!(error.to_string().starts_with("it imports mindflow:platform/sql@0.1.0, which"), "{error}");
        let error = checked(&format!(r#"{handler} (export "a:b/c" (instance $e))"#)).unwrap_err();
        assert!(error.to_string().contains(r#""a:b/c"]"#), "{error}");
        assert!(checked("").unwrap_err().to_string().contains("it exports [] instead"));
        assert!(check(b"\0asm").is_err());
    }
}

/// `subscriber` of `mindflow:platform/subscriber@0.1.0`.
pub fn short(interface: &str) -> Option<&str> {
    interface.split_once('/')?.1.split('@').next()
}
