//! What a plugin may be called.

use crate::Error;

/// The name of the plugin that is copied.
pub const NAME: &str = "Kiln Reverb";

/// The longest name, vendor or version, in bytes of UTF-8: VST3's `PClassInfo2` has
/// room for 64 with the zero at the end.
pub const MOST_NAME: usize = 63;

/// The longest CLAP id, in bytes. CLAP sets no limit; hosts build file names of it.
const MOST_ID: usize = 127;

/// What Windows refuses in the name of a file; others refuse a part of it.
const REFUSED: &str = "/\\:*?\"<>|";

/// Devices of Windows, which files there cannot be called, whatever follows a dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Whether a text can be shown: not empty, not too long, without control characters.
pub(crate) fn text(what: &str, text: &str) -> Result<(), Error> {
    let expected = || format!("1 to {MOST_NAME} bytes of text");
    if text.trim().is_empty() {
        return Err(Error::invalid(what, expected(), "none"));
    }
    if text.len() > MOST_NAME {
        return Err(Error::invalid(what, expected(), format!("{} bytes", text.len())));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(Error::invalid(what, "no control characters", c.escape_default())),
        None => Ok(()),
    }
}

/// Whether a plugin, and so its files, can be called `name` on every platform.
pub(crate) fn name(name: &str) -> Result<(), Error> {
    let what = "name";
    text(what, name)?;
    if let Some(c) = name.chars().find(|c| REFUSED.contains(*c)) {
        return Err(Error::invalid(what, format!("a file name, so none of {REFUSED}"), c));
    }
    // A dot first hides a file, a dot or space last is dropped by Windows.
    let ends = name.starts_with('.') || name.ends_with('.') || name.trim() != name;
    if ends {
        let expected = "a file name, so no dot or space at its ends";
        return Err(Error::invalid(what, expected, format!("\"{name}\"")));
    }
    if is_device(name) {
        return Err(Error::invalid(what, "a file name, so none of Windows' devices", name));
    }
    if name.eq_ignore_ascii_case(NAME) {
        return Err(Error::invalid(what, "a name of its own", name));
    }
    Ok(())
}

/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let numbered = |n: &str| n.chars().count() == 1 && n.contains(|c| "0123456789¹²³".contains(c));
    DEVICES.contains(&stem.as_str()) || port.is_some_and(numbered)
}

/// Whether `id` can be a CLAP id, other than those of the plugins that are built.
pub(crate) fn clap_id(id: &str) -> Result<(), Error> {
    let what = "CLAP id";
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let parts = || id.split('.').all(|part| !part.is_empty());
    if id.is_empty() || id.len() > MOST_ID || !id.chars().all(fits) || !parts() {
        let expected = format!("up to {MOST_ID} of a-z, A-Z, 0-9, - and _ in parts joined by dots");
        return Err(Error::invalid(what, expected, format!("\"{}\"", id.escape_default())));
    }
    if ["audio.kiln.reverb", "audio.kiln.amp"].iter().any(|ours| ours.eq_ignore_ascii_case(id)) {
        return Err(Error::invalid(what, "an id of its own", id));
    }
    Ok(())
}

/// Whether `id` can be a VST3 class id, other than those of the plugins that are built.
pub(crate) fn vst3_id(id: [u8; 16]) -> Result<(), Error> {
    if id.starts_with(b"KilnAudio") || id == [0; 16] {
        return Err(Error::invalid("VST3 id", "an id of its own", hex(&id)));
    }
    Ok(())
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 16 bytes that 32 hexadecimal digits stand for.
pub(crate) fn unhex(text: &str) -> Result<[u8; 16], Error> {
    let wrong = || Error::invalid("VST3 id", "32 hexadecimal digits", text.escape_default());
    if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    u128::from_str_radix(text, 16).map(u128::to_be_bytes).map_err(|_| wrong())
}
