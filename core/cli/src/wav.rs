//! WAV files in and out, a block of planar float samples at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// A file of any integer or float depth, read as numbers within ±1.
pub(crate) struct Input {
    path: PathBuf,
    wav: WavReader<BufReader<File>>,
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let wav = WavReader::open(path).with_context(|| path.display().to_string())?;
        if wav.spec().channels == 0 {
            bail!("{}: expected at least 1 channel, found 0", path.display());
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

/// A float32 file that appears under its name only when complete.
pub(crate) struct Output {
    path: PathBuf,
    unfinished: PathBuf,
    wav: Option<WavWriter<BufWriter<File>>>,
}

impl Output {
    /// For as many channels and at the rate of `input`, which it must not be.
    pub(crate) fn create(path: &Path, input: &Input) -> Result<Self> {
        let named = || path.display().to_string();
        if let Ok(existing) = fs::canonicalize(path)
            && existing == fs::canonicalize(&input.path).with_context(named)?
        {
            bail!("{}: expected another file than the input, found the same", path.display());
        }
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
        let mut output = Self { path: path.to_owned(), unfinished, wav: None };
        output.wav = Some(WavWriter::new(BufWriter::new(file), spec).with_context(named)?);
        Ok(output)
    }

    /// Appends the samples of each channel, as many as the first has, from
    /// number `from` on.
    pub(crate) fn write(&mut self, channels: &[Vec<f32>], from: usize) -> Result<()> {
        let Some(wav) = &mut self.wav else { return Ok(()) };
        for frame in from..channels.first().map_or(0, Vec::len) {
            for channel in channels {
                let written = wav.write_sample(channel[frame]);
                written.with_context(|| self.path.display().to_string())?;
            }
        }
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
