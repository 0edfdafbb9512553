//! Impulse responses: what a cabinet and a microphone make of a click.

use std::ops::RangeInclusive;

use realfft::RealFftPlanner;

use crate::Error;

mod rate;
mod wav;

/// The longest response, in seconds.
const MAX_SECONDS: usize = 10;

/// Sample rates of files and of signals, in Hz.
const RATES: RangeInclusive<u32> = 8_000..=768_000;

/// The largest sample: 60 dB over full scale, so that no output is infinite.
const LOUDEST: f32 = 1000.0;

/// A response whose largest sample is smaller, −180 dB, is taken as silence.
const SILENCE: f32 = 1e-9;

/// Of the peak: what comes before the first larger sample is waiting. −80 dB.
const START: f32 = 1e-4;

/// Of the energy: what follows when so little is left is noise. −100 dB.
const REST: f64 = 1e-10;

/// Seconds in which the noise is faded out.
const FADE: f32 = 0.002;

/// The band, in Hz, in which loudness is compared.
const BAND: RangeInclusive<f64> = 80.0..=5000.0;

/// The largest factor for equal loudness, and the inverse of the smallest: 40 dB.
const MAX_GAIN: f64 = 100.0;

/// An impulse response of one or two channels, inert. It is finite, not silent,
/// and begins where there is something to hear.
#[derive(Clone, Debug, PartialEq)]
pub struct Impulse {
    channels: Vec<Vec<f32>>, // channel × sample, one or two
    rate: u32,               // Hz
    skipped: usize,
}

impl Impulse {
    /// The largest file, in bytes.
    pub const MAX_BYTES: usize = 64 << 20;

