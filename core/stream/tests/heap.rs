//! The audio thread of a host: no call of the heap, whatever its network does.
#![allow(unsafe_code, reason = "a counting allocator cannot be written without it")]

mod kit;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use kit::{Does, Play, impatient, live, report, until};
use nn::{Blocks, Engine};

struct Counting;
thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

// SAFETY: forwards to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOC: Counting = Counting;

fn calls(f: impl FnOnce()) -> usize {
    let before = CALLS.with(Cell::get);
    f();
    CALLS.with(Cell::get) - before
}

#[test]
fn the_count_counts() {
    assert_eq!(calls(|| drop(std::hint::black_box(Box::new(1)))), 2);
}

#[test]
fn no_call_of_the_heap() {
    // Stalls, failures of all kinds, new networks, and one that never returns.
    let does = |run, number| match (number, run % 16) {
        (1, 12) => Does::Hang,
        (_, 3) => Does::Late(Duration::from_millis(5)),
        (_, 5) => Does::Nan,
        (_, 7) => Does::Error,
        (0, 9..) => Does::Panic,
        _ => Does::Well,
    };
    let play = Arc::new(Play { does, ..Play::default() });
    let mut host = impatient(&play, &live(Blocks::Fixed(256)));
    let mut io = [0.0_f32; 256];
    let (mut heap, mut rounds) = (0, 0);
    until(|| {
        for block in 0..400 {
            io.fill(0.5);
            heap += calls(|| host.process(&mut io));
            if block % 100 == 99 && rounds % 10 == 9 {
                heap += calls(|| host.reset());
            }
            // So that it is now and then in time, and sleeps now and then.
            thread::sleep(Duration::from_micros(20));
        }
        rounds += 1;
        let told = report(&host);
        play.built.load(Ordering::SeqCst) >= 3 && told.errors > 0 && told.inferences > 100
    });
    assert_eq!(heap, 0);
    play.gate.open();
}
