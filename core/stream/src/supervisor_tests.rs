use std::sync::atomic::AtomicUsize;

use nn::foreign::Watch;

use super::*;
use crate::monitor::Monitor;
use crate::player::{Plan, Player};
use crate::{Network, Source};

/// Hangs in every inference until it may go on.
#[derive(Default)]
struct Hanging {
    may_go_on: AtomicBool,
    running: AtomicUsize,
}

struct Hung(Arc<Hanging>);

impl Network for Hung {
    fn hop(&self) -> usize {
        64
    }

    fn run(&mut self, _: &mut [f32]) -> Result<(), String> {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        while !self.0.may_go_on.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn reset(&mut self) {}
}

struct Hangs(Arc<Hanging>);

impl Source for Hangs {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        Ok(Box::new(Hung(self.0.clone())))
    }

    fn hop(&self) -> usize {
        64
    }

    fn memory(&self) -> usize {
        0
    }

    fn engine(&self) -> String {
        "test".into()
    }

    fn device(&self) -> String {
        "CPU".into()
    }
}

#[test]
fn workers_that_hang_are_replaced_but_not_without_end() {
    let hanging = Arc::<Hanging>::default();
    let source = Arc::new(Hangs(hanging.clone()));
    let monitor = Arc::new(Monitor::new(source.clone(), Duration::ZERO, Duration::ZERO));
    let mail = Arc::<Mail>::default();
    let strays = Arc::<AtomicUsize>::default();
    let job = Job {
        source,
        monitor: monitor.clone(),
        urgent: false,
        pause: Duration::from_millis(1),
        strays: strays.clone(),
    };
    let plan =
        Plan { lead: 128, ahead: 0, callback: 64, second: 48_000, silent: false, offline: false };
    let mut player = Player::new(mail.clone(), monitor.clone(), plan);
    let patience = Duration::from_secs(2);
    let keeper = Keeper::new(job, Sizes { hop: 64, lead: 128, spare: 48_000 }, mail, patience);
    let mut now = Instant::now();
    let wait_for = |done: &dyn Fn() -> bool, player: &mut Player| {
        while !done() {
            player.process(&mut [0.5; 64]);
            thread::sleep(Duration::from_millis(1));
        }
    };
    for worker in 1..=MOST_STRAYS {
        keeper.look(now);
        wait_for(&|| hanging.running.load(Ordering::SeqCst) == worker, &mut player);
        // It has begun; then it has not got on for just less than it may.
        keeper.look(now);
        now += patience - Duration::from_nanos(1);
        keeper.look(now);
        assert_eq!(strays.load(Ordering::SeqCst), worker - 1);
        now += Duration::from_nanos(1);
        keeper.look(now);
        assert_eq!(strays.load(Ordering::SeqCst), worker);
        assert_eq!(monitor.metrics.restarts.get(), worker as u64);
        // Past any pause.
        now += LONGEST_PAUSE;
    }
    // There is no fourth, and it says why.
    keeper.look(now);
    assert!(open(&keeper.state).worker.is_none());
    let told = format!("{:?}", monitor.report().state);
    assert!(told.contains("not answered"), "{told}");
    // Until one of them has come back.
    hanging.may_go_on.store(true, Ordering::SeqCst);
    wait_for(&|| strays.load(Ordering::SeqCst) == 0, &mut player);
    keeper.look(now);
    assert!(open(&keeper.state).worker.is_some());
    let before = monitor.metrics.times().inferences;
    wait_for(&|| monitor.metrics.times().inferences > before, &mut player);
    keeper.close();
}
