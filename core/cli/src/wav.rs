//! WAV files in and out, a block of planar float samples at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

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
        let WavSpec { channels, bits_per_sample, sample_format, .. } = wav.spec();
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

/// Whether a rename to `path` harms nothing but an earlier result.
fn check_place(path: &Path, input: &Path, model: &Path) -> Result<()> {
    let Ok(existing) = fs::canonicalize(path) else { return Ok(()) };
    for (source, what) in [(input, "input"), (model, "model")] {
        if fs::canonicalize(source).is_ok_and(|source| source == existing) {
            bail!("expected another file than the {what}, found the same");
        }
    }
    if !fs::metadata(&existing)?.is_file() {
        bail!("expected a file or nothing, found a folder or device");
    }
    Ok(())
}

/// A float32 file that appears under its name only when complete.
pub(crate) struct Output {
    path: PathBuf,
    unfinished: PathBuf,
    wav: Option<WavWriter<BufWriter<File>>>,
    /// Frames written.
    frames: usize,
}

impl Output {
    /// For as many channels and at the rate of `input`. It may replace a file, but
    /// neither `input` nor `model` nor what is no file, such as a device.
    pub(crate) fn create(path: &Path, input: &Input, model: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        check_place(path, &input.path, model).with_context(named)?;
        let bytes = 4 * input.frames() * input.channels() as u64;
        if bytes > u64::from(u32::MAX) - 1024 {
            bail!("{}: expected at most 4 GiB of float32 samples, found {bytes} bytes", named());
        }
        let spec = WavSpec {
            channels: input.wav.spec().channels,
            sample_rate: input.sample_rate(),
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let Some(name) = path.file_name() else {
            bail!("{}: expected the name of a file", path.display());
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let unfinished = path.with_file_name(hidden);
        let file = File::create_new(&unfinished).with_context(named)?;
        let mut output = Self { path: path.to_owned(), unfinished, wav: None, frames: 0 };
        output.wav = Some(WavWriter::new(BufWriter::new(file), spec).with_context(named)?);
        Ok(output)
    }

    /// Appends the samples of each channel, as many as the first has. They must
    /// be finite, for hardly any program can make use of a file with others.
    pub(crate) fn write(&mut self, channels: &[Vec<f32>]) -> Result<()> {
        let Some(wav) = &mut self.wav else { return Ok(()) };
        let named = || self.path.display().to_string();
        for frame in 0..channels.first().map_or(0, Vec::len) {
            for (i, channel) in channels.iter().enumerate() {
                let x = channel[frame];
                if !x.is_finite() {
                    let (frame, channel) = (self.frames + frame, i + 1);
                    bail!(
                        "{}: expected finite samples, found {x} in frame {frame} of channel {channel}",
                        named()
                    );
                }
                wav.write_sample(x).with_context(named)?;
            }
        }
        self.frames += channels.first().map_or(0, Vec::len);
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

impl Drop for Output {
    /// Leaves nothing behind of a file that was not finished.
    fn drop(&mut self) {
        drop(self.wav.take());
        let _already_renamed = fs::remove_file(&self.unfinished);
    }
}
