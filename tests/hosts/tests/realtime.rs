//! The plugin's `process` never calls the heap. Counted from outside: this program
//! defines `malloc` and its kin, and the loader binds the plugin's calls to them,
//! as it would to a profiler's. Not a word of the plugin has to be built for it.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(unsafe_code, reason = "taking the place of the C heap is nothing but raw pointers")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::path::Path;

use hosts::clap::{Change, Plugin};
use hosts::signal::guitar;
use hosts::{clap_amp, parameter, state_with};

thread_local! {
    /// Whether this thread is inside `process`, and how often it called the heap there.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn note() {
    if WATCHED.get() {
        CALLS.set(CALLS.get() + 1);
    }
}

// glibc's own heap, by the names it keeps for those who replace the others.
unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    fn __libc_free(old: *mut c_void);
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    note();
    // SAFETY: passed on unchanged, as in all of these.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    note();
    // SAFETY: see `malloc`.
    unsafe { __libc_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    note();
    // SAFETY: see `malloc`.
    unsafe { __libc_realloc(old, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(old: *mut c_void) {
    note();
    // SAFETY: see `malloc`.
    unsafe { __libc_free(old) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    note();
    // SAFETY: see `malloc`.
    unsafe { __libc_memalign(align, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    const OUT_OF_MEMORY: c_int = 12;
    note();
    // SAFETY: see `malloc`; the caller vouches for `place`.
    unsafe {
        *place = __libc_memalign(align, size);
        if (*place).is_null() { OUT_OF_MEMORY } else { 0 }
    }
}

/// How often `f` called the heap on this thread.
fn heap_calls(f: impl FnOnce()) -> usize {
    CALLS.set(0);
    WATCHED.set(true);
    f();
    WATCHED.set(false);
    CALLS.get()
}

fn open() -> Plugin {
    clap_amp().open().expect("an instance")
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn the_counter_sees_the_plugin() {
    let mut plugin = open();
    let mut state = Vec::with_capacity(1 << 20);
    let host_only = heap_calls(|| state.push(0));
    assert_eq!(host_only, 0, "something else is counted");
    // Saving builds JSON inside the plugin; our own buffer grows by very few calls.
    let saving = heap_calls(|| state = plugin.save().expect("a state"));
    assert!(saving > 20, "the plugin saved its state with {saving} heap calls");
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn process_never_calls_the_heap() {
    let mut plugin = open();
    let input = guitar(48_000.0, 0.05);
    let other = Path::new("../../assets/kiln-crunch.nam").canonicalize().expect("a model");
    let all = [("input", 0.8), ("output", 0.3), ("quality", 0.3), ("bypass", 1.0)];
    for rate in [44_100.0, 48_000.0, 192_000.0] {
        let mut player = plugin.activate([2, 2], rate, 4096).expect("to activate");
        player.around = (|| WATCHED.set(true), || WATCHED.set(false));
        CALLS.set(0);
        for cuts in [&[1][..], &[64], &[333], &[4096, 5]] {
            // The model is replaced, faded and handed back while every parameter moves.
            plugin.restore(&state_with(&other, 0.0, 0.0)).expect("our state");
            let changes: Vec<Change> = (0..40)
                .map(|i| {
                    let (name, value) = all[i % 4];
                    let value = if i % 8 < 4 { value } else { 1.0 - value };
                    Change { at: 50 * i, parameter: parameter(name), value }
                })
                .collect();
            player.render(&[input.clone(), input.clone()], cuts, &changes);
            plugin.idle();
        }
        player.reset();
        player.render(&[input.clone(), input.clone()], &[128], &[]);
        assert_eq!(CALLS.get(), 0, "heap calls in `process` at {rate} Hz");
        plugin.deactivate(player);
    }
}
