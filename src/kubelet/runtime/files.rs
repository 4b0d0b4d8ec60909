//! The files that a container sees: its own writable layer, and volumes mounted
//! into it.

use crate::api::Name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of one layer or volume by absolute path; folders end with a slash.
pub type Tree = BTreeMap<String, Arc<str>>;

/// Most files of one layer; further ones are refused, as on a full disk.
const FILES_MAX: usize = 1024;
/// Longest file in bytes; what is written beyond it drops the beginning.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// One layer or volume.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    /// Contents by path, relative to where it is mounted, with a leading slash.
    pub tree: Tree,
}

/// A volume inside a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Mounted {
    /// Name of the volume.
    pub volume: Name,
    /// Where it appears.
    pub path: String,
    /// The part of the volume that appears there, or empty.
    pub sub_path: String,
    /// Whether writing is refused.
    pub read_only: bool,
}

/// A container's view: its own layer below its mounts.
#[derive(Debug)]
pub struct View<'a> {
    /// Its own layer.
    pub own: &'a mut Files,
    /// The pod's volumes.
    pub volumes: &'a mut BTreeMap<Name, Arc<Files>>,
    /// Which of them are mounted where.
    pub mounts: &'a [Mounted],
}

/// Why a file operation failed, as the C library words it.
pub type FileError = &'static str;

/// `ENOENT`.
pub const NO_ENTRY: FileError = "No such file or directory";
/// `EROFS`.
pub const READ_ONLY: FileError = "Read-only file system";
/// `ENOSPC`.
pub const NO_SPACE: FileError = "No space left on device";

/// Folders that every image has.
const BASE_FOLDERS: [&str; 14] = [
    "/", "/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/tmp", "/usr",
    "/var", "/var/log",
];

impl View<'_> {
    /// The mount that holds `path`, and the path inside its volume.
    fn place(&self, path: &str) -> Option<(&Mounted, String)> {
        let holds = |mount: &&Mounted| {
            let rest = path.strip_prefix(mount.path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mount = self
            .mounts
            .iter()
            .filter(holds)
            .max_by_key(|mount| mount.path.len())?;
        let rest = path
            .get(mount.path.trim_end_matches('/').len()..)
            .unwrap_or_default();
        let sub = mount.sub_path.trim_matches('/');
        let inside = match (sub, rest) {
            ("", rest) => rest.to_owned(),
            (sub, rest) => format!("/{sub}{rest}"),
        };
        Some((mount, inside))
    }

    /// What a file holds.
    pub fn read(&self, path: &str) -> Option<Arc<str>> {
        match self.place(path) {
            Some((mount, inside)) => self.volumes.get(&mount.volume)?.tree.get(&inside).cloned(),
            None => self.own.tree.get(path).cloned(),
        }
    }

    /// Whether there is a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        let path = match path.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        if BASE_FOLDERS.contains(&path)
            || self
                .mounts
                .iter()
                .any(|mount| mount.path.trim_end_matches('/') == path)
        {
            return true;
        }
        !self.list(path).is_empty() || {
            let folder = format!("{path}/");
            match self.place(&folder) {
                Some((mount, inside)) => self
                    .volumes
                    .get(&mount.volume)
                    .is_some_and(|files| files.tree.contains_key(&inside)),
                None => self.own.tree.contains_key(&folder),
            }
        }
    }

    /// Names inside a folder, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let folder = folder.trim_end_matches('/');
        let below = |tree: &Tree, prefix: &str| -> Vec<String> {
            let prefix = format!("{prefix}/");
            tree.range(prefix.clone()..)
                .take_while(|(path, _)| path.starts_with(&prefix))
                .filter_map(|(path, _)| path.get(prefix.len()..))
                .filter_map(|rest| rest.split('/').next())
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut names = match self.place(folder) {
            Some((mount, inside)) => self
                .volumes
                .get(&mount.volume)
                .map(|files| below(&files.tree, &inside))
                .unwrap_or_default(),
            None => below(&self.own.tree, folder),
        };
        names.dedup();
        names
    }

    /// Writes a file, or appends to it.
    pub fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), FileError> {
        let parent = path
            .rsplit_once('/')
            .map(|(parent, _)| parent)
            .unwrap_or_default();
        if !self.is_folder(parent) {
            return Err(NO_ENTRY);
        }
        self.change(path, |tree, path| {
            if tree.len() >= FILES_MAX && !tree.contains_key(&path) {
                return Err(NO_SPACE);
            }
            let mut whole = match tree.get(&path) {
                Some(before) if append => format!("{before}{text}"),
                _ => text.to_owned(),
            };
            while whole.len() > FILE_BYTES_MAX {
                let cut = whole.find('\n').map(|at| at + 1).unwrap_or(whole.len());
                whole.drain(..cut);
            }
            tree.insert(path, whole.into());
            Ok(())
        })
    }

    /// Makes a folder with its parents.
    pub fn make_folder(&mut self, path: &str) -> Result<(), FileError> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.change(&folder, |tree, path| {
            if tree.len() >= FILES_MAX {
                return Err(NO_SPACE);
            }
            tree.insert(path, "".into());
            Ok(())
        })
    }

    /// Removes a file, or a folder with all in it.
    pub fn remove(&mut self, path: &str, recursive: bool) -> Result<(), FileError> {
        let there = self.read(path).is_some() || (recursive && self.is_folder(path));
        if !there {
            return Err(NO_ENTRY);
        }
        self.change(path, |tree, path| {
            tree.remove(&path);
            if recursive {
                let below = format!("{}/", path.trim_end_matches('/'));
                tree.retain(|other, _| !other.starts_with(&below));
            }
            Ok(())
        })
    }

    fn change(
        &mut self,
        path: &str,
        how: impl FnOnce(&mut Tree, String) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let Some((mount, inside)) = self.place(path) else {
            return how(&mut self.own.tree, path.to_owned());
        };
        if mount.read_only {
            return Err(READ_ONLY);
        }
        let volume = mount.volume.clone();
        let files = self.volumes.entry(volume).or_default();
        how(&mut Arc::make_mut(files).tree, inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_shared_and_the_own_layer_is_not() {
        let mut volumes = BTreeMap::from([("data".into(), Arc::<Files>::default())]);
        let mount = |path: &str, read_only| Mounted {
            volume: "data".into(),
            path: path.into(),
            sub_path: String::new(),
            read_only,
        };
        let mut first = Files::default();
        let mounts = [mount("/shared", false)];
        let mut view = View {
            own: &mut first,
            volumes: &mut volumes,
            mounts: &mounts,
        };
        assert_eq!(view.write("/shared/a", "one\n", false), Ok(()));
        assert_eq!(view.write("/shared/a", "two\n", true), Ok(()));
        assert_eq!(view.write("/tmp/b", "own", false), Ok(()));
        assert_eq!(view.write("/none/b", "own", false), Err(NO_ENTRY));
        let mut second = Files::default();
        let mounts = [mount("/in", true)];
        let mut view = View {
            own: &mut second,
            volumes: &mut volumes,
            mounts: &mounts,
        };
        assert_eq!(view.read("/in/a").as_deref(), Some("one\ntwo\n"));
        assert_eq!(view.list("/in"), ["a"]);
        assert_eq!(view.write("/in/c", "", false), Err(READ_ONLY));
        assert_eq!(view.read("/tmp/b"), None);
        assert_eq!(view.remove("/tmp/b", false), Err(NO_ENTRY));
    }
}
