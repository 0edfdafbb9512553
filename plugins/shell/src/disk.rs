//! How files of the player's are written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Writes a file so that it is whole or as it was, whatever happens meanwhile,
/// and makes its folder.
///
/// # Errors
/// Says in words what could not be written and why.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let refuse = |e: std::io::Error| format!("{} cannot be written: {e}", path.display());
    let folder = path.parent().ok_or_else(|| format!("{} is no file", path.display()))?;
    fs::create_dir_all(folder).map_err(refuse)?;
    // Of this process and this call alone, for several plugins may write at once.
    let unique = format!(".kiln-{}-{}.part", std::process::id(), COUNT.fetch_add(1, Relaxed));
    let part = folder.join(unique);
    let write = || {
        let mut file = fs::File::create_new(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&part);
        refuse(e)
    })
}

/// `name` as the name of a file, on any system. Nothing if nothing is left of it.
pub fn file_stem(name: &str) -> Option<String> {
    let is_bad = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let name: String = name.trim().chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    let mut name = name.trim_matches(['.', ' ']).to_owned();
    // File systems count bytes.
    while name.len() > 120 {
        name.pop();
    }
    let upper = name.trim_end().split('.').next().unwrap_or_default().to_uppercase();
    let is_device = matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (upper.len() == 4
            && (upper.starts_with("COM") || upper.starts_with("LPT"))
            && upper.ends_with(|c: char| c.is_ascii_digit()));
    if is_device {
        name.insert(0, '_');
    }
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_names_of_files() {
        for (name, stem) in [
            (" Clean ", Some("Clean")),
            ("AC/DC: loud?", Some("AC_DC_ loud_")),
            ("../../etc/passwd", Some("_.._etc_passwd")),
            ("con", Some("_con")),
            ("COM1.x", Some("_COM1.x")),
            ("a\nb", Some("a_b")),
            ("Grün", Some("Grün")),
            ("...", None),
            ("", None),
        ] {
            assert_eq!(file_stem(name).as_deref(), stem, "{name:?}");
        }
        assert!(file_stem(&"é".repeat(500)).is_some_and(|stem| stem.len() <= 120));
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("kiln-disk-{}", std::process::id()));
        let path = folder.join("new").join("a.json");
        write(&path, b"one").expect("to write");
        write(&path, b"two").expect("to write over it");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        assert!(write(&path.join("below"), b"x").unwrap_err().contains("cannot be written"));
        let names = fs::read_dir(folder.join("new")).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left over");
        fs::remove_dir_all(folder).expect("to clean up");
    }
}
