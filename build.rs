//! Tells the tests whether the tables, the corpus and the programs they compare with are there, so that a suite without them is
//! reported as ignored and never as passed.

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    for (name, folder) in [("have_shared", "../shared/directories"), ("have_corpus", "../shared/corpus")] {
        println!("cargo::rustc-check-cfg=cfg({name})");
        // A folder that is not there yet counts as changed, so that it is noticed when it comes.
        println!("cargo::rerun-if-changed={folder}");
        if Path::new(folder).is_dir() {
            println!("cargo::rustc-cfg={name}");
        }
    }
    println!("cargo::rustc-check-cfg=cfg(have_openssl)");
    println!("cargo::rerun-if-env-changed=PATH");
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        println!("cargo::rustc-cfg=have_openssl");
    }
}
