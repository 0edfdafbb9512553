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

/// Time after which no further inference is begun. Ten are always run.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
const LEAST: usize = 10;

/// Times of inferences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Their mean.
    pub mean: Duration,
    /// The time that 99 of 100 stay below.
    pub p99: Duration,
    /// The longest.
    pub peak: Duration,
}

impl Measured {
    /// The time to count with for an inference: half again what 99 of 100 take, or
    /// `least`, if that is more.
    pub fn budget(&self, least: Duration) -> Duration {
        (self.p99 + self.p99 / 2).max(least)
    }
}

/// Builds a network of `source` and runs it for up to about a second. For a thread that
/// loads, while nothing else of weight is done.
///
/// # Errors
/// If the network cannot be built or fails.
pub fn measure(source: &dyn Source) -> Result<Measured, Error> {
    let mut result = Err(Error::Network("The runtime has not run it.".into()));
    let mut work = || {
        let _flush = FlushDenormals::enter();
        result = build(source).map_err(Error::Network).and_then(|mut network| take(&mut *network));
    };
    let hosted = catch_unwind(AssertUnwindSafe(|| source.host(&mut work)));
    hosted.map_err(|_| Error::Network("The runtime of the network failed.".into()))?;
    result
}

fn take(network: &mut dyn Network) -> Result<Measured, Error> {
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
        p99: at((times.len() * 99).div_ceil(100)),
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
