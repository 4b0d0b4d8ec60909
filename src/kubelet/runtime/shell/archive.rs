//! `tar`, as far as `kubectl cp` needs it: ustar archives of text files, over
//! standard input and output or a file.

use super::super::process::World;
use super::filters::read;
use super::machine::{Machine, Outcome};

/// Headers and contents fill whole blocks.
const BLOCK: usize = 512;
/// Deepest folder that is packed.
const DEPTH_MAX: u32 = 32;

/// What a command line of tar asks for.
#[derive(Default)]
struct Wish {
    creates: bool,
    extracts: bool,
    lists: bool,
    file: Option<String>,
    folder: Option<String>,
    paths: Vec<String>,
}

impl Wish {
    fn read(args: &[String]) -> Wish {
        let mut wish = Wish::default();
        let mut args = args.iter().enumerate();
        while let Some((at, arg)) = args.next() {
            let letters = match arg.strip_prefix('-') {
                Some(long) if long.starts_with('-') => continue,
                Some(letters) if !letters.is_empty() => letters,
                // The first word needs no dash.
                None if at == 0 => arg,
                _ => {
                    wish.paths.push(arg.clone());
                    continue;
                }
            };
            for letter in letters.chars() {
                match letter {
                    'c' => wish.creates = true,
                    'x' => wish.extracts = true,
                    't' => wish.lists = true,
                    'f' => wish.file = args.next().map(|(_, file)| file.clone()),
                    'C' => wish.folder = args.next().map(|(_, folder)| folder.clone()),
                    _ => {}
                }
            }
        }
        wish
    }
}

/// A file or folder of an archive.
struct Entry {
    name: String,
    /// None: a folder.
    text: Option<String>,
}

impl Machine {
    pub(super) fn tar(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let wish = Wish::read(args);
        let before = self.cwd.clone();
        if let Some(folder) = &wish.folder {
            let folder = self.path(folder);
            if !world.files.is_folder(&folder) {
                self.err(
                    world,
                    &format!(
                        "tar: can't change directory to '{folder}': No such file or directory\n"
                    ),
                );
                return Outcome::Code(1);
            }
            self.cwd = folder;
        }
        let code = match (wish.creates, wish.extracts || wish.lists) {
            (true, _) => self.pack(&wish, world),
            (false, true) => self.unpack(&wish, world),
            _ => {
                self.err(world, "tar: must specify one of -c, -x, -t\n");
                1
            }
        };
        self.cwd = before;
        Outcome::Code(code)
    }

    fn pack(&mut self, wish: &Wish, world: &mut World<'_>) -> i32 {
        let (mut archive, mut code) = (String::new(), 0);
        for path in &wish.paths {
            let whole = self.path(path);
            let name = path
                .trim_start_matches('/')
                .trim_end_matches('/')
                .to_owned();
            if !add(&mut archive, &name, &whole, world, 0) {
                self.err(world, &format!("tar: {path}: No such file or directory\n"));
                code = 1;
            }
        }
        archive.push_str(&"\0".repeat(2 * BLOCK));
        match wish.file.as_deref() {
            None | Some("-") => self.out(world, &archive),
            Some(file) => {
                let file = self.path(file);
                if let Err(why) = world.files.write(&file, &archive, false) {
                    self.err(world, &format!("tar: {file}: {why}\n"));
                    code = 1;
                }
            }
        }
        code
    }

    fn unpack(&mut self, wish: &Wish, world: &mut World<'_>) -> i32 {
        let archive = match wish.file.as_deref() {
            None | Some("-") => self.io.input.take(),
            Some(file) => read(&self.path(file), world),
        };
        let Some(entries) = archive.as_deref().and_then(entries) else {
            self.err(world, "tar: corrupted octal value in tar header\n");
            return 1;
        };
        let mut code = 0;
        for entry in entries {
            if wish.lists {
                self.out(world, &format!("{}\n", entry.name));
                continue;
            }
            let path = self.path(entry.name.trim_start_matches('/'));
            let done = match &entry.text {
                None => world.files.make_folder(&path),
                Some(text) => {
                    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let made = match world.files.is_folder(parent) {
                        true => Ok(()),
                        false => world.files.make_folder(parent),
                    };
                    made.and_then(|()| world.files.write(&path, text, false))
                }
            };
            if let Err(why) = done {
                self.err(world, &format!("tar: can't open '{}': {why}\n", entry.name));
                code = 1;
            }
        }
        code
    }
}

/// Adds a file, or a folder with all in it. False where there is none.
fn add(archive: &mut String, name: &str, path: &str, world: &World<'_>, depth: u32) -> bool {
    if let Some(text) = read(path, world) {
        archive.push_str(&header(name, text.len(), '0', world));
        archive.push_str(&text);
        archive.push_str(&"\0".repeat(text.len().next_multiple_of(BLOCK) - text.len()));
        return true;
    }
    if !world.files.is_folder(path) || depth > DEPTH_MAX {
        return false;
    }
    archive.push_str(&header(&format!("{name}/"), 0, '5', world));
    for inside in world.files.list(path) {
        let path = format!("{}/{inside}", path.trim_end_matches('/'));
        add(
            archive,
            &format!("{name}/{inside}"),
            &path,
            world,
            depth + 1,
        );
    }
    true
}

fn header(name: &str, size: usize, kind: char, world: &World<'_>) -> String {
    let field = |text: &str, width: usize| {
        let cut: String = text.chars().filter(char::is_ascii).take(width).collect();
        let fill = "\0".repeat(width - cut.len());
        format!("{cut}{fill}")
    };
    let octal = |number: u64, width: usize| format!("{number:0digits$o}\0", digits = width - 1);
    let seconds = world.now.timestamp().as_second().unsigned_abs();
    let mode = if kind == '5' { 0o755 } else { 0o644 };
    let head = [
        field(name, 100),
        octal(mode, 8),
        octal(0, 8),
        octal(0, 8),
        octal(size as u64, 12),
        octal(seconds, 12),
    ]
    .concat();
    let tail = [
        kind.to_string(),
        field("", 100),
        "ustar\x0000".to_owned(),
        field("root", 32),
        field("root", 32),
        octal(0, 8),
        octal(0, 8),
        field("", 155),
        field("", 12),
    ]
    .concat();
    // The sum is taken with blanks in its own place.
    let bytes = head.bytes().chain(tail.bytes()).map(u64::from);
    let sum: u64 = bytes.sum::<u64>() + 8 * u64::from(b' ');
    format!("{head}{sum:06o}\0 {tail}")
}

/// What an archive holds; none where it is none.
fn entries(archive: &str) -> Option<Vec<Entry>> {
    let bytes = archive.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while let Some(head) = bytes.get(at..at + BLOCK) {
        if head.iter().all(|byte| *byte == 0) {
            break;
        }
        let text = |from: usize, width: usize| {
            let field = head.get(from..from + width).unwrap_or_default();
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(width);
            String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
        };
        let size = usize::from_str_radix(text(124, 12).trim(), 8).ok()?;
        let name = match text(345, 155) {
            prefix if prefix.is_empty() => text(0, 100),
            prefix => format!("{prefix}/{}", text(0, 100)),
        };
        let begin = at + BLOCK;
        let content = archive.get(begin..begin.checked_add(size)?)?;
        match head.get(156) {
            Some(b'5') => found.push(Entry { name, text: None }),
            Some(b'0' | 0) => found.push(Entry {
                name,
                text: Some(content.to_owned()),
            }),
            // Extended headers and links have no content of their own here.
            _ => {}
        }
        at = begin + size.next_multiple_of(BLOCK);
    }
    Some(found)
}
