//! What a player chose to run graphs, in one file for all plugins and the command line.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Options, Provider};

/// Bytes of the largest such file.
const MOST_BYTES: u64 = 64 << 10;

/// A library of ONNX Runtime, and what is to compute there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// By its absolute path; without one the runtime that we carry runs everything.
    pub library: Option<PathBuf>,
    /// The first that works computes; without any, what is usually fastest.
    pub providers: Vec<Provider>,
}

impl Choice {
    /// Where it lies: `Kiln/onnx.json` in the folder for settings, or where the variable
    /// `KILN_ONNX` of the environment says. None on systems without such a folder.
    pub fn path() -> Option<PathBuf> {
        let named = std::env::var_os("KILN_ONNX").map(PathBuf::from);
        named.or_else(|| Some(dirs::config_dir()?.join("Kiln").join("onnx.json")))
    }

    /// Reads it; the default where there is none.
    ///
    /// # Errors
    /// Says in a sentence what was expected and found.
    pub fn load(path: &Path) -> Result<Self, String> {
        let refuse = |why: String| format!("{}: {why}", path.display());
        match fs::metadata(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(refuse(e.to_string())),
            Ok(found) if found.len() > MOST_BYTES => {
                let found = found.len();
                return Err(refuse(format!("expected at most {MOST_BYTES} bytes, found {found}")));
            }
            Ok(_) => {}
        }
        let bytes = fs::read(path).map_err(|e| refuse(e.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|e| refuse(format!("not a choice of runtime: {e}")))
    }

    /// As options for [`load`](crate::load).
    pub fn options(self) -> Options {
        let Self { library, providers } = self;
        let default = Options::default();
        let providers = if providers.is_empty() { default.providers } else { providers };
        Options { library, providers, ..default }
    }

    /// Those of this user. A choice that cannot be read is told of by whatever is loaded.
    pub fn of_user() -> Options {
        match Self::path().map(|path| Self::load(&path)) {
            None => Options::default(),
            Some(Ok(choice)) => choice.options(),
            Some(Err(why)) => Options { notices: vec![why], ..Options::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("kiln-{name}-{}.json", std::process::id()));
        fs::write(&path, text).expect("to write");
        path
    }

    #[test]
    fn a_choice_is_read_as_it_was_written() {
        let path = file(
            "choice",
            r#"{"library": "/opt/libonnxruntime.so", "providers": ["cuda", "cpu"]}"#,
        );
        let choice = Choice::load(&path).expect("a choice");
        assert_eq!(choice.providers, [Provider::Cuda, Provider::Cpu]);
        let text = serde_json::to_string(&choice).expect("JSON");
        assert_eq!(serde_json::from_str::<Choice>(&text).expect("a choice"), choice);
        assert_eq!(choice.options().library, Some("/opt/libonnxruntime.so".into()));
        fs::remove_file(path).expect("to remove");
    }

    #[test]
    fn without_a_file_nothing_is_chosen() {
        let none = Choice::load(Path::new("/nowhere/at/all.json")).expect("a choice");
        assert_eq!(none, Choice::default());
        assert_eq!(none.options().providers, Options::default().providers);
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        for text in ["", "7", r#"{"libary": 1}"#, r#"{"providers": ["abacus"]}"#] {
            let path = file("no_choice", text);
            let why = Choice::load(&path).expect_err("no choice");
            assert!(why.contains("not a choice of runtime"), "{why}");
            fs::remove_file(path).expect("to remove");
        }
    }
}
