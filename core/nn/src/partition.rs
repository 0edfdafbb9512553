//! Uniformly partitioned convolution in the frequency domain: the part of a
//! response that may come late.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x16, prelude::*};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::BLOCK;

/// Bins that are multiplied together, all partitions of them in sequence, so
/// that the sums stay in registers and memory is read straight through.
const TILE: usize = 32;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Tile {
    re: [f32; TILE],
    im: [f32; TILE],
}

impl Tile {
    const ZERO: Self = Self { re: [0.0; TILE], im: [0.0; TILE] };
}

/// Spectra of blocks of `size` samples, each taken over twice as many.
///
/// The highest bin is real and kept apart, so the others fill whole tiles.
#[derive(Clone)]
struct Bank {
    count: usize,
    tiles: Vec<Tile>,  // tile of bins × spectrum
    highest: Vec<f32>, // spectrum
}

impl Bank {
    fn new(size: usize, count: usize) -> Self {
        let tiles = vec![Tile::ZERO; size / TILE * count];
        Self { count, tiles, highest: vec![0.0; count] }
    }

    fn clear(&mut self) {
        self.tiles.fill(Tile::ZERO);
        self.highest.fill(0.0);
    }

    /// Stores `bins`, one more than the size of a block, as spectrum `i`.
    fn set(&mut self, i: usize, bins: &[Complex<f32>]) {
        for (tiles, bins) in self.tiles.chunks_mut(self.count).zip(bins.chunks(TILE)) {
            for (lane, bin) in bins.iter().enumerate() {
                tiles[i].re[lane] = bin.re;
                tiles[i].im[lane] = bin.im;
            }
        }
        self.highest[i] = bins[bins.len() - 1].re;
    }
}

/// The spectra of a stretch of impulse response, and how to make more.
pub(crate) struct Spectra {
    size: usize, // taps of a partition
    bank: Bank,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl Spectra {
    /// Cuts `taps`, which must not be empty, into partitions of `size`, a
    /// multiple of [`BLOCK`].
    ///
    /// For [`Stage::output`] to come in time, the first of the taps must be
    /// number `size` of the whole response if `size` is one block, and number
    /// `2 × size` if it is more.
    pub(crate) fn new(size: usize, taps: &[f32]) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(2 * size);
        let inverse = planner.plan_fft_inverse(2 * size);
        let mut bank = Bank::new(size, taps.len().div_ceil(size));
        let (mut bins, mut scratch) = (forward.make_output_vec(), forward.make_scratch_vec());
        for (i, taps) in taps.chunks(size).enumerate() {
            // The transforms there and back leave a factor of their length.
            let scale = 0.5 / size as f32;
            let mut time = vec![0.0; 2 * size];
            time.iter_mut().zip(taps).for_each(|(t, tap)| *t = scale * tap);
            let done = forward.process_with_scratch(&mut time, &mut bins, &mut scratch);
            debug_assert!(done.is_ok(), "the plan made these buffers");
            bank.set(i, &bins);
        }
        Self { size, bank, forward, inverse }
    }

    /// Samples of silence after which a [`Stage`] holds nothing but zeros: those
    /// of all partitions, of one that the oldest began in, of one in which the
    /// product is made, of one in which it plays, and of one still coming in.
    pub(crate) fn memory(&self) -> usize {
        (self.bank.count + 4) * self.size
    }

    /// Blocks over which a partition's work is spread.
    fn steps(&self) -> usize {
        self.size / BLOCK
    }
}

/// The running state for one [`Spectra`].
#[derive(Clone)]
pub(crate) struct Stage {
    window: Vec<f32>, // the last `size` samples before, then those of the present partition
    filled: usize,    // samples of the present partition, a multiple of BLOCK
    bank: Bank,       // spectra of past input
    newest: usize,    // in `bank`, older ones following around the end
    product: Bank,    // one spectrum
    ready: Vec<f32>,  // output for the present partition
    next: Vec<f32>,   // output being computed
    time: Vec<f32>,   // 2 × size
    bins: Vec<Complex<f32>>, // size + 1
    scratch: Vec<Complex<f32>>,
}

impl Stage {
    pub(crate) fn new(spectra: &Spectra) -> Self {
        let size = spectra.size;
        let scratch = spectra.forward.get_scratch_len().max(spectra.inverse.get_scratch_len());
        Self {
            window: vec![0.0; 2 * size],
            filled: 0,
            bank: Bank::new(size, spectra.bank.count),
            newest: 0,
            product: Bank::new(size, 1),
            ready: vec![0.0; size],
            next: vec![0.0; size],
            time: vec![0.0; 2 * size],
            bins: vec![Complex::default(); size + 1],
            scratch: vec![Complex::default(); scratch],
        }
    }

    pub(crate) fn reset(&mut self) {
        self.window.fill(0.0);
        self.filled = 0;
        self.bank.clear();
        self.newest = 0;
        self.product.clear();
        self.ready.fill(0.0);
    }

    /// Passes `blocks` of silence while all is silent. Which spectrum is the
    /// newest matters only between sounds, for sums begin with it.
    pub(crate) fn skip(&mut self, blocks: usize) {
        let size = self.ready.len();
        self.filled = (self.filled + blocks % (size / BLOCK) * BLOCK) % size;
    }

