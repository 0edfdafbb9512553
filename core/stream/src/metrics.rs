//! What is counted while a network plays. Every thread may count and read: each number
//! is an atomic of its own, so a reading may fall between two that belong together.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Parts of an octave of times, so that a quantile is known to an eighth.
const PARTS: u32 = 8;

/// From 1 ns to 18 minutes; whatever takes longer counts as that.
const OCTAVES: u32 = 40;

const BUCKETS: usize = (OCTAVES * PARTS) as usize;

/// Times of inferences, by their logarithm.
struct Histogram([AtomicU64; BUCKETS]);

/// Counts of one host. Real-time safe, all of it.
pub(crate) struct Metrics {
    times: Histogram,
    nanoseconds: AtomicU64,
    inferences: AtomicU64,
    peak: AtomicU64,
    over_budget: AtomicU64,
    pub(crate) underruns: Counter,
    pub(crate) lost: Counter,
    pub(crate) errors: Counter,
    /// Workers that took the place of one that was stuck or gone.
    pub(crate) restarts: Counter,
}

/// Something that is counted.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// What the times of inferences come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) inferences: u64,
    pub(crate) over_budget: u64,
    pub(crate) mean: Duration,
    pub(crate) p99: Duration,
    pub(crate) peak: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            times: Histogram(array::from_fn(|_| AtomicU64::new(0))),
            nanoseconds: AtomicU64::new(0),
            inferences: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            over_budget: AtomicU64::new(0),
            underruns: Counter::default(),
            lost: Counter::default(),
            errors: Counter::default(),
            restarts: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts an inference that took `time` where `budget` was allowed, which is nought
    /// where any time is.
    pub(crate) fn ran(&self, time: Duration, budget: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.times.0[bucket(nanoseconds)].fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
        self.peak.fetch_max(nanoseconds, Relaxed);
        self.over_budget.fetch_add(u64::from(!budget.is_zero() && time > budget), Relaxed);
        self.inferences.fetch_add(1, Relaxed);
    }

    /// Whether 99 of 100 inferences took no longer than they may.
    pub(crate) fn keeps_budget(&self) -> bool {
        let over = self.over_budget.load(Relaxed);
        over.saturating_mul(100) <= self.inferences.load(Relaxed)
    }

    pub(crate) fn times(&self) -> Times {
        let inferences = self.inferences.load(Relaxed);
        let peak = self.peak.load(Relaxed);
        let mean = self.nanoseconds.load(Relaxed).checked_div(inferences).unwrap_or(0);
        Times {
            inferences,
            over_budget: self.over_budget.load(Relaxed),
            mean: Duration::from_nanos(mean),
            p99: Duration::from_nanos(self.times.quantile(0.99).min(peak)),
            peak: Duration::from_nanos(peak),
        }
    }

    /// Forgets all but the restarts, which no reset undoes.
    pub(crate) fn clear(&self) {
        let numbers = [&self.nanoseconds, &self.inferences, &self.peak, &self.over_budget];
        self.times.0.iter().chain(numbers).for_each(|number| number.store(0, Relaxed));
        [&self.underruns, &self.lost, &self.errors].into_iter().for_each(Counter::clear);
    }
}

impl Histogram {
    /// The upper bound, in ns, of the bucket that holds the `share` quantile; 0 if empty.
    fn quantile(&self, share: f64) -> u64 {
        let counts = self.0.each_ref().map(|count| count.load(Relaxed));
        let all: u64 = counts.iter().sum();
        let rank = ((all as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        found.map_or(0, |index| lower(index + 1) - 1)
    }
}

/// The octave, then the linear part of it.
fn bucket(nanoseconds: u64) -> usize {
    let octave = nanoseconds.max(1).ilog2();
    let part = if octave < PARTS.ilog2() {
        (nanoseconds << (PARTS.ilog2() - octave)) % u64::from(PARTS)
    } else {
        (nanoseconds >> (octave - PARTS.ilog2())) % u64::from(PARTS)
    };
    ((octave * PARTS) as usize + part as usize).min(BUCKETS - 1)
}

/// The least time of a bucket, in ns, rounded up.
fn lower(index: usize) -> u64 {
    let (octave, part) = (index as u32 / PARTS, index as u64 % u64::from(PARTS));
    ((u64::from(PARTS) + part) << octave).div_ceil(u64::from(PARTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanoseconds: impl IntoIterator<Item = u64>) -> Metrics {
        let metrics = Metrics::default();
        for time in nanoseconds {
            metrics.ran(Duration::from_nanos(time), Duration::from_nanos(100));
        }
        metrics
    }

    #[test]
    fn every_time_lies_in_its_bucket() {
        for time in (1..5000).chain((0..39).map(|n| (1 << n) + 1)).chain([u64::MAX]) {
            let index = bucket(time);
            assert!(lower(index) <= time, "{time} in {index}");
            assert!(time < lower(index + 1) || index == BUCKETS - 1, "{time} in {index}");
        }
        assert_eq!(bucket(0), 0);
    }

    #[test]
    fn the_p99_is_known_to_an_eighth() {
        let times = of((0..1000).map(|n| 10_000 + 100 * n)).times();
        let exact = Duration::from_nanos(10_000 + 100 * 989);
        assert!(times.p99 >= exact && times.p99 <= exact.mul_f64(1.125), "{times:?}");
        assert_eq!(times.mean, Duration::from_nanos(59_950));
        assert_eq!(times.peak, Duration::from_nanos(109_900));
        assert_eq!((times.inferences, times.over_budget), (1000, 1000));
    }

    #[test]
    fn one_in_a_hundred_does_not_shape_the_p99() {
        let calm = of((0..99).map(|_| 50).chain([1_000_000])).times();
        assert!(calm.p99 < Duration::from_nanos(60), "{calm:?}");
        assert_eq!(calm.over_budget, 1);
        let rough = of((0..98).map(|_| 50).chain([1_000_000, 1_000_000]));
        assert!(of((0..99).map(|_| 50).chain([101])).keeps_budget() && !rough.keeps_budget());
        assert_eq!(rough.times().p99, Duration::from_millis(1));
    }

    #[test]
    fn a_cleared_count_is_as_new() {
        let metrics = of([5, 500]);
        metrics.lost.add(3);
        metrics.clear();
        assert_eq!(metrics.times(), Times::default());
        assert_eq!(metrics.lost.get(), 0);
    }
}
