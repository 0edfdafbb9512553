//! Names that come from others, and become names of files here.

use crate::Error;

/// Most bytes of an id, or of the name of a manifest.
pub const MOST_ID: usize = 64;

/// Most bytes of the name of a file.
pub const MOST_FILE: usize = 128;

/// What names are made of, in words.
const MADE_OF: &str = "a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit";

/// Names that Windows takes for devices, whatever follows after a dot.
/// After "Naming Files, Paths, and Namespaces" of its documentation.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Refuses what is no plain name: what could leave its folder, be hidden, mean a device,
/// or be the same as another on some file systems.
pub(crate) fn check(what: &str, name: &str, most: usize) -> Result<(), Error> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = bytes.first().is_some_and(|&c| plain(c)) && bytes.last().is_some_and(|&c| plain(c));
    if !ends || !bytes.iter().all(|&c| plain(c) || b"._-".contains(&c)) || name.contains("..") {
        return Err(Error::invalid(what, MADE_OF, shown(name)));
    }
    if name.len() > most {
        return Err(Error::invalid(what, format!("at most {most} bytes"), name.len()));
    }
    if is_device(name) {
        return Err(Error::invalid(what, "a name that is no device of Windows", shown(name)));
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let numbered = |port| {
        let rest = stem.strip_prefix(port);
        rest.is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    DEVICES.contains(&stem) || numbered("com") || numbered("lpt")
}

/// The beginning of a text for a message, in quotes, with what commands a terminal escaped.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for name in ["a", "kiln-412-closed", "lead.nam", "2_4.v1", "console", "com", "com12", "lpt"]
        {
            assert!(check("id", name, MOST_ID).is_ok(), "{name}");
        }
        assert!(check("id", &"a".repeat(MOST_ID), MOST_ID).is_ok());
    }

    #[test]
    fn all_others_are_refused() {
        let long = "a".repeat(MOST_ID + 1);
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/../b",
            "a..b",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "c:a",
            "c:\\a",
            ".hidden",
            "a.",
            "-rf",
            "a-",
            "A",
            "é",
            "a b",
            "a\0",
            "a\n",
            "~",
            "con",
            "con.nam",
            "nul.tar.gz",
            "com1",
            "com0.onnx",
            "lpt9",
            "aux",
            "prn.txt",
            &long,
        ] {
            assert!(check("id", name, MOST_ID).is_err(), "{name:?}");
        }
    }

    #[test]
    fn messages_cannot_command_a_terminal() {
        let error = check("id", "a\u{1b}[2J", MOST_ID).expect_err("refused").to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
        assert!(
            check("id", &"x/".repeat(1000), MOST_ID).expect_err("long").to_string().len() < 300
        );
    }
}
