//! Pictures: of the editor, and of sound.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};

/// Red, green and blue bytes, row by row.
#[derive(Clone, PartialEq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// `height × width × 3`
    pub rgb: Vec<u8>,
}

const BACKGROUND: [u8; 3] = [24, 24, 27];
const LINE: [u8; 3] = [63, 63, 70];

impl Picture {
    /// How many different colours there are; a window nobody painted has one or two.
    pub fn colours(&self) -> usize {
        self.rgb.chunks_exact(3).collect::<HashSet<_>>().len()
    }

    /// Writes a PNG.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut encoder =
            png::Encoder::new(file, u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }

    /// Waveforms one above the other, each scaled to its own peak.
    pub fn of_sound(waves: &[(&[f32], [u8; 3])], width: usize, row: usize) -> Self {
        let height = row * waves.len();
        let mut picture = Self { width, height, rgb: BACKGROUND.repeat(width * height) };
        for (i, (wave, colour)) in waves.iter().enumerate() {
            let middle = i * row + row / 2;
            let peak = wave.iter().fold(1e-6f32, |peak, x| peak.max(x.abs()));
            let scale = 0.45 * row as f32 / peak;
            for x in 0..width {
                let part = &wave[x * wave.len() / width..(x + 1) * wave.len() / width];
                let (low, high) = part.iter().fold((0f32, 0f32), |(l, h), &v| (l.min(v), h.max(v)));
                picture.set(x, middle, LINE);
                let (top, bottom) = ((high * scale) as usize, (-low * scale) as usize);
                (middle - top..=middle + bottom).for_each(|y| picture.set(x, y, *colour));
            }
        }
        picture
    }

    fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        let at = 3 * (y * self.width + x);
        self.rgb[at..at + 3].copy_from_slice(&colour);
    }
}
