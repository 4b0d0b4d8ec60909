//! Programs that work on files.

use super::super::super::process::World;
use super::super::filters;
use super::super::machine::{Machine, Outcome};

impl Machine {
    pub(super) fn file_command(
        &mut self,
        name: &str,
        plain: &[&String],
        flags: &str,
        world: &mut World<'_>,
    ) -> Outcome {
        let paths: Vec<String> = plain.iter().map(|path| self.path(path)).collect();
        let mut code = 0;
        let mut tell = |machine: &mut Machine, path: &str, why: &str, world: &mut World<'_>| {
            machine.err(world, &format!("{name}: {path}: {why}\n"));
            code = 1;
        };
        match (name, paths.as_slice()) {
            ("cp" | "mv" | "ln", [from @ .., to]) => {
                for source in from {
                    let Some(text) = filters::read(source, world) else {
                        tell(self, source, "No such file or directory", world);
                        continue;
                    };
                    let base = source.rsplit('/').next().unwrap_or_default();
                    let target = match world.files.is_folder(to) {
                        true => format!("{}/{base}", to.trim_end_matches('/')),
                        false => to.clone(),
                    };
                    if let Err(why) = world.files.write(&target, &text, false) {
                        tell(self, &target, why, world);
                    } else if name == "mv" {
                        // It was read just now.
                        let _gone = world.files.remove(source, false);
                    }
                }
            }
            ("mkdir", paths) => {
                for path in paths {
                    if let Err(why) = world.files.make_folder(path) {
                        tell(self, path, why, world);
                    }
                }
            }
            ("rm" | "rmdir", paths) => {
                let recursive = name == "rmdir" || flags.contains(['r', 'R']);
                for path in paths {
                    match world.files.remove(path, recursive) {
                        Err(why) if !flags.contains('f') => tell(self, path, why, world),
                        _ => {}
                    }
                }
            }
            (_, paths) => {
                for path in paths {
                    if let Err(why) = world.files.write(path, "", true) {
                        tell(self, path, why, world);
                    }
                }
            }
        }
        Outcome::Code(code)
    }

    pub(super) fn list(&mut self, plain: &[&String], world: &mut World<'_>) -> Outcome {
        let path = self.path(plain.first().map_or(".", |path| path.as_str()));
        if world.files.read(&path).is_some() {
            self.out(world, &format!("{path}\n"));
            return Outcome::Code(0);
        }
        if !world.files.is_folder(&path) {
            self.err(world, &format!("ls: {path}: No such file or directory\n"));
            return Outcome::Code(1);
        }
        let text: String = world
            .files
            .list(&path)
            .iter()
            .map(|name| format!("{name}\n"))
            .collect();
        self.out(world, &text);
        Outcome::Code(0)
    }
}
