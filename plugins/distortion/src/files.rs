//! Files of models, by their names.

use std::path::Path;

use shell::files::Folder;

/// Endings of files that may hold a model: NAM's, AIDA-X's, and JSON of any trainer.
const ENDINGS: [&str; 4] = ["nam", "aidax", "json", "onnx"];

/// Whether the name of `path` is that of a file that may hold a model.
pub fn is_model(path: &Path) -> bool {
    let is =
        |found: &std::ffi::OsStr| ENDINGS.iter().any(|known| found.eq_ignore_ascii_case(known));
    path.extension().is_some_and(is)
}

/// What concerns us in a folder.
pub fn folder(path: &Path) -> Folder {
    Folder::read(path, is_model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_models() {
        for name in ["a.nam", "/x/b.JSON", "c.aidax", "d.onnx"] {
            assert!(is_model(Path::new(name)), "{name}");
        }
        for name in ["a.wav", "nam", ".json", "a.nam.txt"] {
            assert!(!is_model(Path::new(name)), "{name}");
        }
    }
}
