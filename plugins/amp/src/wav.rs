//! What a WAV file says of itself, without its sound: for lists of files.

use std::io::{Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

/// Chunks that are passed over at most on the way to the sound.
const MAX_CHUNKS: usize = 64;

/// The shape of the sound in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Frames a second.
    pub sample_rate: u32,
    /// Samples a frame.
    pub channels: usize,
    /// Frames.
    pub frames: u64,
}

impl Shape {
    /// The length, in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate)
    }
}

/// The shape of an open file; reads a few bytes of it.
///
/// # Errors
/// Says what was expected and found.
pub fn read(file: &mut (impl Read + Seek)) -> Result<Shape, String> {
    let cut = |_| "it ends before its sound begins".to_owned();
    let mut head = [0; 12];
    file.read_exact(&mut head).map_err(cut)?;
    if &head[..4] != b"RIFF" || &head[8..] != b"WAVE" {
        return Err("it is not a WAV file: expected RIFF and WAVE at its start".into());
    }
    let mut format = None;
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        file.read_exact(&mut chunk).map_err(cut)?;
        let size = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
        match (&chunk[..4], format) {
            (b"fmt ", _) if size >= 16 => {
                let mut fields = [0; 16];
                file.read_exact(&mut fields).map_err(cut)?;
                format = Some(Format::of(&fields)?);
                skip(file, size - 16)?;
            }
            (b"data", Some(format)) => return Ok(format.shape(size)),
            (b"data", None) => return Err("its sound comes before its format".into()),
            _ => skip(file, size)?,
        }
    }
    Err(format!("no sound within its first {MAX_CHUNKS} parts"))
}

/// Chunks are padded to even sizes.
fn skip(file: &mut impl Seek, size: u64) -> Result<(), String> {
    let size = i64::try_from(size + size % 2).map_err(|e| e.to_string())?;
    file.seek(SeekFrom::Current(size)).map(drop).map_err(|e| e.to_string())
}

#[derive(Clone, Copy)]
struct Format {
    sample_rate: u32,
    channels: usize,
    /// Bytes a frame.
    align: u64,
}

impl Format {
    fn of(fields: &[u8; 16]) -> Result<Self, String> {
        let word = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
        let sample_rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
        let (channels, align) = (usize::from(word(2)), u64::from(word(12)));
        if channels == 0 || align == 0 || sample_rate == 0 {
            return Err(format!(
                "expected channels, a rate and a frame size, found {channels}, {sample_rate} Hz \
                 and {align} bytes"
            ));
        }
        Ok(Self { sample_rate, channels, align })
    }

    fn shape(self, bytes: u64) -> Shape {
        Shape { sample_rate: self.sample_rate, channels: self.channels, frames: bytes / self.align }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stereo file of 10 frames with a chunk of odd size before its sound.
    fn file() -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend([1, 0, 2, 0, 0x44, 0xac, 0, 0, 0, 0, 0, 0, 4, 0, 16, 0]);
        bytes.extend(b"data\x28\0\0\0");
        bytes.extend([0; 40]);
        bytes
    }

    fn shape(bytes: &[u8]) -> Result<Shape, String> {
        read(&mut std::io::Cursor::new(bytes))
    }

    #[test]
    fn reads_the_shape() {
        let expected = Shape { sample_rate: 44_100, channels: 2, frames: 10 };
        assert_eq!(shape(&file()), Ok(expected));
    }

    #[test]
    fn hostile_files_are_refused() {
        let whole = file();
        for length in 0..whole.len() - 40 {
            assert!(shape(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(shape(&[0; 100]).unwrap_err().contains("not a WAV file"));
        let mut endless = whole[..12].to_vec();
        endless.extend(b"junk\0\0\0\0".repeat(1000));
        assert!(shape(&endless).unwrap_err().contains("no sound"));
        let mut no_channels = whole;
        no_channels[34] = 0;
        assert!(shape(&no_channels).unwrap_err().contains("found 0"));
    }
}
