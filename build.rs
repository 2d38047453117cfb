//! Tells the tests whether the tables, the corpus and the programs they compare with are there, so that a suite without them is
//! reported as ignored and never as passed. Lists the grammars that are built in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt::Write as _, fs, io};

fn main() -> io::Result<()> {
    for (name, folder) in [("have_shared", "../shared/directories"), ("have_corpus", "../shared/corpus")] {
        println!("cargo::rustc-check-cfg=cfg({name})");
        // Cargo builds everything anew, every time, while something is watched that is not there.
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
            println!("cargo::rustc-cfg={name}");
        }
    }
    println!("cargo::rerun-if-env-changed=PATH");
    let programs = [
        ("have_openssl", "openssl", "version"),
        ("have_man", "man", "--version"),
        ("have_systemd_analyze", "systemd-analyze", "--version"),
        ("have_promtool", "promtool", "--version"),
    ];
    for (name, program, question) in programs {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if Command::new(program).arg(question).stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
            println!("cargo::rustc-cfg={name}");
        }
    }
    println!("cargo::rerun-if-changed=grammars");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("shipped.rs"), shipped(Path::new("grammars"))?)
}

/// Every folder with segments is a directory: a list of `Folder` for `src/grammar/shipped.rs`.
fn shipped(grammars: &Path) -> io::Result<String> {
    let mut text = "&[\n".to_owned();
    for folder in sorted(grammars)?.iter().filter(|folder| folder.join("segments.grammar").is_file()) {
        let segments = fs::read_to_string(folder.join("segments.grammar"))?;
        let directory = segments.lines().find_map(|line| line.strip_prefix("directory ")).unwrap_or_default();
        let (mut shared, mut messages) = (String::new(), String::new());
        for file in sorted(folder)? {
            let (Some(stem), Some(name)) = (file.file_stem().and_then(|stem| stem.to_str()), file.to_str()) else {
                continue;
            };
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{name}\"))");
            let is_shared = matches!(stem, "elements" | "composites" | "segments") || stem.starts_with("codes-");
            let kind = if is_shared { String::new() } else { stem.to_uppercase() };
            let list = if is_shared { &mut shared } else { &mut messages };
            writeln!(list, "    File {{ kind: {kind:?}, text: {text} }},").map_err(io::Error::other)?;
        }
        writeln!(text, "Folder {{ directory: {directory:?}, shared: &[\n{shared}], messages: &[\n{messages}] }},")
            .map_err(io::Error::other)?;
    }
    Ok(text + "]\n")
}

/// What a folder holds, by name.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
