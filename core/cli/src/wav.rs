//! WAV files in and out, a block of planar float samples at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde::Serialize;

/// Nobody records more; a damaged header may claim 65535, and each costs an engine.
const MAX_CHANNELS: u16 = 64;

/// A file of any integer depth or of 32-bit floats, read as numbers within ±1.
pub(crate) struct Input {
    path: PathBuf,
    wav: WavReader<BufReader<File>>,
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let wav = WavReader::open(path).with_context(|| path.display().to_string())?;
        let WavSpec { channels, bits_per_sample, sample_format, sample_rate } = wav.spec();
        if sample_rate == 0 {
            bail!("{}: expected some samples a second, found none", path.display());
        }
        if !(1..=MAX_CHANNELS).contains(&channels) {
            bail!("{}: expected 1 to {MAX_CHANNELS} channels, found {channels}", path.display());
        }
        if sample_format == SampleFormat::Float && bits_per_sample != 32 {
            bail!(
                "{}: expected integers or 32-bit floats, found {bits_per_sample}-bit floats",
                path.display()
            );
        }
        Ok(Self { path: path.to_owned(), wav })
    }

    /// Hz.
    pub(crate) fn sample_rate(&self) -> u32 {
        self.wav.spec().sample_rate
    }

    pub(crate) fn channels(&self) -> usize {
        usize::from(self.wav.spec().channels)
    }

    /// How its samples are kept, for people.
    pub(crate) fn format(&self) -> String {
        let WavSpec { bits_per_sample, sample_format, .. } = self.wav.spec();
        let kind = if sample_format == SampleFormat::Int { "integers" } else { "floats" };
        format!("{bits_per_sample}-bit {kind}")
    }

    /// The largest sample such a file can hold, beyond which it clips.
    pub(crate) fn ceiling(&self) -> f32 {
        match self.wav.spec() {
            WavSpec { sample_format: SampleFormat::Int, bits_per_sample, .. } => {
                1.0 - 0.5_f32.powi(i32::from(bits_per_sample) - 1)
            }
            _ => 1.0,
        }
    }

    /// Samples per channel.
    pub(crate) fn frames(&self) -> u64 {
        u64::from(self.wav.duration())
    }

    /// Fills the channels with up to `frames` more samples each; how many.
    pub(crate) fn read(&mut self, channels: &mut [Vec<f32>], frames: usize) -> Result<usize> {
        channels.iter_mut().for_each(Vec::clear);
        let spec = self.wav.spec();
        let wanted = frames * channels.len();
        let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
            SampleFormat::Float => self.wav.samples::<f32>().take(wanted).collect(),
            SampleFormat::Int => {
                let scale = 0.5_f32.powi(i32::from(spec.bits_per_sample) - 1);
                let samples = self.wav.samples::<i32>().take(wanted);
                samples.map(|s| s.map(|s| s as f32 * scale)).collect()
            }
        };
        let samples = samples.with_context(|| self.path.display().to_string())?;
        for frame in samples.chunks_exact(channels.len()) {
            frame.iter().zip(channels.iter_mut()).for_each(|(s, channel)| channel.push(*s));
        }
        Ok(channels[0].len())
    }
}

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub(crate) enum Depth {
    /// 16-bit integers
    #[value(name = "16")]
    Int16,
    /// 24-bit integers
    #[value(name = "24")]
    Int24,
    /// 32-bit floats
    #[default]
    #[value(name = "32f")]
    Float32,
}

impl Depth {
    fn bits(self) -> u16 {
        match self {
            Self::Int16 => 16,
            Self::Int24 => 24,
            Self::Float32 => 32,
        }
    }

    /// The number of integers in a full scale of 1, if it writes integers.
    fn steps(self) -> Option<f32> {
        (self != Self::Float32).then(|| 2.0_f32.powi(i32::from(self.bits()) - 1))
    }

    /// The largest sample that can be written.
    pub(crate) fn ceiling(self) -> f32 {
        self.steps().map_or(1.0, |steps| 1.0 - 1.0 / steps)
    }
}

/// What a file is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) channels: usize,
    /// Hz.
    pub(crate) sample_rate: u32,
    /// Samples per channel.
    pub(crate) frames: u64,
    pub(crate) depth: Depth,
    /// Whether noise of a step is added to integers, so that what is quieter
    /// than a step is still heard.
    pub(crate) dither: bool,
}

