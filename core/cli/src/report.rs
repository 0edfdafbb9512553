//! How loud files are.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use ebur128::{Channel, EbuR128, Mode};
use serde::Serialize;

use crate::wav::Input;

/// Frames of a file read at a time.
const FRAMES: usize = 8192;

/// The levels of one file. What has no logarithm, as silence, is left out.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Levels {
    /// Integrated loudness after ITU-R BS.1770, in LUFS; every channel counts
    /// the same. Files under 0.4 s have none.
    lufs: Option<f64>,
    /// The peak between samples too, in dBTP.
    true_peak: Option<f64>,
    /// Of all channels together, in dB; a full-scale sine has −3.01.
    rms: Option<f64>,
    /// Samples at full scale or beyond.
    pub(crate) clipped: u64,
}

impl Levels {
    /// Loudness, peak and RMS, with their units.
    pub(crate) fn named(&self) -> [(Option<f64>, &'static str); 3] {
        [(self.lufs, "LUFS"), (self.true_peak, "dBTP"), (self.rms, "dB")]
    }
}

/// Measures as samples go by.
pub(crate) struct Meter {
    ebu: EbuR128,
    /// Of each channel apart, so that the sum does not depend on how a file is cut.
    squares: Vec<f64>,
    samples: u64,
    ceiling: f32,
    clipped: u64,
}

impl Meter {
    /// For samples of which `ceiling` is the largest that can be written.
    pub(crate) fn new(channels: usize, sample_rate: u32, ceiling: f32) -> Result<Self> {
        let channels = u32::try_from(channels)?;
        let mut ebu = EbuR128::new(channels, sample_rate, Mode::I | Mode::TRUE_PEAK)
            .context("the loudness meter")?;
        // Tracks of a recording, not loudspeakers of which some are behind us.
        (0..channels).try_for_each(|c| ebu.set_channel(c, Channel::Center))?;
        let squares = vec![0.0; channels as usize];
        Ok(Self { ebu, squares, samples: 0, ceiling, clipped: 0 })
    }

    /// Hears the next samples of each channel.
    pub(crate) fn hear(&mut self, channels: &[Vec<f32>]) -> Result<()> {
        let planes: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
        self.ebu.add_frames_planar_f32(&planes)?;
        for (channel, squares) in channels.iter().zip(&mut self.squares) {
            for x in channel {
                *squares += f64::from(*x).powi(2);
                self.clipped += u64::from(*x >= self.ceiling || *x <= -1.0);
            }
        }
        self.samples += channels.iter().map(|c| c.len() as u64).sum::<u64>();
        Ok(())
    }

    /// What was heard so far.
    pub(crate) fn levels(&self) -> Result<Levels> {
        let mut peak = 0.0f64;
        for channel in 0..self.ebu.channels() {
            peak = peak.max(self.ebu.true_peak(channel)?);
        }
        let finite = |db: f64| Some(db).filter(|db| db.is_finite());
        Ok(Levels {
            lufs: finite(self.ebu.loudness_global()?),
            true_peak: finite(20.0 * peak.log10()),
            rms: finite(10.0 * (self.squares.iter().sum::<f64>() / self.samples as f64).log10()),
            clipped: self.clipped,
        })
    }
}

/// The levels of a file.
pub(crate) fn measure(path: &Path) -> Result<Levels> {
    let mut input = Input::open(path)?;
    let mut meter = Meter::new(input.channels(), input.sample_rate(), input.ceiling())?;
    let mut channels = vec![Vec::new(); input.channels()];
    while input.read(&mut channels, FRAMES)? > 0 {
        meter.hear(&channels)?;
    }
    meter.levels()
}

/// The head of a table of [`row`]s.
pub(crate) fn head() -> String {
    let columns = ["LUFS", "dBTP", "RMS", "clipped"].map(|name| format!("{name:>9}"));
    format!("{:6}{}  file\n", "", columns.concat())
}

/// Two lines of a table: a file before and after.
pub(crate) fn row(before: (&Path, &Levels), after: (&Path, &Levels)) -> Result<String> {
    let mut text = String::new();
    for (when, (path, levels)) in [("before", before), ("after", after)] {
        write!(text, "{when:6}")?;
        for (db, _) in levels.named() {
            let db = db.map_or_else(|| "–".into(), |db| format!("{db:.1}"));
            write!(text, "{db:>9}")?;
        }
        let path = crate::printable(&path.display().to_string());
        writeln!(text, "{:>9}  {path}", levels.clipped)?;
    }
    Ok(text)
}
