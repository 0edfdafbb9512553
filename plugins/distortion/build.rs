//! Keeps the plugin's library in memory once a Linux host has loaded it.
//!
//! Rust's standard library leaves a destructor with every thread that entered us,
//! and unloading does not take it back: a host that closes the plugin and ends
//! such a thread later would jump to where the library used to be.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    }
}
