//! The Rust version that we state is true as far as it can be told on a newer one: no dependency asks for
//! more, and clippy's `incompatible_msrv` refuses a newer standard library. And what is planted by
//! `scripts/mutations` still fits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;

use serde_json::Value;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
    parts.resize(3, 0);
    parts
}

#[test]
fn no_dependency_asks_for_a_newer_rust_than_we_state() {
    let host = run("rustc", &["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = run(
        env!("CARGO"),
        &["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host],
    );
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let stated = version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    for package in packages {
        if let Some(asked) = package["rust_version"].as_str() {
            assert!(version(asked) <= stated, "{} asks for Rust {asked}", package["name"]);
        }
    }
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&format!("Rust {}.{} or newer", stated[0], stated[1])),
        "the README states it too"
    );
}

#[test]
fn every_mistake_that_is_planted_fits_the_engine_as_it_is() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut patches = 0;
    for entry in std::fs::read_dir(format!("{root}/tests/mutations")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            run("git", &["-C", root, "apply", "--check", path.to_str().unwrap()]);
            patches += 1;
        }
    }
    assert!(patches >= 12, "{patches}");
}
