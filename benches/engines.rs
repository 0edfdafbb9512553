//! `cargo bench --bench engines`: every architecture at every block length,
//! ours and `nam-rs`, with criterion's history of regressions. `ratios` is the
//! quicker overview.

mod common;

use std::time::Duration;

use common::{BLOCKS, thread_time};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput};

/// Processor time of the thread, shown as wall time is.
struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        thread_time()
    }

    fn end(&self, start: Duration) -> Duration {
        thread_time() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Samples of one iteration.
const SAMPLES: usize = 512;

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(ThreadTime)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(10)
        .configure_from_args();
    let input = common::signal(SAMPLES);
    for (name, json) in common::models::official() {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(SAMPLES as u64));
        for (who, subject) in [("kiln", common::ours as fn(&str) -> _), ("nam-rs", common::nam_rs)]
        {
            let Ok(mut process) = subject(&json) else {
                eprintln!("{name}: {who} does not run it");
                continue;
            };
            for block in BLOCKS {
                group.bench_function(BenchmarkId::new(who, block), |b| {
                    let mut io = input.clone();
                    b.iter(|| {
                        io.copy_from_slice(&input);
                        io.chunks_mut(block).for_each(&mut *process);
                    });
                });
            }
        }
        group.finish();
    }
    criterion.final_summary();
}
