//! Data behind a library.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::identity::MOST_FILE;

/// The last bytes of a library with data behind it.
const MAGIC: [u8; 16] = *b"\x9eKilnReverbData\n";

/// Bytes of the length, the SHA-256 and [`MAGIC`].
const SIZE: usize = 8 + 32 + 16;

/// `payload` as it stands behind a library.
#[cfg(any(feature = "export", test))]
pub(crate) fn around(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    [payload, &length, &Sha256::digest(payload), &MAGIC].concat()
}

/// The payload behind the library at `path`, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let total = file.metadata().map_err(Error::file(path))?.len();
    let Some(room) = total.checked_sub(SIZE as u64) else { return Ok(None) };
    let mut trailer = [0; SIZE];
    at(&file, room, &mut trailer).map_err(Error::file(path))?;
    let (length, rest) = trailer.split_at(8);
    let (sum, magic) = rest.split_at(32);
    if magic != MAGIC {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length.try_into().unwrap_or_default());
    let most = room.min(MOST_FILE as u64);
    if length > most {
        let expected = format!("at most {most} bytes of data behind the library");
        return Err(Error::invalid(path.display(), expected, length));
    }
    let mut payload = vec![0; length as usize];
    at(&file, room - length, &mut payload).map_err(Error::file(path))?;
    if Sha256::digest(&payload).as_slice() != sum {
        let expected = "the data behind the library as they were written";
        return Err(Error::invalid(path.display(), expected, "damaged ones"));
    }
    Ok(Some(payload))
}

fn at(mut file: &File, start: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(bytes)
}
