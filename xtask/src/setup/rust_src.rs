//! The standard library for Wasm, built once from Debian's `rust-src`.
//!
//! For machines where rustup cannot download but apt can. The package of exactly the active
//! compiler's version is looked for in the suites that carry newer versions than the stable one; it
//! is unpacked, never installed, and apt runs on a state of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::wasm_target::{Compiler, TARGET, libraries, rlibs};
use crate::checkout::Checkout;
use crate::shell::{self, Failure, Result};

/// Where Debian keeps versions newer than its stable release, most likely first.
const SUITES: [&str; 5] = [
    "trixie-backports",
    "trixie",
    "forky",
    "sid",
    "bookworm-backports",
];

/// An empty crate: only its standard library matters.
const EMPTY_CRATE: &str = "\
[package]
name = \"only_for_its_std\"
version = \"0.0.0\"
edition = \"2021\"

[lib]
crate-type = [\"cdylib\"]
path = \"lib.rs\"

[workspace]
";

/// Downloads the sources, builds std for Wasm and puts it where rustc looks for it.
///
/// # Errors
/// When no suite holds the version, or the build fails, or the sysroot cannot be written.
pub fn build_std(checkout: &Checkout, compiler: &Compiler) -> Result<()> {
    let work = checkout.tools().join("rust-src");
    let sources = compiler.sysroot.join("lib/rustlib/src/rust/library");
    if !sources.join("std/Cargo.toml").is_file() {
        let unpacked = download(&work, &compiler.version)?;
        copy_folder(&unpacked, &sources)?;
    }
    let built = compile(checkout, &work)?;
    install(&built, compiler)?;
    // The sources are large and have done their work.
    let _ = std::fs::remove_dir_all(&work);
    Ok(())
}

/// Finds the package in one of the suites and unpacks it; returns its `library` folder.
fn download(work: &Path, version: &str) -> Result<PathBuf> {
    let (mirror, signed_by) = mirror_of_this_machine()?;
    let apt = Apt::new(work)?;
    for suite in SUITES {
        shell::say(
            &format!("look for rust-src {version} in Debian's {suite}"),
            "seconds",
        );
        apt.set_source(&mirror, suite, signed_by.as_deref())?;
        if shell::capture(apt.get().arg("update")).is_err() {
            continue;
        }
        let listed = shell::capture(apt.cache().args(["madison", "rust-src"])).unwrap_or_default();
        let Some(package_version) = package_version(&listed, version) else {
            continue;
        };
        shell::say(&format!("download rust-src {package_version}"), "45 MB");
        let package = format!("rust-src={package_version}");
        shell::capture(apt.get().args(["download", &package]))?;
        return unpack(work);
    }
    Err(Failure::new(format!(
        "none of Debian's suites {} holds rust-src {version}",
        SUITES.join(", ")
    )))
}

fn unpack(work: &Path) -> Result<PathBuf> {
    let package = find(work, |name| {
        name.starts_with("rust-src_") && name.ends_with(".deb")
    })
    .ok_or_else(|| Failure::new("apt-get downloaded no rust-src package"))?;
    let unpacked = work.join("unpacked");
    shell::run(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    let source = find(&unpacked.join("usr/src"), |name| name.starts_with("rustc-"))
        .ok_or_else(|| Failure::new("rust-src holds no usr/src/rustc-*"))?;
    Ok(source.join("library"))
}

fn compile(checkout: &Checkout, work: &Path) -> Result<PathBuf> {
    shell::say(
        "build the standard library for Wasm",
        "about 1 minute, once",
    );
    let target_dir = work.join("target");
    std::fs::create_dir_all(work).map_err(|error| cannot("write", work, &error))?;
    write(&work.join("Cargo.toml"), EMPTY_CRATE)?;
    write(&work.join("lib.rs"), "")?;
    // LTO needs the bitcode in the rlibs; RUSTC_BOOTSTRAP lets a stable compiler build its own std.
    let mut cargo = checkout.cargo();
    cargo
        .current_dir(work)
        .args(["build", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,test")
        .arg("--target-dir")
        .arg(&target_dir)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes");
    shell::run(&mut cargo)?;
    Ok(target_dir.join(TARGET).join("release/deps"))
}

fn install(built: &Path, compiler: &Compiler) -> Result<()> {
    let lib = compiler.target_lib();
    std::fs::create_dir_all(&lib).map_err(|error| cannot("write", &lib, &error))?;
    // Old libraries beside new ones would make every crate ambiguous.
    for old in libraries(&lib) {
        let old = lib.join(old);
        std::fs::remove_file(&old).map_err(|error| cannot("remove", &old, &error))?;
    }
    for name in rlibs(built) {
        let to = lib.join(&name);
        std::fs::copy(built.join(&name), &to).map_err(|error| cannot("write", &to, &error))?;
    }
    write(&compiler.stamp(), &compiler.full_version)
}

/// apt with a state of its own, so that the machine's lists and sources stay untouched.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(work: &Path) -> Result<Self> {
        let folder = work.to_path_buf();
        for part in ["lists/partial", "cache/archives/partial"] {
            let part = folder.join(part);
            std::fs::create_dir_all(&part).map_err(|error| cannot("write", &part, &error))?;
        }
        Ok(Self { folder })
    }

    fn set_source(&self, mirror: &str, suite: &str, signed_by: Option<&str>) -> Result<()> {
        let mut source = format!("Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n");
        if let Some(key) = signed_by {
            source.push_str(&format!("Signed-By: {key}\n"));
        }
        write(&self.folder.join("only.sources"), &source)
    }

    fn get(&self) -> Command {
        self.command("apt-get")
    }

    fn cache(&self) -> Command {
        self.command("apt-cache")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        for (option, value) in [
            (
                "Dir::State::lists",
                self.folder.join("lists").display().to_string(),
            ),
            (
                "Dir::Cache",
                self.folder.join("cache").display().to_string(),
            ),
            (
                "Dir::Etc::SourceList",
                self.folder.join("only.sources").display().to_string(),
            ),
            ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
            ("APT::Sandbox::User", "root".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command
    }
}

/// The Debian mirror and key that the machine's own apt sources name.
fn mirror_of_this_machine() -> Result<(String, Option<String>)> {
    let mut texts = Vec::new();
    if let Ok(text) = std::fs::read_to_string("/etc/apt/sources.list") {
        texts.push(text);
    }
    let parts = std::fs::read_dir("/etc/apt/sources.list.d");
    for entry in parts.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sources") || name.ends_with(".list") {
            texts.extend(std::fs::read_to_string(entry.path()));
        }
    }
    let found = texts.iter().find_map(|text| debian_mirror(text));
    found.ok_or_else(|| Failure::new("this machine's apt sources name no Debian mirror"))
}

/// The first Debian main archive in a sources file of either format, with its key.
fn debian_mirror(sources: &str) -> Option<(String, Option<String>)> {
    let is_main_archive = |uri: &str| uri.trim_end_matches('/').ends_with("/debian");
    for stanza in sources.split("\n\n") {
        let field = |name: &str| {
            let mut lines = stanza.lines().filter(|line| !line.starts_with('#'));
            let value = lines.find_map(|line| line.strip_prefix(name));
            value.map(|value| value.trim().to_owned())
        };
        if let Some(uri) = field("URIs:").filter(|uri| is_main_archive(uri)) {
            return Some((uri, field("Signed-By:").filter(|key| key.starts_with('/'))));
        }
    }
    for line in sources.lines().filter(|line| line.starts_with("deb ")) {
        let uri = line.split_whitespace().find(|word| word.contains("://"));
        if let Some(uri) = uri.filter(|uri| is_main_archive(uri)) {
            return Some((uri.to_owned(), None));
        }
    }
    None
}

/// The package version in `apt-cache madison`'s table that is of this Rust version.
fn package_version(madison: &str, rust_version: &str) -> Option<String> {
    let wanted = format!("{rust_version}+");
    let mut versions = madison.lines().filter_map(|line| line.split('|').nth(1));
    versions
        .find(|version| version.trim().starts_with(&wanted))
        .map(|version| version.trim().to_owned())
}

fn find(folder: &Path, is_it: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.find(|path| {
        path.file_name()
            .is_some_and(|name| is_it(&name.to_string_lossy()))
    })
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(|error| cannot("write", parent, &error))?;
    }
    // Renamed at the end: half a copy must not look like a whole one.
    let partial = to.with_extension("partial");
    let _ = std::fs::remove_dir_all(&partial);
    shell::run(Command::new("cp").arg("-r").arg(from).arg(&partial))?;
    std::fs::rename(&partial, to).map_err(|error| cannot("write", to, &error))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{debian_mirror, package_version};

    #[test]
    fn the_mirror_is_read_from_both_formats_of_apt_sources() {
        let security_first = "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: x\n\n\
             Types: deb\n# old\nURIs: http://mirror.example/debian\nSuites: x\nSigned-By: /keys/a.gpg\n";
        let expected = (
            "http://mirror.example/debian".to_owned(),
            Some("/keys/a.gpg".to_owned()),
        );
        assert_eq!(debian_mirror(security_first), Some(expected));

        let one_line = "# deb http://old.example/debian x main\n\
             deb [arch=amd64] https://mirror.example/debian/ bookworm main\n";
        let expected = ("https://mirror.example/debian/".to_owned(), None);
        assert_eq!(debian_mirror(one_line), Some(expected));

        assert_eq!(
            debian_mirror("deb https://mirror.example/ubuntu noble main\n"),
            None
        );
    }

    #[test]
    fn only_the_package_of_the_exact_rust_version_is_taken() {
        let madison = " rust-src | 1.96.1+dfsg1-2 | http://mirror.example x\n \
             rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example x\n";
        assert_eq!(
            package_version(madison, "1.95.0").as_deref(),
            Some("1.95.0+dfsg1-2~bpo13+1")
        );
        assert_eq!(package_version(madison, "1.94.0"), None);
    }
}
