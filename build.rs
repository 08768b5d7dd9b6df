//! Links the release executable at a fixed address, as Go links the programs of Kubernetes: some 25,000 pointers
//! need not be set at every start, and the pages that hold them, and the table of them, take no memory.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Where there is no other C library, linker or format.
    let is_known = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is_known && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