    /// Reads a WAV file: one or two channels of up to 10 s at 8 to 768 kHz, as
    /// integers of 8, 16, 24 or 32 bits or floats of 32 or 64. A file that was
    /// cut short is read as far as it goes.
    ///
    /// What lies before the first sample within 80 dB of the peak, in any
    /// channel, is left out, and what lies behind −100 dB of the energy is
    /// faded out. Allocates no more than a small multiple of the file's size,
    /// whatever its header says; not real-time safe.
    ///
    /// # Errors
    /// [`Error::Unreadable`] for what is no WAV file or is coded otherwise, and
    /// [`Error::Invalid`] for what is outside these limits, empty or silent,
    /// or holds a sample that is not finite or over 1000.
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > Self::MAX_BYTES {
            let expected = format!("at most {} bytes", Self::MAX_BYTES);
            return Err(Error::invalid("file", expected, bytes.len()));
        }
        let wav::Sound { channels, rate } = wav::read(bytes)?;
        Self::new(channels, rate)
    }

    /// Of one or two channels of one length, checked and trimmed.
    fn new(mut channels: Vec<Vec<f32>>, rate: u32) -> Result<Self, Error> {
        if channels[0].is_empty() {
            return Err(Error::invalid("length", "at least one sample", "none"));
        }
        if let Some(x) = channels.iter().flatten().find(|x| !(-LOUDEST..=LOUDEST).contains(*x)) {
            return Err(Error::invalid("samples", format!("−{LOUDEST} to {LOUDEST}"), x));
        }
        let peak = channels.iter().flatten().fold(0.0, |peak: f32, x| peak.max(x.abs()));
        if peak < SILENCE {
            return Err(Error::invalid("samples", "sound", "silence"));
        }
        let waiting = |x: &Vec<f32>| x.iter().take_while(|x| x.abs() < START * peak).count();
        let skipped = channels.iter().map(waiting).min().unwrap_or(0);
        channels.iter_mut().for_each(|channel| drop(channel.drain(..skipped)));
        let mut impulse = Self { channels, rate, skipped };
        impulse.trim_end();
        Ok(impulse)
    }

    /// The samples of the one or two channels.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.channels.iter().map(Vec::as_slice)
    }

    /// In Hz.
    pub fn sample_rate(&self) -> f32 {
        self.rate as f32
    }

    /// How long it is, without what was left out.
    pub fn seconds(&self) -> f32 {
        self.channels[0].len() as f32 / self.rate as f32
    }

    /// How many samples of the file, at the file's rate, came before the first.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The same response for a signal of `rate` Hz, rounded to a whole number
    /// and at most 768 kHz.
    ///
    /// Its gain and its delay are the same at all frequencies up to 0.85 times
    /// the lower of the two Nyquist frequencies, within 0.05 dB and 0.01 samples
    /// to a higher rate and 0.1 dB and 0.05 samples to a lower one, even if it
    /// begins at once with its peak. Allocates; not real-time safe.
    pub fn at(&self, rate: f32) -> Self {
        let rate = (rate.round() as u32).clamp(*RATES.start(), *RATES.end());
        if rate == self.rate {
            return self.clone();
        }
        let resampled = |x: &Vec<f32>| rate::resample(x, self.rate as usize, rate as usize);
        let channels = self.channels.iter().map(resampled).collect();
        let mut impulse = Self { channels, rate, skipped: self.skipped };
        impulse.trim_end();
        impulse
    }

    /// The factor that makes responses equally loud: with it, pink noise from
    /// 80 Hz to 5 kHz, where a guitar's energy lies, keeps its power:
    ///
    /// `1 / √( Σ |H(f)|²/f / Σ 1/f )`, over the frequencies of a transform of at
    /// least the response's length and an eighth of a second. Of two channels
    /// the mean power counts. Never beyond ±40 dB. Allocates.
    pub fn gain_to_normalize(&self) -> f32 {
        let rate = f64::from(self.rate);
        let n = self.channels[0].len().max(self.rate as usize / 8).next_power_of_two();
        let forward = RealFftPlanner::<f64>::new().plan_fft_forward(n);
        let (mut time, mut bins) = (forward.make_input_vec(), forward.make_output_vec());
        let (mut power, mut weights) = (0.0, 0.0);
        for channel in &self.channels {
            time.fill(0.0);
            time.iter_mut().zip(channel).for_each(|(t, x)| *t = f64::from(*x));
            let done = forward.process(&mut time, &mut bins);
            debug_assert!(done.is_ok(), "the plan made these buffers");
            for (k, bin) in bins.iter().enumerate() {
                let f = k as f64 * rate / n as f64;
                if BAND.contains(&f) {
                    power += bin.norm_sqr() / f;
                    weights += 1.0 / f;
                }
            }
        }
        (weights / power).sqrt().clamp(MAX_GAIN.recip(), MAX_GAIN) as f32
    }

    /// Of channels that are as they should be.
    #[cfg(test)]
    pub(crate) fn of(channels: Vec<Vec<f32>>, rate: u32) -> Self {
        Self { channels, rate, skipped: 0 }
    }

    /// The mean of the channels.
    pub(crate) fn mean(&self) -> Vec<f32> {
        match self.channels.as_slice() {
            [left, right] => left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect(),
            one => one.concat(),
        }
    }

    /// Fades out what follows when nearly all energy is over.
    fn trim_end(&mut self) {
        let power = |i: usize| -> f64 {
            self.channels.iter().map(|channel| f64::from(channel[i]).powi(2)).sum()
        };
        let length = self.channels[0].len();
        let total: f64 = (0..length).map(power).sum();
        let (mut end, mut rest) = (length, 0.0);
        while end > 1 {
            rest += power(end - 1);
            if rest > REST * total {
                break;
            }
            end -= 1;
        }
        // The fade lies behind the end, so it takes nothing from what is kept.
        let fade = (length - end).min((FADE * self.rate as f32) as usize);
        for channel in &mut self.channels {
            channel.truncate(end + fade);
            for (i, x) in channel[end..].iter_mut().enumerate() {
                *x *= 1.0 - (i + 1) as f32 / (fade + 1) as f32;
            }
        }
    }
}

#[cfg(test)]
#[path = "impulse_tests.rs"]
mod tests;
