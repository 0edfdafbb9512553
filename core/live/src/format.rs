//! What may be in a file.

use serde::Deserialize;

/// How the bytes of a file are judged, and which revision they carry.
pub trait Format {
    /// What a file becomes that can be played.
    type Content;
    /// Why one cannot.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The most bytes of a file that is looked into.
    const MOST_BYTES: usize;

    /// Reads a file.
    ///
    /// # Errors
    /// What was expected and found.
    fn load(bytes: &[u8]) -> Result<Self::Content, Self::Error>;

    /// Whether that may come right by itself: as long as a file is half written it is no
    /// JSON, while other errors stay.
    fn is_unfinished(error: &Self::Error) -> bool;

    /// The revision that a file says it is, if it counts.
    fn revision(content: &Self::Content) -> Option<u64>;

    /// The same of a file that does not [`load`](Self::load), as far as it can be read.
    fn claimed(bytes: &[u8]) -> Option<u64> {
        revision(bytes)
    }
}

/// The revision of a file that is a JSON object with that key.
pub fn revision(bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Counted {
        revision: Option<u64>,
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice::<Counted>(bytes).ok()?.revision
}
