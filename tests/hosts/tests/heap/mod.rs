//! Counts heap calls from outside: the program defines `malloc` and its kin, and
//! the loader binds the plugin's calls to them, as it would to a profiler's. Not a
//! word of the plugin has to be built for it.
#![allow(unsafe_code, reason = "taking the place of the C heap is nothing but raw pointers")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use hosts::clap::Player;

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
pub(crate) fn heap_calls(f: impl FnOnce()) -> usize {
    CALLS.set(0);
    WATCHED.set(true);
    f();
    WATCHED.set(false);
    CALLS.get()
}

/// Counts the heap calls of the plugin's `process` from now on, on this thread.
pub(crate) fn watch(player: &mut Player) {
    CALLS.set(0);
    player.around = (|| WATCHED.set(true), || WATCHED.set(false));
}

/// How often a [watched](watch) `process` called the heap since the last call.
pub(crate) fn calls() -> usize {
    CALLS.replace(0)
}
