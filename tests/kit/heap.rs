//! An allocator that counts what each thread asks of it.
#![allow(unsafe_code, reason = "a counting allocator cannot be written without it")]
#![allow(dead_code, reason = "each user takes a part")]
#![allow(unreachable_pub, reason = "a module of tests and benches, public in spirit")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;
thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Bytes this thread holds more than it has freed, and the most it ever did.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    CALLS.with(|c| c.set(c.get() + 1));
    let held = HELD.with(|h| {
        h.set(h.get() + bytes);
        h.get()
    });
    PEAK.with(|p| p.set(p.get().max(held)));
}

// SAFETY: forwards to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOC: Counting = Counting;

/// Heap calls of this thread while `f` runs.
pub fn heap_calls(f: impl FnOnce()) -> usize {
    let before = CALLS.with(Cell::get);
    f();
    CALLS.with(Cell::get) - before
}

/// The most bytes this thread holds at any moment of `f` beyond what it held before.
pub fn peak_bytes(f: impl FnOnce()) -> usize {
    let before = HELD.with(Cell::get);
    PEAK.with(|p| p.set(before));
    f();
    PEAK.with(Cell::get).saturating_sub(before).max(0) as usize
}
