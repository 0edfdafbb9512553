//! How long a network takes here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use cpu::denormal::FlushDenormals;

use crate::worker::build;
use crate::{Error, Network, Source};

/// Inferences that are run before time is taken: the first ones fill caches.
const WARM_UP: usize = 3;

/// Inferences of which the times are taken, half on silence and half on noise.
const MEASURED: usize = 64;

/// Time after which no further inference is begun. Three are always measured.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
const LEAST: usize = 3;

/// The first step of [`Measured::budget`]; each further one is the square root of two
/// times as long.
const STEP: Duration = Duration::from_micros(250);

/// Times of inferences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Their mean.
    pub mean: Duration,
    /// The time that half of them stay below.
    pub median: Duration,
    /// The time that nine of ten stay below.
    pub p90: Duration,
    /// The longest.
    pub peak: Duration,
}

impl Measured {
    /// The time to count with for an inference: twice what nine of ten take or three times
    /// what half of them do, whichever is more, or `least`, if that is more still.
    ///
    /// One inference that the system held up changes neither, and the sum is rounded up to
    /// a coarse step, so that a model mostly gets the same when it is loaded again while
    /// the machine is busier.
    pub fn budget(&self, least: Duration) -> Duration {
        let time = self.p90.saturating_mul(2).max(self.median.saturating_mul(3));
        stepped(time).max(least)
    }
}

/// The next time upwards that is 250 us times a power of the square root of two.
fn stepped(time: Duration) -> Duration {
    if time <= STEP {
        return STEP;
    }
    let steps = (2.0 * (time.as_secs_f64() / STEP.as_secs_f64()).log2()).ceil();
    let up = STEP.as_secs_f64() * (steps / 2.0).exp2();
    // What no clock can count stays as it is.
    Duration::try_from_secs_f64(up).unwrap_or(time).max(time)
}

/// Builds a network of `source` and runs it for up to about a second. For a thread that
/// loads, while nothing else of weight is done.
///
/// # Errors
/// If the network cannot be built or fails.
pub fn measure(source: &dyn Source) -> Result<Measured, Error> {
    let mut result = Err(Error::Network("The runtime has not run it.".into()));
    let mut work = || {
        result = build(source)
            .map_err(Error::Network)
            .and_then(|mut network| measure_network(&mut *network));
    };
    let hosted = catch_unwind(AssertUnwindSafe(|| source.host(&mut work)));
    hosted.map_err(|_| Error::Network("The runtime of the network failed.".into()))?;
    result
}

/// [`measure`], of a network that is built, on the thread where it lives.
///
/// # Errors
/// If the network fails.
pub fn measure_network(network: &mut dyn Network) -> Result<Measured, Error> {
    let _flush = FlushDenormals::enter();
    let mut hop = vec![0.0; network.hop()];
    let mut times = Vec::with_capacity(MEASURED);
    let begun = Instant::now();
    // The same noise every time.
    let mut state = 0x9e37_79b9_u32;
    for index in 0..WARM_UP + MEASURED {
        let noise = index % 2 == 1;
        hop.fill_with(|| if noise { random(&mut state) } else { 0.0 });
        let start = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| network.run(&mut hop)));
        times.extend((index >= WARM_UP).then(|| start.elapsed()));
        match ran {
            Ok(Ok(())) if hop.iter().all(|y| y.is_finite()) => {}
            Ok(Ok(())) => return Err(Error::Network("its output is no number".into())),
            Ok(Err(reason)) => return Err(Error::Network(reason)),
            Err(_) => return Err(Error::Network("it panicked".into())),
        }
        if begun.elapsed() > LONG_ENOUGH && times.len() >= LEAST {
            break;
        }
    }
    Ok(summary(times))
}

fn summary(mut times: Vec<Duration>) -> Measured {
    times.sort_unstable();
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
    let at = |rank: usize| times.get(rank.saturating_sub(1)).copied().unwrap_or_default();
    Measured {
        mean: times.iter().sum::<Duration>() / count,
        median: at(times.len().div_ceil(2)),
        p90: at((times.len() * 9).div_ceil(10)),
        peak: at(times.len()),
    }
}

/// Noise of half full scale.
fn random(state: &mut u32) -> f32 {
    // Xorshift, G. Marsaglia, Journal of Statistical Software 8(14), 2003.
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state as f32 / u32::MAX as f32 - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl Iterator<Item = u64>) -> Measured {
        summary(times.map(Duration::from_micros).collect())
    }

    #[test]
    fn a_budget_stands_although_the_machine_is_busier() {
        let quiet = of((0..64).map(|i| 280 + i));
        // Six inferences are held up.
        let busy = of((0..64).map(|i| if i % 11 == 5 { 20_000 } else { 285 + i }));
        assert_eq!(busy.peak, Duration::from_millis(20));
        assert_eq!(quiet.budget(Duration::ZERO), busy.budget(Duration::ZERO));
        assert_eq!(quiet.budget(Duration::ZERO), Duration::from_millis(1));
    }

    #[test]
    fn steps_are_never_less_and_at_most_half_again() {
        for us in (0..200_000).step_by(37) {
            let time = Duration::from_micros(us);
            let up = stepped(time);
            assert!(up >= time && up.as_secs_f64() <= (1.415 * time.as_secs_f64()).max(251e-6));
        }
        assert_eq!(stepped(Duration::MAX), Duration::MAX);
        assert_eq!(Measured::default().budget(Duration::ZERO), STEP);
    }
}