/// Whether a rename to `path` harms nothing but an earlier result; `sources`
/// are what is read, and their names.
pub(crate) fn check_place(path: &Path, sources: &[(&str, &Path)]) -> Result<()> {
    let Ok(existing) = fs::canonicalize(path) else { return Ok(()) };
    for (what, source) in sources {
        if fs::canonicalize(source).is_ok_and(|source| source == existing) {
            bail!("expected another file than the {what}, found the same");
        }
    }
    if !fs::metadata(&existing)?.is_file() {
        bail!("expected a file or nothing, found a folder or device");
    }
    Ok(())
}

/// A file that appears under its name only when complete.
pub(crate) struct Output {
    path: PathBuf,
    unfinished: PathBuf,
    wav: Option<WavWriter<BufWriter<File>>>,
    steps: Option<f32>,
    /// The same for every file, so that a second run gives the same file.
    dither: Option<fastrand::Rng>,
    /// Frames written.
    frames: usize,
}

impl Output {
    /// It may replace a file, but no source and not what is no file, such as a device.
    pub(crate) fn create(path: &Path, format: &Format, sources: &[(&str, &Path)]) -> Result<Self> {
        let named = || path.display().to_string();
        check_place(path, sources).with_context(named)?;
        let bits = format.depth.bits();
        let bytes = u128::from(bits / 8) * u128::from(format.frames) * format.channels as u128;
        if bytes > u128::from(u32::MAX - 1024) {
            bail!("{}: expected at most 4 GiB of {bits}-bit samples, found {bytes} bytes", named());
        }
        let steps = format.depth.steps();
        let spec = WavSpec {
            channels: u16::try_from(format.channels)?,
            sample_rate: format.sample_rate,
            bits_per_sample: bits,
            sample_format: if steps.is_some() { SampleFormat::Int } else { SampleFormat::Float },
        };
        let Some(name) = path.file_name() else {
            bail!("{}: expected the name of a file", path.display());
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let unfinished = path.with_file_name(hidden);
        let file = File::create_new(&unfinished).with_context(named)?;
        let dither = format.dither.then(|| fastrand::Rng::with_seed(0));
        let mut output =
            Self { path: path.to_owned(), unfinished, wav: None, steps, dither, frames: 0 };
        output.wav = Some(WavWriter::new(BufWriter::new(file), spec).with_context(named)?);
        Ok(output)
    }

    /// Appends the samples of each channel, as many as the first has, and leaves
    /// in them what was written. They must be finite, for hardly any program can
    /// make use of a file with others.
    pub(crate) fn write(&mut self, channels: &mut [Vec<f32>]) -> Result<()> {
        let Some(wav) = &mut self.wav else { return Ok(()) };
        let named = || self.path.display().to_string();
        let frames = channels.first().map_or(0, Vec::len);
        for frame in 0..frames {
            for (i, channel) in channels.iter_mut().enumerate() {
                let x = &mut channel[frame];
                if !x.is_finite() {
                    let (frame, channel) = (self.frames + frame, i + 1);
                    bail!(
                        "{}: expected finite samples, found {x} in frame {frame} of channel {channel}",
                        named()
                    );
                }
                match self.steps {
                    None => wav.write_sample(*x),
                    Some(steps) => {
                        let step = quantise(*x, steps, self.dither.as_mut());
                        *x = step as f32 / steps;
                        wav.write_sample(step)
                    }
                }
                .with_context(named)?;
            }
        }
        self.frames += frames;
        Ok(())
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(mut self) -> Result<()> {
        let named = || self.path.display().to_string();
        if let Some(wav) = self.wav.take() {
            wav.finalize().with_context(named)?;
        }
        fs::rename(&self.unfinished, &self.path).with_context(named)
    }
}

/// The integer nearest to `x` at `steps` a unit. The noise of two dice makes
/// the error independent of the signal.
fn quantise(x: f32, steps: f32, dither: Option<&mut fastrand::Rng>) -> i32 {
    let noise = dither.map_or(0.0, |rng| rng.f32() - rng.f32());
    (x * steps + noise).round().clamp(-steps, steps - 1.0) as i32
}

impl Drop for Output {
    /// Leaves nothing behind of a file that was not finished.
    fn drop(&mut self) {
        drop(self.wav.take());
        let _already_renamed = fs::remove_file(&self.unfinished);
    }
}
