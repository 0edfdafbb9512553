//! Folders of files, as a browser shows them.

use std::fs;
use std::path::{Path, PathBuf};

/// Entries of a folder that are looked at; more would only make a list no one reads.
const MOST: usize = 10_000;

/// What a folder holds that concerns us, sorted as people count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// The folder itself.
    pub path: PathBuf,
    /// Names of the folders in it.
    pub folders: Vec<String>,
    /// Names of the files in it.
    pub files: Vec<String>,
    /// Why it could not be read.
    pub error: Option<String>,
}

impl Folder {
    /// Reads the folder at `path`, leaving out what is hidden and files that are not
    /// `wanted`.
    pub fn read(path: &Path, wanted: impl Fn(&Path) -> bool) -> Self {
        let mut found = Self { path: path.to_owned(), ..Self::default() };
        match fs::read_dir(path) {
            Ok(entries) => {
                let paths = entries.take(MOST).flatten().map(|entry| entry.path());
                paths.for_each(|path| found.add(&path, &wanted));
            }
            Err(e) => found.error = Some(format!("{} cannot be read: {e}", path.display())),
        }
        for names in [&mut found.folders, &mut found.files] {
            names.sort_by_cached_key(|name| by_number(name));
        }
        found
    }

    fn add(&mut self, path: &Path, wanted: &impl Fn(&Path) -> bool) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        if name.starts_with('.') {
        } else if path.is_dir() {
            self.folders.push(name.into());
        } else if wanted(path) {
            self.files.push(name.into());
        }
    }
}

/// The player's home folder, or the root where there is none.
pub fn home() -> PathBuf {
    std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| PathBuf::from("/"))
}

/// A typed path, with `~` for home.
pub fn expand(typed: &str) -> PathBuf {
    let typed = typed.trim();
    match typed.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            home().join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(typed),
    }
}

/// The one of `names` that is `step` after `current`, round and round. Where `current` is
/// none of them, it is the first of all or, going back, the last.
pub fn step<'a, N: AsRef<str>>(
    names: &'a [N],
    current: Option<&str>,
    step: isize,
) -> Option<&'a str> {
    let at = current.and_then(|name| names.iter().position(|other| other.as_ref() == name));
    let count = isize::try_from(names.len()).ok().filter(|&n| n > 0)?;
    let to = match at {
        Some(at) => (at as isize + step).rem_euclid(count),
        None if step > 0 => 0,
        None => count - 1,
    };
    Some(names[to as usize].as_ref())
}

/// What orders names without regard to case, and numbers in them by their value.
pub fn by_number(name: &str) -> impl Ord + use<> {
    (key(name), name.to_owned())
}

/// The name in pieces: text, or a number by its length and digits.
fn key(name: &str) -> Vec<(usize, String)> {
    let mut pieces: Vec<(usize, String)> = Vec::new();
    let mut in_number = false;
    for c in name.chars().flat_map(char::to_lowercase) {
        let digit = c.is_ascii_digit();
        if pieces.is_empty() || digit != in_number {
            pieces.push((usize::from(!digit) * usize::MAX, String::new()));
        }
        in_number = digit;
        if let Some((length, piece)) = pieces.last_mut() {
            let leading_zero = digit && piece == "0";
            if leading_zero {
                piece.clear();
            } else if digit {
                *length += 1;
            }
            piece.push(c);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_value() {
        let mut names = ["b", "Gain 10", "gain 9", "Gain 02", "A", "gain 010x"];
        names.sort_by_cached_key(|name| by_number(name));
        assert_eq!(names, ["A", "b", "Gain 02", "gain 9", "Gain 10", "gain 010x"]);
    }

    #[test]
    fn paths_are_read_as_people_write_them() {
        assert_eq!(expand(" ~/graphs "), home().join("graphs"));
        assert_eq!(expand("~"), home());
        assert_eq!(expand("/~x"), PathBuf::from("/~x"));
        assert_eq!(expand("~x"), PathBuf::from("~x"));
    }

    #[test]
    fn steps_go_round_and_round() {
        let names = ["a", "b", "c"];
        for (from, by, to) in [
            (Some("a"), 1, Some("b")),
            (Some("c"), 1, Some("a")),
            (Some("a"), -1, Some("c")),
            (Some("gone"), 1, Some("a")),
            (None, -1, Some("c")),
        ] {
            assert_eq!(step(&names, from, by), to, "{from:?} {by}");
        }
        assert_eq!(step::<&str>(&[], Some("a"), 1), None);
    }

    #[test]
    fn a_folder_shows_folders_and_what_is_wanted() {
        let root = std::env::temp_dir().join(format!("kiln-folder-{}", std::process::id()));
        for folder in ["halls", ".git"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        for name in ["b10.json", "b9.json", "notes.txt", ".hidden.json"] {
            fs::write(root.join(name), "x").expect("a file");
        }
        let read =
            |path: &Path| Folder::read(path, |path| path.extension().is_some_and(|e| e == "json"));
        let found = read(&root);
        assert_eq!(found.folders, ["halls"]);
        assert_eq!(found.files, ["b9.json", "b10.json"]);
        assert!(read(&root.join("gone")).error.is_some_and(|why| why.contains("cannot be read")));
        fs::remove_dir_all(root).expect("to clean up");
    }
}
