//! The lines of the browser's list: what there is, narrowed by what is searched.

use std::path::{Path, PathBuf};

/// What is known of a file in the list. Text is empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    /// Its name for people.
    pub(super) name: String,
    pub(super) gear: String,
    pub(super) tone: String,
    pub(super) author: String,
    pub(super) architecture: String,
    /// What it costs on this machine, in words.
    pub(super) cost: String,
    /// How loud it is, in words; the length of an impulse response.
    pub(super) level: String,
    pub(super) favourite: bool,
    /// Why it cannot be played.
    pub(super) broken: Option<String>,
    /// All of it in small letters, for the search.
    haystack: String,
}

impl Item {
    /// The same, ready to be searched.
    pub(super) fn indexed(mut self) -> Self {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let parts =
            [self.name.as_str(), &file, &self.gear, &self.tone, &self.author, &self.architecture];
        self.haystack = parts.join("\n").to_lowercase();
        self
    }

    /// An item of which only the path is known.
    pub(super) fn plain(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { path, name, ..Self::default() }.indexed()
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    /// Built in: its id and its name.
    Factory(&'static str, &'static str),
    /// The folder above.
    Up,
    Folder(String),
    File(Box<Item>),
}

impl Row {
    /// What stands on it, and what it is called for those who do not see it.
    pub(super) fn label(&self) -> &str {
        match self {
            Row::Factory(_, name) => name,
            Row::Up => "..",
            Row::Folder(name) => name,
            Row::File(item) => &item.name,
        }
    }

    /// Whether a search for `words`, in small letters, finds it.
    fn fits(&self, words: &[&str]) -> bool {
        match self {
            Row::Up => words.is_empty(),
            Row::File(item) => words.iter().all(|word| item.haystack.contains(word)),
            Row::Factory(_, name) => {
                let name = format!("{} factory", name.to_lowercase());
                words.iter().all(|word| name.contains(word))
            }
            Row::Folder(name) => {
                let name = name.to_lowercase();
                words.iter().all(|word| name.contains(word))
            }
        }
    }
}

/// The rows that a search for `text` leaves: those in which every word is found.
pub(super) fn narrow(rows: &[Row], text: &str) -> Vec<usize> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    (0..rows.len()).filter(|&i| rows[i].fits(&words)).collect()
}

/// The folders from the root to `folder`, with their names.
pub(super) fn ancestors(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut all: Vec<(String, PathBuf)> = folder
        .ancestors()
        .map(|path| {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            (name.into_owned(), path.to_owned())
        })
        .collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let file = |name: &str, gear: &str, author: &str| {
            Row::File(Box::new(
                Item {
                    name: name.into(),
                    gear: gear.into(),
                    author: author.into(),
                    path: format!("/amps/{name}.nam").into(),
                    ..Item::default()
                }
                .indexed(),
            ))
        };
        vec![
            Row::Up,
            Row::Folder("High gain".into()),
            Row::Factory("kiln-crunch", "Kiln Crunch"),
            file("Ember", "Acme 50", "Ann"),
            file("gAIn 9", "Acme 100", "Bob"),
        ]
    }

    #[test]
    fn a_search_looks_everywhere_for_each_word() {
        let rows = rows();
        assert_eq!(narrow(&rows, ""), [0, 1, 2, 3, 4]);
        assert_eq!(narrow(&rows, " GAIN"), [1, 4]);
        assert_eq!(narrow(&rows, "acme ann"), [3]);
        assert_eq!(narrow(&rows, "factory"), [2]);
        assert_eq!(narrow(&rows, "ember.nam"), [3]);
        assert_eq!(narrow(&rows, "nothing like it"), [0; 0]);
    }

    #[test]
    fn folders_from_the_root() {
        let names: Vec<_> =
            ancestors(Path::new("/a/b")).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["/", "a", "b"]);
    }
}