    /// What to add from sample `phase` of the present block on.
    pub(crate) fn output(&self, phase: usize) -> &[f32] {
        &self.ready[self.filled + phase..]
    }

    /// Takes the block that just ended, and does a block's share of the work.
    ///
    /// One block to a partition: its result is ready for the next. Several:
    /// while a partition comes in, the product of those before it is made, and
    /// is played during the next.
    pub(crate) fn push(&mut self, level: Level, spectra: &Spectra, block: &[f32]) {
        let (size, steps) = (spectra.size, spectra.steps());
        self.window[size + self.filled..][..BLOCK].copy_from_slice(block);
        self.filled += BLOCK;
        let step = self.filled / BLOCK;
        if steps == 1 {
            self.transform(spectra);
            self.multiply(level, spectra, 0, size / TILE);
            self.transform_back(spectra);
        } else if step < steps {
            let share = (size / TILE).div_ceil(steps - 1);
            self.multiply(level, spectra, (step - 1) * share, step * share);
            if step == steps - 1 {
                self.transform_back(spectra);
            }
        }
        if step == steps {
            self.filled = 0;
            std::mem::swap(&mut self.ready, &mut self.next);
            if steps > 1 {
                self.transform(spectra);
            }
        }
    }

    /// Adds the spectrum of the partition that just ended.
    fn transform(&mut self, spectra: &Spectra) {
        self.time.copy_from_slice(&self.window);
        self.window.copy_within(spectra.size.., 0);
        let n = spectra.forward.get_scratch_len();
        let done = spectra.forward.process_with_scratch(
            &mut self.time,
            &mut self.bins,
            &mut self.scratch[..n],
        );
        debug_assert!(done.is_ok(), "buffers have the lengths of the plan");
        self.newest = if self.newest == 0 { self.bank.count } else { self.newest } - 1;
        self.bank.set(self.newest, &self.bins);
    }

    /// Multiplies tiles `from..to` of all partitions, as far as there are any.
    fn multiply(&mut self, level: Level, spectra: &Spectra, from: usize, to: usize) {
        let count = self.bank.count;
        let response = spectra.bank.tiles.chunks_exact(count);
        let tiles = self.bank.tiles.chunks_exact(count).zip(response).zip(&mut self.product.tiles);
        for ((x, h), product) in tiles.take(to).skip(from) {
            *product = dispatch!(level, simd => product_of(simd, x, h, self.newest));
        }
        if from == 0 {
            let (last, first) = self.bank.highest.split_at(self.newest);
            let x = first.iter().chain(last);
            self.product.highest[0] = x.zip(&spectra.bank.highest).map(|(x, h)| x * h).sum();
        }
    }

    /// Turns the product into the next output.
    fn transform_back(&mut self, spectra: &Spectra) {
        let size = spectra.size;
        for (bins, tile) in self.bins.chunks_mut(TILE).zip(&self.product.tiles) {
            for ((bin, re), im) in bins.iter_mut().zip(&tile.re).zip(&tile.im) {
                *bin = Complex::new(*re, *im);
            }
        }
        self.bins[0].im = 0.0;
        self.bins[size] = Complex::new(self.product.highest[0], 0.0);
        let n = spectra.inverse.get_scratch_len();
        let done = spectra.inverse.process_with_scratch(
            &mut self.bins,
            &mut self.time,
            &mut self.scratch[..n],
        );
        debug_assert!(done.is_ok(), "buffers have the lengths of the plan");
        self.next.copy_from_slice(&self.time[size..]);
    }
}

/// The sum of products of the same bins of all spectra: of `x` from `newest` on
/// and around, of `h` from the start.
#[inline(always)]
fn product_of<S: Simd>(simd: S, x: &[Tile], h: &[Tile], newest: usize) -> Tile {
    let load = |v: &[f32; TILE]| {
        let (halves, _) = v.as_chunks::<16>();
        [f32x16::load_array_ref(simd, &halves[0]), f32x16::load_array_ref(simd, &halves[1])]
    };
    let (mut re, mut im) = ([f32x16::splat(simd, 0.0); 2], [f32x16::splat(simd, 0.0); 2]);
    let (last, first) = x.split_at(newest);
    let (h_first, h_last) = h.split_at(first.len());
    for (x, h) in [(first, h_first), (last, h_last)] {
        for (x, h) in x.iter().zip(h) {
            let (xr, xi, hr, hi) = (load(&x.re), load(&x.im), load(&h.re), load(&h.im));
            for i in 0..2 {
                re[i] = xr[i].mul_add(hr[i], (-xi[i]).mul_add(hi[i], re[i]));
                im[i] = xr[i].mul_add(hi[i], xi[i].mul_add(hr[i], im[i]));
            }
        }
    }
    let mut product = Tile::ZERO;
    for i in 0..2 {
        re[i].store_slice(&mut product.re[16 * i..][..16]);
        im[i].store_slice(&mut product.im[16 * i..][..16]);
    }
    product
}
