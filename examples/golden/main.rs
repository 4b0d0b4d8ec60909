//! `cargo xtask golden`: replays recorded answers of a real Kubernetes against
//! the engine and says, group by group, how many came out the same.

mod replay;

use replay::{GROUPS, Group};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "golden [DIR] [--group NAME]... [--quiet]";

struct Arguments {
    folder: PathBuf,
    groups: Vec<String>,
    quiet: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut read = Arguments {
        folder: replay::default_folder(),
        groups: Vec::new(),
        quiet: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--group" => match given.next() {
                Some(name) => read.groups.push(name),
                None => return Err(format!("--group needs a name\n{USAGE}")),
            },
            "--quiet" => read.quiet = true,
            other if other.starts_with("--") => return Err(USAGE.to_owned()),
            folder => read.folder = folder.into(),
        }
    }
    Ok(read)
}

fn main() -> ExitCode {
    let read = match arguments() {
        Ok(read) => read,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    if !read.folder.is_dir() {
        eprintln!("there is no folder {}", read.folder.display());
        return ExitCode::FAILURE;
    }
    let kept = replay::kept();
    let mut all_right = true;
    for (name, play) in GROUPS {
        if !read.groups.is_empty() && !read.groups.iter().any(|wanted| wanted == name) {
            continue;
        }
        let folder = read.folder.join(name);
        if !folder.is_dir() {
            println!("{name}: not in this folder");
            continue;
        }
        let group = play(&folder);
        all_right &= group.passed() == group.cases.len();
        print(name, &group, &kept, read.quiet);
    }
    match all_right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn print(name: &str, group: &Group, kept: &replay::Kept, quiet: bool) {
    for part in group.parts() {
        if !part.is_empty() {
            let (passed, total) = group.count(part);
            println!("  {name}/{part}: {passed}/{total}");
        }
    }
    if !quiet {
        for case in &group.cases {
            if let Some(difference) = &case.difference {
                println!("  {name} {}: {difference}", case.id);
                if let Some(why) = kept.get(&(name.to_owned(), case.id.clone())) {
                    println!("      kept on purpose: {why}");
                }
            }
        }
    }
    println!("{name}: {}/{}", group.passed(), group.cases.len());
}
