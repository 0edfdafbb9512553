//! What every processor owes the audio thread, as one check: no heap, a result
//! that does not depend on how the host cuts the signal, `reset` equal to
//! fresh, and only finite, normal numbers out.
#![allow(dead_code, reason = "each test binary uses a part of the kit")]
#![allow(unreachable_pub, reason = "a module of test binaries, public in spirit")]

pub mod clock;
pub mod graphs;
pub mod heap;
pub mod models;

pub use heap::{heap_calls, peak_bytes};

/// The model files of ours, in order.
pub fn fixtures() -> Vec<std::path::PathBuf> {
    files("tests/data/nam", "nam")
}

/// The small networks of every format.
pub fn small() -> Vec<std::path::PathBuf> {
    let mut files = files("tests/data/drive", "json");
    files.retain(|path| !path.ends_with("index.json"));
    files
}

fn files(folder: &str, extension: &str) -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// A plucked, decaying signal with silence at both ends, peak 0.5.
pub fn signal(n: usize) -> Vec<f32> {
    let mut seed = 1u32;
    (0..n)
        .map(|i| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = seed as f32 / u32::MAX as f32 - 0.5;
            let t = (i % 2000) as f32;
            let on = if i < n / 10 || i > n * 9 / 10 { 0.0 } else { (-t / 700.0).exp() };
            on * (0.4 * (i as f32 * 0.031).sin() + 0.1 * noise)
        })
        .collect()
}

/// The largest step of each `span` of samples, as a share of the peak around it.
pub fn steps(io: &[f32], span: usize) -> Vec<f32> {
    const CELL: usize = 500;
    let peak = |part: &[f32]| part.iter().fold(1e-4_f32, |peak, x| peak.max(x.abs()));
    let peaks: Vec<f32> = io.chunks(CELL).map(peak).collect();
    let around = |cell: usize| {
        // The loud parts of a fade are in reach of its quiet ones.
        peaks[cell.saturating_sub(2)..(cell + 3).min(peaks.len())]
            .iter()
            .fold(0.0, |a: f32, b| a.max(*b))
    };
    let cells = io.chunks(CELL).enumerate().map(|(i, cell)| {
        let before = if i == 0 { cell[0] } else { io[i * CELL - 1] };
        let (step, _) = cell
            .iter()
            .fold((0.0_f32, before), |(step, before), x| (step.max((x - before).abs()), *x));
        step / around(i)
    });
    let cells: Vec<f32> = cells.collect();
    cells.chunks(span / CELL).map(|span| span.iter().fold(0.0, |a: f32, b| a.max(*b))).collect()
}

/// Runs the whole contract over anything that processes a block.
pub fn conforms<P>(
    name: &str,
    make: impl Fn() -> P,
    process: impl Fn(&mut P, &mut [f32]),
    reset: impl Fn(&mut P),
) {
    let input = signal(3000);

    let mut whole = input.clone();
    let mut p = make();
    assert_eq!(heap_calls(|| process(&mut p, &mut whole)), 0, "{name}: process uses the heap");
    assert_eq!(heap_calls(|| reset(&mut p)), 0, "{name}: reset uses the heap");
    for (i, y) in whole.iter().enumerate() {
        assert!(y.is_finite() && !y.is_subnormal(), "{name}: sample {i} is {y:e}");
    }

    for cut in [1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 64, 65, 333] {
        reset(&mut p);
        let mut parts = input.clone();
        parts.chunks_mut(cut).for_each(|part| process(&mut p, part));
        let differs = parts.iter().zip(&whole).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(differs, None, "{name}: cut into {cut}s after a reset the output differs");
    }
}
