//! Where libprovernet is: PROVERNET_LIB_DIR (a build folder or any other with libprovernet.so or
//! libprovernet.a), else what pkg-config says.
use std::path::{Path, PathBuf};
use std::process::Command;

fn pkg_config(args: &[&str]) -> String {
    let out = Command::new("pkg-config").args(args).output().expect("pkg-config is needed");
    assert!(
        out.status.success(),
        "pkg-config {}: {}\nhelp: install libprovernet, or set PROVERNET_LIB_DIR to its build folder",
        args.join(" "),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("pkg-config speaks UTF-8")
}

fn link(flags: &str) {
    for f in flags.split_whitespace() {
        if let Some(dir) = f.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={dir}");
        } else if let Some(name) = f.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={name}");
        }
    }
}

/// A field of the libprovernet.pc that lies beside the library.
fn field(pc: &str, name: &str) -> String {
    pc.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("").trim().to_string()
}

fn from_folder(dir: &Path) {
    println!("cargo:rustc-link-search=native={}", dir.display());
    if dir.join("libprovernet.so").exists() {
        println!("cargo:rustc-link-lib=dylib=provernet");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.display());
        return;
    }
    let archive = dir.join("libprovernet.a");
    assert!(archive.exists(), "no libprovernet.so or .a in {}", dir.display());
    println!("cargo:rerun-if-changed={}", archive.display());
    println!("cargo:rustc-link-lib=static=provernet");
    let pc = std::fs::read_to_string(dir.join("libprovernet.pc"))
        .expect("libprovernet.pc lies beside libprovernet.a");
    let needs = field(&pc, "Requires.private:");
    let mut args = vec!["--libs"];
    args.extend(needs.split_whitespace());
    link(&pkg_config(&args));
    link(&field(&pc, "Libs.private:"));
}

fn main() {
    println!("cargo:rerun-if-env-changed=PROVERNET_LIB_DIR");
    match std::env::var_os("PROVERNET_LIB_DIR") {
        Some(dir) => {
            let dir = PathBuf::from(dir);
            from_folder(&dir.canonicalize().unwrap_or(dir));
        }
        None => link(&pkg_config(&["--libs", "libprovernet"])),
    }
}
