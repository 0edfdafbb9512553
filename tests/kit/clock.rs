//! The clock that tests and benches measure with.
#![allow(dead_code, reason = "each test or bench uses a part")]
#![allow(unreachable_pub, reason = "a module of test binaries, public in spirit")]

use std::time::Duration;

/// Processor time of this thread, which other programs do not disturb as they
/// disturb the wall clock.
pub fn thread_time() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
    }
    #[cfg(not(unix))]
    {
        use std::{sync::OnceLock, time::Instant};
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}
